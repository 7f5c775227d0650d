"""Call screening: the owner of the number hears who is calling, and then decides.

The caller says their name and hears music. The owner's phone rings. Whoever picks it up hears "you
have a call from ..." and the name, and can press 1 to accept the call, 2 to reject it, or 3 to send
it to voicemail. The caller is then connected, told that nobody is available, or asked for a
message. No key, no answer and busy all count as rejection: it may have been the voicemail of a
mobile phone that picked up.

python examples/screening.py                          # serve it to FreeSWITCH
eslsync call --script examples/screening.call.yaml    # or call it, without FreeSWITCH
"""

from typing import Literal

from eslsync import Channel, CommandError, Hangup, Outbound, Session

OWNER = "user/1000"
RING_SECONDS = 25.0
MUSIC = "local_stream://moh"
#: Folder for names and messages. FreeSWITCH must be able to write to it.
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
    """Ask the owner what to do with the call."""
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
            raise  # the caller hung up
        return "reject"


def take_message(channel: Channel, file: str) -> None:
    channel.playback("voicemail/vm-record_message")
    channel.playback("tone_stream://%(500,0,640)")
    channel.record(file, limit=120, silence_threshold=200, silence_seconds=5, terminators="any")
    channel.playback("voicemail/vm-goodbye")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()
