"""A conference whose participants are announced by name.

The caller has three tries to enter the PIN, records their name, hears their number in the
conference, and joins. The others hear "... has entered the conference", and "... has left the
conference" when the caller leaves.

FreeSWITCH can ask for the PIN itself: ``channel.conference(ROOM, pin="4711")``. This program asks
instead, so that it could look the PIN up elsewhere, one for each person for example.

python examples/conference.py                          # serve it to FreeSWITCH on port 5000
eslsync call examples/conference.py --press '4711#'    # or call it, without FreeSWITCH
"""

from contextlib import suppress

from eslsync import CommandError, Outbound, Session

ROOM = "3000"
PIN = "4711"
#: Folder for the recorded names while the call lasts. FreeSWITCH must be able to write to it.
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
    finally:  # usually the caller has hung up; FreeSWITCH still accepts commands
        tell_the_others(session, name, "conference/conf-has_left")
    channel.hangup()


def asked_for_pin(session: Session) -> bool:
    digits = session.channel.get_digits(
        "conference/conf-enter_conf_pin",
        max=10,
        terminators="#",
        tries=3,
        invalid_file="conference/conf-bad-pin",
        valid=lambda digits: digits == PIN,
    )
    return bool(digits)


def participants(session: Session) -> int:
    try:
        return int(session.api(f"conference {ROOM} count"))
    except CommandError:
        return 0  # the caller is the first: the conference does not exist yet


def tell_the_others(session: Session, *files: str) -> None:
    """Play files to the room, in which the caller is not yet, or not any more."""
    with suppress(CommandError):  # the room is empty
        for file in files:
            session.api(f"conference {ROOM} play {file}")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
