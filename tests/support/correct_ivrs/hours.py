"""Opening hours with a lunch break, weekends, and holidays; outside of them a recorded message."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from eslsync import Session

ZONE = ZoneInfo("Europe/Vienna")
HOLIDAYS = {date(2026, 5, 1)}


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    now = datetime.now(ZONE)
    if now.date() in HOLIDAYS:
        channel.playback("hours/holiday")
    elif now.weekday() >= 5:
        channel.playback("hours/weekend")
    elif time(12, 30) <= now.time() < time(13, 15):
        channel.playback("hours/lunch")
    elif time(8) <= now.time() < time(17):
        channel.playback("hours/welcome")
        if channel.bridge("user/2000", ring_timeout=20).answered:
            channel.hangup()
            return
        channel.playback("hours/all_busy")
    else:
        channel.playback("hours/closed")
    channel.playback("hours/leave_a_message")
    channel.record(
        f"/var/spool/{session.uuid}.wav", limit=60, silence_threshold=200, silence_seconds=5
    )
    channel.playback("hours/thank_you")
    channel.hangup()
