"""What is due, in order of time: the switch's model asks for things to happen, and when."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .threads import Thread

__all__ = ["Agenda", "Timer"]


class Timer:
    """Something that is due at a moment, unless it is cancelled before."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """It won't happen. Cancelling twice, or too late, does nothing."""
        self.action = None


class Agenda:
    """What is due next happens next; ties in order of asking. Times are in microseconds."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.running: Thread | None = None
        self._due: list[tuple[int, int, Timer]] = []
        self._serial = itertools.count()

    def at(self, when: int, action: Callable[[], None]) -> Timer:
        """Let ``action`` happen at ``when``, or now if that is past."""
        timer = Timer(action)
        heapq.heappush(self._due, (max(when, self.now), next(self._serial), timer))
        return timer

    def next_due(self) -> int | None:
        """When the next thing is due; None if nothing is."""
        while self._due and self._due[0][2].action is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    @property
    def idle(self) -> bool:
        """Will nothing ever happen any more?"""
        return self.next_due() is None

    def do_next(self) -> None:
        """Do what is due next; it is then as late as that."""
        when, _, timer = heapq.heappop(self._due)
        self.now = max(self.now, when)
        action, timer.action = timer.action, None
        assert action is not None
        action()

    def run_until(self, limit: int, satisfied: Callable[[], bool] = lambda: False) -> None:
        """Do what is due, up to ``limit`` or until ``satisfied``; it is then as late as that."""
        while not satisfied():
            due = self.next_due()
            if due is None or due > limit:
                self.now = max(self.now, limit)
                return
            self.do_next()
