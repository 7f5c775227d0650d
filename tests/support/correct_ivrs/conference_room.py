"""A conference: a room by its number, music for the first, and a word for wrong numbers."""

from __future__ import annotations

from eslsync import Session

ROOMS = ("3001", "3002")


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("conference/welcome", terminators="any")
    room = channel.get_digits("conference/room", min=4, max=4, tries=3, valid=lambda r: r in ROOMS)
    if room:
        channel.playback("conference/you_join_now")
        channel.conference(room)
    else:
        channel.playback("conference/no_such_room")
    channel.hangup()
