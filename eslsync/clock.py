"""The one place in the library that waits or asks the time, and that says who may not wait.

`Clock` is real time. The simulator passes its own clock as ``Outbound(clock=)``, whose time jumps
whenever all is quiet; the library reports to it through the five methods at the end.

Python runs finalizers, weakref callbacks and signal handlers between any two steps of a thread:
also in the threads that serve all calls, and while a thread holds a lock of ours. If user code
waited for a call there, it would wait for what it keeps from happening. So these places are busy,
and what waits begins with `check_may_wait`.
"""

from __future__ import annotations

import math
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, NoReturn, TypeVar

from .numbers import is_number

T = TypeVar("T")
M = TypeVar("M", bound=float)

#: A peer's address, as `socket.getpeername` returns it.
Peer = tuple[Any, ...]


#: Seconds for which the system may leave a thread that could run, in the middle of its work.
SOON = 1.0


class Deadline(float):
    """A time on a clock, ``seconds`` after it was set."""

    __slots__ = ("seconds",)

    seconds: float


class Clock:
    """Real time."""

    #: True if the calls are simulated.
    simulates = False

    def now(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        # freezegun replaces time.monotonic but not this, so that freezing time around a real call
        # doesn't stop the library's own timeouts.
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    if not hasattr(time, "clock_gettime"):  # on Windows

        def now(self) -> float:
            return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def deadline(self, timeout: float | None) -> Deadline | None:
        """The moment ``timeout`` seconds from now; None for never.

        Raises TypeError or ValueError for anything but a number of seconds.
        """
        if timeout is None:
            return None
        if not is_number(timeout):
            raise TypeError(f"a timeout is a number of seconds or None, not {timeout!r}")
        if math.isnan(timeout):
            raise ValueError("a timeout is a number of seconds or None, not NaN")
        if timeout > threading.TIMEOUT_MAX:  # 292 years; infinity, for example
            return None
        deadline = Deadline(self.now() + timeout)
        deadline.seconds = timeout
        return deadline

    def left(self, deadline: Deadline | None) -> float | None:
        """Seconds until the deadline, 0 if it has passed; None for never."""
        return None if deadline is None else max(0.0, deadline - self.now())

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        """Return the next item of ``inbox``; wait for it until ``deadline``.

        Raises `queue.Empty` if none arrived by then. An item already in the inbox is returned even
        after the deadline.
        """
        if deadline is None:
            return inbox.get()
        left = min(deadline - self.now(), threading.TIMEOUT_MAX)
        if left < SOON:
            # Before 3.13, get() first takes the queue's lock if it is free, and then waits for ever
            # if the timeout has passed by then. From here on the lock is taken.
            try:
                return inbox.get_nowait()
            except Empty:
                if left <= 0:
                    raise
        return inbox.get(timeout=left)

    def pause(self, seconds: float) -> None:
        """Spare the processor for a moment. Simulated time need not pass."""
        try:
            REAL.get(SimpleQueue(), REAL.now() + seconds)
        except Empty:
            pass

    # Reports to simulated clocks; real time ignores them.

    def begun(self, peer: Peer) -> None:
        """The current thread, a handler's, begins to serve the connection from ``peer``."""

    def ended(self, peer: Peer) -> None:
        """The current thread has finished with the connection from ``peer``."""

    def joining(self) -> None:
        """The current thread is about to wait for handlers' threads to end, to stop a server."""

    def sending(self, peer: Peer, size: int) -> None:
        """``size`` bytes are about to be sent; our end counts as one byte."""

    def received(self, peer: Peer, size: int) -> None:
        """``size`` bytes were read, and their messages queued; the peer's end counts as one."""


class Here(threading.local):
    """The current thread."""

    def __init__(self) -> None:
        #: Marks what the current thread does as no place to wait: ``with here.busy, self._lock:``.
        #: The mark comes first, so that nobody waits for a lock that is being taken by this thread.
        #: (It is a lock that nobody waits for: no signal can come before its `with` has begun.)
        self.busy = threading.RLock()


here = Here()


def may_wait() -> bool:
    """False if the current thread is busy."""
    return not here.busy._is_owned()  # type: ignore[attr-defined]


def check_may_wait() -> None:
    """Raise RuntimeError if the current thread is busy."""
    if here.busy._is_owned():  # type: ignore[attr-defined]
        refuse_to_wait()


def refuse_to_wait() -> NoReturn:
    """Raise RuntimeError, in code that was called from within eslsync."""
    raise RuntimeError(
        f"{threading.current_thread().name} must not wait here, inside eslsync: what it waits for "
        "could never come. Python runs finalizers (__del__, weakref callbacks, the end of a "
        "generator), signal handlers and logging handlers in whatever thread and place it is. "
        "Call session.post() there, which never waits, or let a thread of your own wait; release "
        "what a call uses by `with` or `finally` in its handler"
    )


def sooner(one: M | None, other: M | None) -> M | None:
    """The earlier of two deadlines; None is never."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


#: For waits outside of any call's time: to stop threads, and in users' own threads.
REAL = Clock()
