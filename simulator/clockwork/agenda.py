"""The agenda: actions of the switch's model, in order of the times they are due."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

__all__ = ["Agenda", "Timer"]


class Wakeable(Protocol):
    """A thread of the switch (see `threads`)."""

    def wake(self, at: int) -> None:
        """Take the next step no later than ``at``."""


class Timer:
    """An action that is due at a time, unless it is cancelled before."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Cancel the action. Does nothing if it has run or was cancelled."""
        self.action = None


class Agenda:
    """Runs actions when due, ties in order of asking. Times are microseconds since the epoch."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.running: Wakeable | None = None  #: the thread that is taking a step
        self._due: list[tuple[int, int, Timer]] = []
        self._serial = itertools.count()

    def at(self, when: int, action: Callable[[], None]) -> Timer:
        """Call ``action`` at ``when``, or at the current time if that is past."""
        timer, now = Timer(action), self.now
        heapq.heappush(self._due, (when if when > now else now, next(self._serial), timer))
        return timer

    def next_due(self) -> int | None:
        """The time of the next action; None if there is none."""
        while self._due and self._due[0][2].action is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    @property
    def idle(self) -> bool:
        """True if nothing is due, now or later."""
        return self.next_due() is None

    def take_next(self, limit: int | None = None) -> Callable[[], None] | None:
        """Take the next action, for the caller to run, and advance ``now`` to its time.

        None if none is due, or none until ``limit``.
        """
        due = self._due
        while due:
            when, _, timer = due[0]
            action = timer.action
            if action is not None and limit is not None and when > limit:
                return None
            heapq.heappop(due)
            if action is not None:
                timer.action = None
                if when > self.now:
                    self.now = when
                return action
        return None

    def do_next(self) -> None:
        """Run the next action, after advancing ``now`` to its time."""
        action = self.take_next()
        assert action is not None
        action()

    def run_until(self, limit: int, satisfied: Callable[[], bool] = lambda: False) -> None:
        """Run actions until ``satisfied()``, or up to ``limit``, which then becomes the time."""
        while not satisfied():
            due = self.next_due()
            if due is None or due > limit:
                self.now = max(self.now, limit)
                return
            self.do_next()
