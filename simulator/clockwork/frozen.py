"""The handler's clocks: datetime, time and time.sleep follow virtual time.

freezegun answers for datetime and time. It gives real time to code that has one of its ignored
modules, `threading` among them, within five frames on the stack. A handler has: between it and
its thread stand this package's wrapper and the library's and socketserver's own frames, which
makes six; tests/simulator/clockwork/test_frozen.py holds that it stays so.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import Protocol

import freezegun
from freezegun.api import FrozenDateTimeFactory, freeze_factories

__all__ = ["FrozenTime", "real_seconds", "standing_still", "start_of_time"]

EPOCH = datetime(1970, 1, 1)
DEFAULT_START = "2026-01-05T09:00:00"

_real_sleep = time.sleep


def _names_of(module: ModuleType) -> str:
    """What tells freezegun whether a module is as it was when it was looked through."""
    return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"


# It looks at every module whenever time is frozen, and its own way, which sorts the names of each,
# takes longer than a call does: 9 ms with 600 modules. (Without that name it would still do so.)
freezegun.api._get_module_attributes_hash = _names_of


def _attributes(module: ModuleType) -> list[tuple[str, object]]:
    """Where freezegun looks for the clocks that it replaces: what a module has by now."""
    return list(getattr(module, "__dict__", {}).items())


# Its own way asks for every name that a module offers, and so imports what is imported on demand:
# multiprocessing, for one, because concurrent.futures does; that takes longer than a call.
freezegun.api._get_module_attributes = _attributes


def start_of_time(start: str | datetime | None) -> int:
    """Microseconds since the epoch at which a world begins.

    Times without a zone are local times where the clock stands at UTC, as in freezegun. None:
    the time that a test has frozen already, else 2026-01-05T09:00:00, a Monday.
    """
    if start is None:
        start = freeze_factories[-1]() if freeze_factories else DEFAULT_START
    if isinstance(start, str):
        try:
            start = datetime.fromisoformat(start)
        except ValueError:
            raise ValueError(f"start is a time like {DEFAULT_START!r}, not {start!r}") from None
    if start.tzinfo is not None:
        start = start.astimezone(timezone.utc).replace(tzinfo=None)
    return (start - EPOCH) // timedelta(microseconds=1)


def real_seconds() -> float:
    """A clock that is never frozen."""
    seconds: float = freezegun.api.real_monotonic()
    return seconds


def standing_still(start: str | datetime | None) -> AbstractContextManager[object]:
    """Time stands at ``start`` (see `start_of_time`); worlds begin there, and sooner.

    Most of what it takes to freeze time is done for the first who does.
    """
    return freezegun.freeze_time(EPOCH + timedelta(microseconds=start_of_time(start)))


def real_sleeps() -> Iterator[tuple[ModuleType, str]]:
    """Where `time.sleep` itself is: ``from time import sleep`` has put it into other modules.

    A module is looked through when it is met, and when names have come to it.
    """
    for key, module in list(sys.modules.items()):
        names = getattr(module, "__dict__", None)
        if not isinstance(names, dict):
            continue
        known, size, found = _looked_at.get(key, _NEVER)
        if known is not module:
            size, found = -1, []
        if size != len(names):
            # also those of before, where another world's sleep stands now
            now = (name for name, value in list(names.items()) if value is _real_sleep)
            found = list(dict.fromkeys([*found, *now]))
            _looked_at[key] = module, len(names), found
        for name in found:
            if names.get(name) is _real_sleep and names is not globals():
                yield module, name
    for gone in _looked_at.keys() - sys.modules.keys():
        del _looked_at[gone]


_NEVER: tuple[ModuleType | None, int, list[str]] = None, -1, []
#: Of each module how many names it had, and which of them were `time.sleep`.
_looked_at: dict[str, tuple[ModuleType | None, int, list[str]]] = {}


class Frozen(Protocol):
    """A world whose time the process's clocks follow."""

    @property
    def now(self) -> int:
        """Microseconds since the epoch."""

    def sleep(self, seconds: float) -> bool:
        """Let that time pass for this thread; False if its time is real."""


class WorldTime(FrozenDateTimeFactory):
    """What freezegun asks for the time: that of the world, at the moment that it is asked."""

    def __init__(self, world: Frozen) -> None:
        self._world = world

    def __call__(self) -> datetime:
        return EPOCH + timedelta(microseconds=self._world.now)


class FrozenTime:
    """Holds the process's clocks at a world's time, and replaces time.sleep."""

    def __init__(self, world: Frozen) -> None:
        self._world = world
        self._replaced: list[tuple[ModuleType, str]] = []

    def start(self) -> None:
        self._freezer = freezegun.freeze_time(EPOCH)
        self._freezer.start()
        freeze_factories[-1] = WorldTime(self._world)
        for module, name in real_sleeps():
            setattr(module, name, self.sleep)
            self._replaced.append((module, name))

    def stop(self) -> None:
        for module, name in self._replaced:
            setattr(module, name, _real_sleep)
        self._replaced.clear()
        self._freezer.stop()

    def sleep(self, seconds: float) -> None:
        """Replaces `time.sleep`: virtual in a handler's thread, real in any other."""
        if not self._world.sleep(seconds):
            _real_sleep(seconds)
