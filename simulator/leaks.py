"""Threads that somebody leaves behind."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterable
from types import FrameType

__all__ = ["threads_left"]

#: Seconds of real time that ending threads are given. A thread that ends at all takes
#: milliseconds; this is for a machine that is busy with other things.
GRACE = 10.0


def threads_left(before: Iterable[threading.Thread], grace: float = GRACE) -> list[str]:
    """The threads that are here and were not before: the name and the stack of each."""
    new = [thread for thread in threading.enumerate() if thread not in set(before)]
    deadline = time.monotonic() + grace
    for thread in new:
        thread.join(max(0.0, deadline - time.monotonic()))
    frames = sys._current_frames()
    return [
        f"{thread.name}\n{_stack(frames.get(thread.ident or 0))}"
        for thread in new
        if thread.is_alive()
    ]


def _stack(frame: FrameType | None) -> str:
    return "".join(traceback.format_stack(frame)) if frame else "  (it has just ended)\n"
