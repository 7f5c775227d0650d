"""The switch's threads, as generators that say until when they wait.

FreeSWITCH runs each channel on a thread of its own, and applications nest on its stack. Here a
thread is a generator: it yields the time until which it waits (microseconds since the epoch;
None: until somebody wakes it), and nested applications are ``yield from``. A thread may wake
before its time, since whoever has news for it wakes it; so waiting is always a loop around a
question.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol, TypeVar

__all__ = ["MILLISECOND", "SECOND", "Scheduler", "Steps", "Thread", "Timer", "pause"]

MILLISECOND = 1_000
SECOND = 1_000_000

T = TypeVar("T")
#: What a thread runs: yields the time it waits for, returns a T in the end.
Steps = Generator["int | None", None, T]


class Timer(Protocol):
    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """The clock and the agenda of the world that the switch stands in."""

    #: the thread that takes a step at this moment
    running: Thread | None

    @property
    def now(self) -> int:
        """Virtual time, in microseconds since the epoch."""

    def at(self, when: int, action: Callable[[], None]) -> Timer:
        """Run ``action`` at ``when``; what is due at the same time runs in order of asking."""


class Thread:
    """Runs a generator's steps at the times it asks for."""

    def __init__(self, scheduler: Scheduler, steps: Steps[None]) -> None:
        self.finished = False
        self._scheduler = scheduler
        self._steps = steps
        self._timer: Timer | None = None
        self._due: int | None = None  # when the timer will go off
        self._running = False
        self._woken: int | None = None  # somebody asked for it while it ran

    def run(self) -> None:
        """Take the next step now (unless it is in one: then it goes on right after it)."""
        if self.finished:
            return
        if self._running:
            self._woken = self._scheduler.now
            return
        if self._timer is not None:
            self._timer.cancel()
        self._step()

    def wake(self, at: int) -> None:
        """See to it that the next step comes at ``at``, at the latest."""
        if self.finished:
            return
        if self._running:
            self._woken = at if self._woken is None else min(self._woken, at)
        elif self._due is None or at < self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._wait(at)

    def _wait(self, until: int) -> None:
        self._due = until
        self._timer = self._scheduler.at(until, self._step)

    def _step(self) -> None:
        self._timer = self._due = None
        self._running = True
        before, self._scheduler.running = self._scheduler.running, self
        try:
            until = next(self._steps)
        except StopIteration:
            self.finished = True
            return
        finally:
            self._running = False
            self._scheduler.running = before
        woken, self._woken = self._woken, None
        if woken is not None:
            until = woken if until is None else min(until, woken)
        if until is not None:
            self._wait(max(until, self._scheduler.now))


def pause(scheduler: Scheduler, microseconds: int) -> Steps[None]:
    """Wait that long, whatever happens meanwhile."""
    until = scheduler.now + microseconds
    while scheduler.now < until:
        yield until
