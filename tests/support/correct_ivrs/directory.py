"""A directory: callers spell the name of who is there, and are connected or hear why not."""

from __future__ import annotations

from eslsync import Channel, Session

PEOPLE = {"627": "user/1001"}


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    for _ in range(2):
        spelled = channel.get_digits("directory/spell", min=3, max=3, tries=1)
        match = PEOPLE.get(spelled)
        if match is None:
            channel.playback("directory/nobody_of_that_name")
        elif connected(channel, match):
            break
    channel.playback("directory/goodbye")
    channel.hangup()


def connected(channel: Channel, where: str) -> bool:
    channel.playback("directory/hold_on")
    outcome = channel.bridge(where, ring_timeout=15)
    if outcome.answered:
        return True
    if outcome.cause == "USER_BUSY":
        channel.playback("directory/busy")
    else:
        channel.playback("directory/no_answer")
    return False
