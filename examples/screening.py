"""Call screening: the owner of the number hears who calls, and then decides.

The caller says his name, and hears music. The owner's phone rings. Who picks it up hears "you
have a call from ..." and the name, and may press 1 to take the call, 2 to reject it, or 3 to send
it to voicemail. The caller is then connected, told that nobody is available, or asked for a
message. Whoever presses nothing, doesn't pick up, or is busy, has not taken the call: that may
have been the voicemail of a mobile phone.

python examples/screening.py                          # serve it to FreeSWITCH
eslsync call --script examples/screening.call.yaml    # or call it, without any FreeSWITCH
"""

from typing import Literal

from eslsync import Channel, CommandError, Hangup, Outbound, Session

OWNER = "user/1000"
RING_SECONDS = 25.0
MUSIC = "local_stream://moh"
#: Where names and messages are kept: a folder that FreeSWITCH can write to.
RECORDINGS = "/tmp"

Decision = Literal["accept", "reject", "voicemail"]
KEYS: dict[str, Decision] = {"1": "accept", "2": "reject", "3": "voicemail"}


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    name = f"{RECORDINGS}/{session.uuid}-name.wav"
    channel.playback("voicemail/vm-record_name1")
    channel.record(name, limit=5, silence_threshold=200, silence_seconds=2, terminators="any")

    music = channel.playback(MUSIC, block=False)
    owner = call_owner(session)
    decision = ask(session, owner, name) if owner is not None else "reject"
    music.stop()

    if owner is not None and decision == "accept":
        channel.bridge(owner)
    elif decision == "voicemail":
        take_message(channel, f"{RECORDINGS}/{session.uuid}-message.wav")
    else:
        channel.playback("voicemail/vm-not_available_no_voicemail")
    channel.hangup()


def call_owner(session: Session) -> Channel | None:
    number = session.caller_number
    try:
        return session.originate(OWNER, ring_timeout=RING_SECONDS, caller_id_number=number)
    except CommandError as error:
        session.logger.info("%s: %s", OWNER, error.cause)
        return None


def ask(session: Session, owner: Channel, name: str) -> Decision:
    """What the owner wants done with the call."""
    try:
        owner.playback("ivr/ivr-call_from")
        owner.playback(name)
        key = owner.get_digits("ivr/ivr-accept_reject_voicemail", timeout=10.0, tries=2)
        decision = KEYS.get(key, "reject")
        if decision != "accept":
            owner.hangup()
        return decision
    except Hangup:
        if not session.channel.is_up:
            raise  # it was the caller
        return "reject"


def take_message(channel: Channel, file: str) -> None:
    channel.playback("voicemail/vm-record_message")
    channel.playback("tone_stream://%(500,0,640)")
    channel.record(file, limit=120, silence_threshold=200, silence_seconds=5, terminators="any")
    channel.playback("voicemail/vm-goodbye")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
