"""The handler's clocks: datetime, time and time.sleep follow virtual time.

freezegun answers for datetime and time; `tricks` contains the parts that depend on its internals.
`replaced` puts the world's sleep, and what threads wait on, in their places.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from types import FrameType
from typing import Protocol

import freezegun

from . import tricks
from .held_threads import HeldThreads
from .replaced import Replaced

__all__ = ["FrozenTime", "reads_noticed", "standing_still", "start_of_time"]

EPOCH = datetime(1970, 1, 1)
DEFAULT_START = "2026-01-05T09:00:00"

tricks.look_through_modules_fast()


def start_of_time(start: str | datetime | None) -> int:
    """Microseconds since the epoch at which a world begins.

    Times without a zone are UTC, as in freezegun. None means the time that a test has frozen
    already, else 2026-01-05T09:00:00, a Monday. Raises ValueError for a string that is not a
    time.
    """
    if start is None:
        start = tricks.frozen_now() or DEFAULT_START
    if isinstance(start, str):
        try:
            start = datetime.fromisoformat(start)
        except ValueError:
            raise ValueError(f"start is a time like {DEFAULT_START!r}, not {start!r}") from None
    if start.tzinfo is not None:
        start = start.astimezone(timezone.utc).replace(tzinfo=None)
    return (start - EPOCH) // timedelta(microseconds=1)


def standing_still(start: str | datetime | None) -> AbstractContextManager[object]:
    """Freeze time at ``start`` (see `start_of_time`), at which worlds then begin.

    They begin faster, because the first freeze costs most of the time.
    """
    return freezegun.freeze_time(EPOCH + timedelta(microseconds=start_of_time(start)))


@contextmanager
def reads_noticed(
    noticed: Callable[[FrameType], None], running: Callable[[FrameType], None] | None = None
) -> Iterator[None]:
    """Call ``noticed`` with the frame of each caller of datetime.now and its like.

    ``running`` is called with those that ask for seconds that run, as time.monotonic does.
    """
    both = noticed, running
    _noticed.append(both)
    try:
        yield
    finally:
        _noticed.remove(both)


Noticed = Callable[[FrameType], None]
_noticed: list[tuple[Noticed, Noticed | None]] = []


class Frozen(Protocol):
    """A world that sets the process's clocks."""

    @property
    def now(self) -> int:
        """Microseconds since the epoch."""

    @property
    def threads(self) -> HeldThreads:
        """The threads that its participants start."""

    def sleep(self, seconds: float) -> bool:
        """Let ``seconds`` pass for the current thread; False if its time is real."""


class FrozenTime:
    """Keeps the process's clocks at a world's time, and has what waits wait in it."""

    def __init__(self, world: Frozen) -> None:
        self._world = world
        self._replaced = Replaced(world.threads)

    def start(self) -> None:
        self._freezer = freezegun.freeze_time(EPOCH)
        if tricks.is_frozen():  # else freezegun looks
            tricks.look_for_clocks()
        self._freezer.start()
        tricks.answer_with(self._now)
        self._replaced.start()

    def _now(self) -> datetime:
        if _noticed:
            asked = sys._getframe(1)
            of_day, running = tricks.asks_time_of_day(asked), tricks.asks_running_time(asked)
            for noticed, too in _noticed:
                if of_day is not None:
                    noticed(of_day)
                elif running is not None and too is not None:
                    too(running)
        return EPOCH + timedelta(microseconds=self._world.now)

    def stop(self) -> None:
        self._replaced.stop()
        self._freezer.stop()
