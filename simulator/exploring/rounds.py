"""Loops in which a handler goes round so fast that hours of them would take hours.

`while True: channel.bridge(...)` is one, if nobody is there; `while True: time.sleep(0.1)` is
another.
"""

from __future__ import annotations

from collections.abc import Callable

from .boundaries import Turns
from .observer import Observer

__all__ = ["Rounds"]

#: Steps of the simulation without a new situation: from the first number to the second, the
#: handler's positions are compared.
LOOKS, LOOKED = 300, 400
#: Steps after which nothing new is expected: if hardly any time passes, or else.
HASTY, MANY = 2_000, 20_000
#: Waits begun at one position that show a loop: more than any method needs.
WAITS = 10


class Rounds:
    """Counts the steps of a simulation that lead to no new situation.

    ``asked()`` is the number of times that the handler has asked for the time.
    """

    def __init__(self, observer: Observer, asked: Callable[[], int]) -> None:
        self._observer = observer
        self._asked = asked
        self._steps = self._hasty = 0
        self._waits: dict[object, set[int]] = {}  # those seen, by the position
        #: True if the handler comes back to the same position, and does not ask for the time.
        self.same = False

    @property
    def hasty(self) -> bool:
        """True if hardly any time passed in all of the last steps."""
        return self._hasty > LOOKS

    @property
    def too_many(self) -> bool:
        return self.same or self._steps > MANY or self._hasty > HASTY

    def step(self, *, hasty: bool) -> bool:
        """Count another step; True if that is too many. ``hasty``: no situation has lasted."""
        self._steps += 1
        self._hasty = self._hasty + 1 if hasty else 0
        if LOOKS < self._steps <= LOOKED:
            self._look()
        return self.too_many

    def _look(self) -> None:
        where = self._observer.whereabouts(_Exactly())
        if where is not None:
            position = (where.places, tuple(where.variables.items()), self._asked())
            waits = self._waits.setdefault(position, set())
            waits.add(self._observer.waits)
            self.same |= len(waits) >= WAITS


class _Exactly(Turns):
    """No two numbers count as the same: a loop may count."""

    def number(self, value: int) -> str:
        return str(value)
