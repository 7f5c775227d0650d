"""The one place in the library that waits or asks the time.

`Clock` is real time. A simulator passes its own as ``Outbound(clock=)``, whose time jumps
whenever all is quiet; the five methods at the end tell it what it needs to know for that.
"""

from __future__ import annotations

import math
import threading
import time
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
M = TypeVar("M", bound=float)

#: A peer's address, as `socket.getpeername` returns it.
Peer = tuple[Any, ...]


class Deadline(float):
    """A moment on some clock, ``seconds`` after the moment it was set."""

    __slots__ = ("seconds",)

    seconds: float


class Clock:
    """Real time."""

    def now(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        # freezegun replaces time.monotonic but not this: freezing time around a real call must
        # not stop the library's own timeouts.
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    if not hasattr(time, "clock_gettime"):  # on Windows

        def now(self) -> float:
            return time.monotonic()

    def deadline(self, timeout: float | None) -> Deadline | None:
        """The moment ``timeout`` seconds from now; None for never.

        Raises TypeError or ValueError for anything but a number of seconds.
        """
        if timeout is None:
            return None
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
            raise TypeError(f"a timeout is a number of seconds or None, not {timeout!r}")
        if math.isnan(timeout):
            raise ValueError("a timeout is a number of seconds or None, not NaN")
        if timeout == math.inf:
            return None
        deadline = Deadline(self.now() + timeout)
        deadline.seconds = timeout
        return deadline

    def left(self, deadline: Deadline | None) -> float | None:
        """Seconds until then, 0 if it is past; None for never."""
        return None if deadline is None else max(0.0, deadline - self.now())

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        """Return the next item of ``inbox``; wait for it until ``deadline``.

        Raises `queue.Empty` if there was none by then. An item that is there already is returned
        even after the deadline.
        """
        if deadline is None:
            return inbox.get()
        left = min(deadline - self.now(), threading.TIMEOUT_MAX)
        return inbox.get(timeout=left) if left > 0 else inbox.get_nowait()

    # Told to simulated clocks; real time ignores it.

    def begun(self, peer: Peer) -> None:
        """This thread, a handler's, begins to serve the connection from ``peer``."""

    def ended(self, peer: Peer) -> None:
        """This thread is done with that connection."""

    def joining(self) -> None:
        """This thread, which stops a server, is about to wait for handlers' threads to end."""

    def sending(self, peer: Peer, size: int) -> None:
        """``size`` bytes are about to be sent; our end counts as one byte."""

    def received(self, peer: Peer, size: int) -> None:
        """``size`` bytes were read, and their messages queued; the peer's end counts as one."""


def sooner(one: M | None, other: M | None) -> M | None:
    """The earlier of two deadlines; None is never."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


#: For waits that are not part of any call's time: stopping threads, and users' own threads.
REAL = Clock()
