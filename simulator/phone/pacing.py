"""How fast the time of a call passes for the person who is its caller."""

from __future__ import annotations

__all__ = ["SPEEDS", "Pace"]

MICRO = 1_000_000

#: Paused, and times as fast as a clock.
SPEEDS = (0, 1, 2, 10)


class Pace:
    """Maps real seconds to moments of a call, in microseconds since it began.

    ``real`` is the time of a clock that never goes back, in seconds.
    """

    def __init__(self, real: float, moment: int = 0, speed: float = 1.0) -> None:
        self.speed = speed
        self._real = real
        self._moment = moment

    def moment(self, real: float) -> int:
        """The moment of the call that has come by then."""
        return self._moment + round((real - self._real) * self.speed * MICRO)

    def real(self, moment: int) -> float | None:
        """When a moment comes; None if time stands still."""
        if not self.speed:
            return None
        return self._real + (moment - self._moment) / MICRO / self.speed

    def change(self, real: float, speed: float) -> None:
        """Go on at another speed."""
        self._real, self._moment, self.speed = real, self.moment(real), speed

    def jump(self, real: float, moment: int) -> None:
        """Be at another moment now."""
        self._real, self._moment = real, moment
