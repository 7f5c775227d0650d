"""The handler's clocks: datetime, time and time.sleep follow virtual time.

freezegun answers for datetime and time; `tricks` contains the parts that depend on its internals.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from types import FrameType, ModuleType
from typing import Protocol

import freezegun

from . import tricks

__all__ = ["FrozenTime", "reads_noticed", "real_seconds", "standing_still", "start_of_time"]

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


def real_seconds() -> float:
    """A clock that is never frozen, in seconds."""
    seconds: float = freezegun.api.real_monotonic()
    return seconds


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

    def sleep(self, seconds: float) -> bool:
        """Let ``seconds`` pass for the current thread; False if its time is real."""


class FrozenTime:
    """Keeps the process's clocks at a world's time, and replaces time.sleep."""

    def __init__(self, world: Frozen) -> None:
        self._world = world
        self._replaced: list[tuple[ModuleType, str]] = []

    def start(self) -> None:
        self._freezer = freezegun.freeze_time(EPOCH)
        self._freezer.start()
        tricks.answer_with(self._now)
        for module, name in tricks.sleeps():
            setattr(module, name, self.sleep)
            self._replaced.append((module, name))

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
        for module, name in self._replaced:
            setattr(module, name, tricks.real_sleep)
        self._replaced.clear()
        self._freezer.stop()

    def sleep(self, seconds: float) -> None:
        """Replaces `time.sleep`: virtual in a handler's thread, real in any other."""
        if not self._world.sleep(seconds):
            tricks.real_sleep(seconds)
