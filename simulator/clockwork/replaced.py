"""What is replaced in this process while a world stands, so that participants wait in the world."""

from __future__ import annotations

import queue
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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

#: Modules of the standard library that wait for the outside, in turns of asking and sleeping: for
#: other processes, for sockets. Their clock and their sleep are real in every thread.
OUTSIDE = frozenset(
    [
        "asyncore",
        "multiprocessing.connection",
        "multiprocessing.managers",
        "multiprocessing.popen_fork",
        "multiprocessing.popen_forkserver",
        "multiprocessing.queues",
        "multiprocessing.synchronize",
        "socketserver",
        "subprocess",
        "telnetlib",
    ]
)


class Replaced:
    """The replacements for the participants of one world."""

    def __init__(self, threads: HeldThreads, sleep: Callable[[float], bool]) -> None:
        self._threads = threads
        self._sleep = sleep
        self._made: dict[int, tuple[object, object]] = {}  # what is replaced, and by what
        self._others: list[tuple[Any, str, object, object]] = []

    def start(self) -> None:
        self._before = held_waits.stand(self._threads)
        self._were = [(where, name, getattr(where, name)) for where, name, _ in ALWAYS]
        for where, name, new in ALWAYS:
            setattr(where, name, new)
        self._replace(*_of_outside(), *self._elsewhere())
        self._threads.on_first = lambda: self._replace(*self._in_objects())

    def _replace(self, *places: tuple[Any, str, object]) -> None:
        for where, name, new in places:
            self._others.append((where, name, getattr(where, name), new))
            _set(where, name, new)

    def stop(self) -> None:
        for where, name, old in self._were:
            setattr(where, name, old)
        for where, name, old, new in self._others:
            if getattr(where, name, None) is new:  # else somebody has set it meanwhile
                _set(where, name, old)
        self._others.clear()
        self._threads.on_first = lambda: None
        self._made.clear()
        held_waits.stand(self._before)

    def sleep(self, seconds: float) -> None:
        """`time.sleep`: virtual in a handler's thread, real in any other."""
        if is_outside(sys._getframe(1)) or not self._sleep(seconds + 0.0):  # a TypeError for None
            tricks.real_sleep(seconds)

    def _elsewhere(self) -> Iterator[tuple[ModuleType, str, object]]:
        """Where modules have what waits, its names there, and what replaces it."""
        for module, name, value in tricks.places_of_waits():
            if value is tricks.real_sleep:
                yield module, name, self.sleep
                continue
            yield module, name, MAKERS.get(id(value)) or self._instead_of(value)

    def _in_objects(self) -> Iterator[tuple[Any, str, object]]:
        """The same for what a class or an object has that is a name of the program's own modules.

        Only for worlds in which a handler starts a thread, because it takes time.
        """
        for each in tricks.own_objects():
            for name, value in list(vars(each).items()):
                if type(value) in MADE:
                    yield each, name, self._instead_of(value)

    def _instead_of(self, value: Any) -> object:
        """What replaces a lock or a queue; it may have several names."""
        if id(value) not in self._made:
            self._made[id(value)] = value, MADE[type(value)](value)
        return self._made[id(value)][1]


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


def is_outside(frame: FrameType) -> bool:
    """True for code that waits for the outside."""
    return frame.f_globals.get("__name__") in OUTSIDE


def virtual(frame: FrameType) -> bool | None:
    """Whether the code of a frame sees virtual time; None if freezegun decides."""
    return None if held_waits.here() is None else not is_outside(frame)


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
    (time, "get_clock_info", held_waits.precise),
    (freezegun.api, "_should_use_real_time", tricks.frozen_for(virtual)),
]
