"""A conference whose participants are announced by name.

The caller is asked for the PIN, three times at most, and for his name, which is recorded. He
hears that he is number 3, say, and joins. The others hear "... has entered the conference", and
"... has left the conference" when he goes.

FreeSWITCH asks for a PIN itself if it is told one: ``channel.conference(ROOM, pin="4711")``. It
is asked for here so that it can be looked up elsewhere: one PIN for each person, say.

python examples/conference.py                          # serve it to FreeSWITCH on port 5000
eslsync call examples/conference.py --press '4711#'    # or call it, without any FreeSWITCH
"""

from contextlib import suppress

from eslsync import CommandError, Outbound, Session

ROOM = "3000"
PIN = "4711"
#: Where the names are kept while the call lasts: a folder that FreeSWITCH can write to.
NAMES = "/tmp"


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if not asked_for_pin(session):
        channel.playback("conference/conf-goodbye")
        channel.hangup()
        return
    name = f"{NAMES}/{session.uuid}.wav"
    channel.playback("voicemail/vm-record_name1")
    channel.record(name, limit=5, silence_threshold=200, silence_seconds=2, terminators="any")

    channel.playback("conference/conf-welcome")
    channel.playback("ivr/ivr-you_are_number")
    channel.say(str(participants(session) + 1))
    tell_the_others(session, name, "conference/conf-has_joined")
    try:
        channel.conference(ROOM)
    finally:  # the caller has hung up, as a rule; FreeSWITCH still takes commands
        tell_the_others(session, name, "conference/conf-has_left")
    channel.hangup()


def asked_for_pin(session: Session) -> bool:
    digits = session.channel.get_digits(
        "conference/conf-enter_conf_pin",
        max=10,
        terminators="#",
        tries=3,
        invalid="conference/conf-bad-pin",
        valid=lambda digits: digits == PIN,
    )
    return bool(digits)


def participants(session: Session) -> int:
    try:
        return int(session.api(f"conference {ROOM} count"))
    except CommandError:
        return 0  # the first one: there is no such conference yet


def tell_the_others(session: Session, *files: str) -> None:
    """Everybody in the room hears it; the caller doesn't, who is not in it (yet, or any more)."""
    with suppress(CommandError):  # nobody is there
        for file in files:
            session.api(f"conference {ROOM} play {file}")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
