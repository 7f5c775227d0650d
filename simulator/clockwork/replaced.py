"""What is replaced in this process while a world stands, so that participants wait in the world."""

from __future__ import annotations

import queue
import selectors
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from types import FrameType, ModuleType
from typing import Any

import freezegun

from . import held_pools, held_waits, tricks
from .held_threads import HeldThreads

__all__ = ["Replaced"]

#: Functions and classes with which modules make what waits, by their identities; and what replaces
#: them.
MAKERS: dict[int, object] = {
    id(threading.Lock): held_waits.HeldLock,
    id(threading.RLock): held_waits.new_rlock,
    id(queue.SimpleQueue): held_waits.HeldQueue,
}
#: What replaces those that modules have.
MADE: dict[type, Callable[[Any], object]] = {
    type(threading.Lock()): held_waits.HeldLock,
    type(threading.RLock()): held_waits.HeldRLock,
    queue.SimpleQueue: held_waits.HeldQueue,
}


class Replaced:
    """The replacements for the participants of one world, and of all that stand at once."""

    def __init__(self, threads: HeldThreads) -> None:
        self._threads = threads

    def start(self) -> None:
        held_waits.stand(self._threads)
        if not _places:
            _replace(*ALWAYS, *_of_outside())
        _replace(*_elsewhere())
        self._threads.on_first = self._look_closer

    def _look_closer(self) -> None:
        self._threads.on_first = lambda: None  # once
        _replace(*_in_objects())

    def stop(self) -> None:
        self._threads.on_first = lambda: None
        held_waits.fall(self._threads)
        if not held_waits.stands():
            _put_back()


#: Where something is replaced, its name there, and what it was; the last one first.
_places: list[tuple[Any, str, object, object]] = []
_made: dict[int, tuple[object, object]] = {}  # what is replaced, and by what


def _replace(*places: tuple[Any, str, object]) -> None:
    for where, name, new in places:
        _places.insert(0, (where, name, getattr(where, name), new))
        _set(where, name, new)


def _put_back() -> None:
    for where, name, old, new in _places:
        if getattr(where, name, None) is new:  # else somebody has set it meanwhile
            _set(where, name, old)
    _places.clear()
    _made.clear()


def _elsewhere() -> Iterator[tuple[Any, str, object]]:
    """Where modules have what waits, its names there, and what replaces it."""
    for module, name, value in tricks.places_of_waits():
        if value is tricks.real_sleep:
            yield module, name, held_waits.sleep
        elif id(value) in MAKERS:
            yield module, name, MAKERS[id(value)]
        else:
            yield from _instead_of(module, name, value)


def _in_objects() -> Iterator[tuple[Any, str, object]]:
    """The same for what a class or an object has that is a name of the program's own modules.

    Only for worlds in which a handler starts a thread, or has company, because it takes time.
    """
    for each in tricks.own_objects():
        for name, value in list(vars(each).items()):
            if type(value) in tricks.what_waits:
                yield from _instead_of(each, name, value)


def _instead_of(where: Any, name: str, value: Any) -> Iterator[tuple[Any, str, object]]:
    """What replaces a lock or queue, which may have several names, or the one in what has it."""
    if isinstance(value, defaultdict):
        if id(value.default_factory) in MAKERS:
            yield value, "default_factory", MAKERS[id(value.default_factory)]
    elif isinstance(value, cached_property):
        if type(getattr(value, "lock", None)) in MADE:  # before Python 3.12
            yield value, "lock", _replacing(value.lock)  # type: ignore[attr-defined,unused-ignore]
    elif isinstance(value, type):
        for cell in tricks.cells_with_makers(value):
            yield cell, "cell_contents", MAKERS[id(cell.cell_contents)]
    elif isinstance(value, threading.Condition):
        lock = vars(value)["_lock"]
        if type(lock) not in MADE:
            return
        new: Any = _replacing(lock)
        yield value, "_lock", new
        for method in LENT & vars(value).keys():
            yield value, method, getattr(new, method)
    else:
        yield where, name, _replacing(value)


def _replacing(value: Any) -> object:
    if id(value) not in _made:
        _made[id(value)] = value, MADE[type(value)](value)
    return _made[id(value)][1]


#: The methods of its lock that a condition has as its own.
LENT = {"acquire", "release", "_release_save", "_acquire_restore", "_is_owned"}


def _set(where: Any, name: str, value: object) -> None:
    """Set an attribute, also of an object that refuses it, as a frozen dataclass does."""
    if isinstance(where, (type, ModuleType)):
        setattr(where, name, value)
    else:
        object.__setattr__(where, name, value)


def _of_outside() -> Iterator[tuple[Any, str, object]]:
    """What gives work to the outside, of modules that are loaded."""
    processes = sys.modules.get("concurrent.futures.process")
    if processes is not None:
        pool = processes.ProcessPoolExecutor
        yield pool, "submit", held_waits.noted(pool.submit)
    for loops in filter(None, map(sys.modules.get, ("asyncio", "asyncio.tasks"))):
        name = "run_coroutine_threadsafe"
        yield loops, name, held_waits.noted(getattr(loops, name), held_waits.runs_outside)


def virtual(frame: FrameType) -> bool | None:
    """Whether the code of a frame sees virtual time; None if freezegun decides."""
    if held_waits.here() is None:
        return False if held_waits.is_real() else None
    return not held_waits.is_outside(frame)


#: Where something is always replaced, its name there, and what replaces it.
ALWAYS: list[tuple[Any, str, object]] = [
    (threading, "Lock", held_waits.HeldLock),
    (threading, "RLock", held_waits.new_rlock),
    (threading, "_time", held_waits.seconds),
    (threading.Condition, "wait", held_waits.wait),
    (threading.Condition, "notify", held_waits.notify),
    (threading.Thread, "start", held_waits.start),
    (threading.Thread, "join", held_waits.join),
    (queue, "SimpleQueue", held_waits.HeldQueue),
    (queue, "time", held_waits.seconds),
    (selectors, "DefaultSelector", held_waits.HeldSelector),
    (ThreadPoolExecutor, "__init__", held_pools.make),
    (ThreadPoolExecutor, "submit", held_waits.submit),
    (ThreadPoolExecutor, "shutdown", held_waits.shutdown),
    (time, "get_clock_info", held_waits.precise),
    (freezegun.api, "_should_use_real_time", tricks.frozen_for(virtual)),
]
