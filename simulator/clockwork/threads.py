"""The switch's threads, as generators that yield the time until which they wait.

FreeSWITCH runs each channel on its own thread, and applications nest on its stack. Here a thread
is a generator: it yields the time until which it waits (microseconds since the epoch; None: until
somebody wakes it), and nested applications are ``yield from``. News wakes a thread early, so
every wait is a loop that checks its condition.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from .agenda import Agenda, Timer

__all__ = ["MILLISECOND", "SECOND", "Steps", "Thread", "pause"]

MILLISECOND = 1_000
SECOND = 1_000_000

T = TypeVar("T")
#: The steps of a thread: yields the times it waits for, and finally returns a T.
Steps = Generator["int | None", None, T]


class Thread:
    """Runs a generator's steps at the times it asks for."""

    def __init__(self, agenda: Agenda, steps: Steps[None]) -> None:
        self.finished = False
        self._agenda = agenda
        self._steps = steps
        self._timer: Timer | None = None
        self._due: int | None = None  # when the timer goes off
        self._running = False
        self._woken: int | None = None  # the earliest time it was woken for while it ran

    def run(self) -> None:
        """Take the next step now, or right after the step that it is in."""
        if self.finished:
            return
        if self._running:
            self._woken = self._agenda.now
            return
        if self._timer is not None:
            self._timer.cancel()
        self._step()

    def wake(self, at: int) -> None:
        """Take the next step no later than ``at``."""
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
        self._timer = self._agenda.at(until, self._step)

    def _step(self) -> None:
        agenda = self._agenda
        self._timer = self._due = None
        self._running = True
        before, agenda.running = agenda.running, self
        try:
            until = next(self._steps)
        except StopIteration:
            self.finished = True
            return
        finally:
            self._running = False
            agenda.running = before
        woken = self._woken
        if woken is not None:
            self._woken = None
            until = woken if until is None else min(until, woken)
        if until is not None:
            self._due = until
            self._timer = agenda.at(until, self._step)


def pause(agenda: Agenda, microseconds: int) -> Steps[None]:
    """Wait for ``microseconds``, even when woken."""
    until = agenda.now + microseconds
    while agenda.now < until:
        yield until
