"""A handler that says something else than it used to: for the command line's documentation."""

from __future__ import annotations

from eslsync import Session


def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ivr/ivr-good_morning.wav")
    session.channel.hangup()
