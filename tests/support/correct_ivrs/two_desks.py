"""Two desks in turn: the one who was called last is called first by the next caller."""

from __future__ import annotations

import random
from collections import deque
from threading import Lock

from eslsync import Session

desks = deque(["user/1000", "user/1001"])
lock = Lock()
GREETINGS = ("desks/hello", "desks/good_day")


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback(random.choice(GREETINGS))
    with lock:
        first, second = desks
        desks.rotate(1)
    for desk in (first, second):
        if channel.bridge(desk, ring_timeout=12).answered:
            break
    else:
        channel.playback("desks/nobody_there")
    channel.hangup()


def number_of_desks() -> int:
    """For the monitoring, which imports this."""
    return len(desks)
