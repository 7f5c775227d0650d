"""How often a handler asks for the time, and where."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType

from .whereabouts import Place, is_own, own_places

__all__ = ["ClockReads"]

#: Functions of libraries between the handler and datetime.now, at most.
HELPERS = 3


class ClockReads:
    """Counts them. ``now()`` is the number of seconds since the call began."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.count = 0
        #: Where the handler asked for the time of day, and when it did for the first time.
        self.places: dict[tuple[Place, ...], float] = {}

    def time_of_day(self, frame: FrameType) -> None:
        """Count a look at the time of day."""
        self.count += 1
        own = _own_frame(frame)
        if own is not None:
            self.places.setdefault(own_places(own), self._now())

    def seconds(self, frame: FrameType) -> None:
        """Count a question how long something lasts."""
        self.count += _own_frame(frame) is not None


def _own_frame(frame: FrameType | None) -> FrameType | None:
    """The handler's frame that asks for the time, itself or through functions of libraries."""
    for _ in range(HELPERS):
        if frame is None or is_own(frame.f_code.co_filename):
            return frame
        frame = frame.f_back
    return None
