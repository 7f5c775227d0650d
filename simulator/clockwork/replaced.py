"""What is replaced in this process while a world stands, so that participants wait in the world."""

from __future__ import annotations

import queue
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
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
#: Packages whose locks and queues stay as they are.
KEPT = frozenset([*sys.stdlib_module_names, *held_waits.OURS])


class Replaced:
    """The replacements for the participants of one world."""

    def __init__(self, threads: HeldThreads, sleep: Callable[[float], bool]) -> None:
        self._threads = threads
        self._sleep = sleep
        self._were: list[tuple[Any, str, object, object]] = []

    def start(self) -> None:
        self._before = held_waits.stand(self._threads)
        for where, name, new in self._replacements():
            old = getattr(where, name)
            self._were.append((where, name, old, new))
            setattr(where, name, new)

    def stop(self) -> None:
        for where, name, old, new in reversed(self._were):
            if where.__dict__.get(name) is new:  # else somebody has set it meanwhile
                setattr(where, name, old)
        self._were.clear()
        held_waits.stand(self._before)

    def sleep(self, seconds: float) -> None:
        """`time.sleep`: virtual in a handler's thread, real in any other."""
        if is_outside(sys._getframe(1)) or not self._sleep(seconds):
            tricks.real_sleep(seconds)

    def _replacements(self) -> Iterator[tuple[Any, str, object]]:
        """Where something is replaced, its name there, and what replaces it."""
        yield threading, "Lock", held_waits.HeldLock
        yield threading, "RLock", held_waits.new_rlock
        yield threading, "_time", held_waits.seconds
        yield threading.Condition, "wait", held_waits.wait
        yield threading.Thread, "start", held_waits.start
        yield threading.Thread, "join", held_waits.join
        yield queue, "SimpleQueue", held_waits.HeldQueue
        yield queue, "time", held_waits.seconds
        yield selectors, "DefaultSelector", held_waits.HeldSelector
        yield ThreadPoolExecutor, "__init__", held_pools.make
        yield ThreadPoolExecutor, "submit", held_waits.submit
        yield time, "get_clock_info", held_waits.precise
        yield freezegun.api, "_should_use_real_time", tricks.frozen_for(virtual)
        sleep = self.sleep
        made: dict[int, object] = {}  # one may have several names
        for module, name, value in tricks.places_of_waits():
            if value is tricks.real_sleep:
                yield module, name, sleep
            elif module.__name__.partition(".")[0] not in KEPT:
                new = MAKERS.get(id(value)) or made.get(id(value))
                if new is None:
                    new = made[id(value)] = MADE[type(value)](value)
                yield module, name, new


def is_outside(frame: FrameType) -> bool:
    """True for code that waits for the outside."""
    return frame.f_globals.get("__name__") in OUTSIDE


def virtual(frame: FrameType) -> bool | None:
    """Whether the code of a frame sees virtual time; None if freezegun decides."""
    return None if held_waits.here() is None else not is_outside(frame)
