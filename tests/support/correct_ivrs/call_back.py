"""A queue with music, the place in line, and a call back for those who press 1."""

from __future__ import annotations

import time

from eslsync import Session, TimeoutError

wanted: list[str] = []


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("queue/welcome")
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if channel.bridge("user/3000", ring_timeout=10).answered:
            channel.playback("queue/thank_you")
            channel.hangup()
            return
        channel.playback("queue/all_busy_press_1_to_be_called_back")
        try:
            if channel.wait("DTMF", timeout=20.0).digit == "1":
                wanted.append(session.caller_number)
                channel.playback("queue/we_will_call_you")
                break
        except TimeoutError:
            pass
    channel.playback("queue/goodbye")
    channel.hangup()
