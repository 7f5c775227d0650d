"""A scheduler of virtual time that nobody waits for: it is run from one due thing to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable

__all__ = ["Agenda"]


class _Timer:
    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Agenda:
    """A scheduler of virtual time: what is due next runs next, ties in order of asking."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._due: list[tuple[int, int, _Timer]] = []
        self._count = 0

    def at(self, when: int, action: Callable[[], None]) -> _Timer:
        timer = _Timer(action)
        self._count += 1
        heapq.heappush(self._due, (max(when, self.now), self._count, timer))
        return timer

    def run_until(self, limit: int, satisfied: Callable[[], bool] = lambda: False) -> None:
        """Do what is due, up to ``limit`` or until ``satisfied``; it is then as late as that."""
        while not satisfied():
            while self._due and self._due[0][2].action is None:
                heapq.heappop(self._due)
            if not self._due or self._due[0][0] > limit:
                self.now = max(self.now, limit)
                return
            when, _, timer = heapq.heappop(self._due)
            self.now = when
            action, timer.action = timer.action, None
            assert action is not None
            action()
