"""The one place in the library that waits or asks the time.

`Clock` is real time. A simulator hands ``Outbound(clock=)`` one of its own, whose time jumps
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

#: Where a peer is: what `socket.getpeername` says of the connection.
Peer = tuple[Any, ...]


class Deadline(float):
    """A moment by some clock, which was ``seconds`` ahead when it was set."""

    __slots__ = ("seconds",)

    seconds: float


class Clock:
    """Real time."""

    def now(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        # freezegun replaces time.monotonic, and leaves this alone: somebody who freezes time
        # around a real call must not stop the library's own timeouts.
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    if not hasattr(time, "clock_gettime"):  # on Windows

        def now(self) -> float:
            return time.monotonic()

    def deadline(self, timeout: float | None) -> Deadline | None:
        """The moment that is ``timeout`` seconds from now; None for never."""
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
        """The next thing in ``inbox``; wait for it until ``deadline``.

        Raises `queue.Empty` if there was nothing by then. What is in the inbox already is
        returned even when the deadline is past.
        """
        if deadline is None:
            return inbox.get()
        left = min(deadline - self.now(), threading.TIMEOUT_MAX)
        return inbox.get(timeout=left) if left > 0 else inbox.get_nowait()

    # What a simulated clock is told. Real time has no use for it.

    def begun(self, peer: Peer) -> None:
        """This thread, the handler's, begins to serve the connection from ``peer``."""

    def ended(self, peer: Peer) -> None:
        """This thread has done with that connection."""

    def joining(self) -> None:
        """This thread, which stops a server, is about to wait for handlers' threads to end."""

    def sending(self, peer: Peer, size: int) -> None:
        """``size`` bytes are about to be sent; the end of what we send counts as one byte."""

    def received(self, peer: Peer, size: int) -> None:
        """``size`` bytes were read, and what they said is in the inbox; an end counts as one."""


def sooner(one: M | None, other: M | None) -> M | None:
    """The earlier of two deadlines, of which either may be never."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


#: For what is not part of any call's time: threads that stop, and users' own threads.
REAL = Clock()
