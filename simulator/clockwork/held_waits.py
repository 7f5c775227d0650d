"""What threads wait on, while a world stands: for a participant, each of these waits in its world.

All else in the standard library is made of these few: of `threading.Condition` events, semaphores,
barriers, `queue.Queue`, futures and timers; of a lock, a queue written in C and a selector pools
and event loops. In any other thread each is what it has always been, on the same objects.
"""

from __future__ import annotations

import os
import queue
import selectors
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from itertools import islice
from types import FrameType, GenericAlias, SimpleNamespace
from typing import Any

from eslsync.clock import here as busy

from . import tricks
from .counted import Participant
from .held_pools import real_shutdown, real_submit
from .held_threads import HeldThreads, real_join, real_start
from .threads import SECOND

__all__ = [
    "HeldLock",
    "HeldQueue",
    "HeldRLock",
    "HeldSelector",
    "fall",
    "here",
    "is_outside",
    "is_real",
    "join",
    "new_rlock",
    "noted",
    "notify",
    "precise",
    "runs_outside",
    "seconds",
    "shutdown",
    "sleep",
    "stand",
    "stands",
    "start",
    "submit",
    "wait",
]

#: Packages on which a world stands: what they make is real.
OURS = ("eslsync", "simulator", "freezegun")

real_lock: Callable[[], Any] = threading.Lock
real_rlock: Callable[[], Any] = threading.RLock
real_queue, real_selector = queue.SimpleQueue, selectors.DefaultSelector
real_wait, real_notify = threading.Condition.wait, threading.Condition.notify
real_clock_info, real_monotonic = time.get_clock_info, time.monotonic

#: Modules of the standard library that wait for the outside, in turns of asking and sleeping: for
#: other processes, for sockets. Their clock and their sleep are real in every thread.
OF_OUTSIDE = frozenset(
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
#: Modules whose threads wait for other processes.
OF_PROCESSES = (
    "concurrent.futures.process",
    "multiprocessing.managers",
    "multiprocessing.pool",
    "multiprocessing.queues",
)
#: Real seconds that an event loop waits for what it watches, before simulated time passes.
OUTSIDE = 1.0
#: The code that makes the lock of an event.
EVENT = threading.Event.__init__.__code__


def is_outside(frame: FrameType) -> bool:
    """True for code that waits for the outside."""
    return frame.f_globals.get("__name__") in OF_OUTSIDE


_standing: list[HeldThreads] = []  # the last one begun first


def stand(threads: HeldThreads) -> None:
    """Have the participants of this world wait in it."""
    _standing.insert(0, threads)


def fall(threads: HeldThreads) -> None:
    """Undo `stand`."""
    _standing.remove(threads)


def stands() -> bool:
    """True while a world stands."""
    return bool(_standing)


def here() -> tuple[HeldThreads, Participant] | None:
    """The world that the current thread is a participant of, and as whom."""
    for threads in _standing:
        me = threads.participant()
        if me is not None:
            return threads, me
    return None


def that_lets_pass() -> HeldThreads | None:
    """The world whose time passes while the current thread, the test's, waits."""
    return next((threads for threads in _standing if threads.lets_pass()), None)


def is_real() -> bool:
    """True in a process that a world has been forked into: all of it is in real time."""
    return _forked


def _forget() -> None:
    """Have no world in a process that was forked, in which nobody drives it."""
    global _forked
    _forked = _forked or bool(_standing)
    _standing.clear()


_forked = False
os.register_at_fork(after_in_child=_forget)


def _is_ours(depth: int = 2) -> bool:
    """True if the caller of the function that asks belongs to what a world stands on."""
    name = sys._getframe(depth).f_globals.get("__name__")
    found = _ours.get(name)
    if found is None:
        found = _ours[name] = str(name).partition(".")[0] in OURS
    return found


_ours: dict[object, bool] = {}  # by the names of modules


# Conditions, and all that is made of them


class Waiter:
    """Stands in a condition's list for a participant, or the test's thread, that waits."""

    __slots__ = ("_gate", "_me", "_threads", "told")

    def __init__(self, threads: HeldThreads, me: Participant | None) -> None:
        self._threads = threads
        self._me = me
        self.told = False
        self._gate = real_lock() if me is None else None
        if self._gate is not None:
            self._gate.acquire()

    def release(self) -> None:
        self.told = True
        if self._me is not None:
            self._threads.tell(self._me)
        elif self._gate is not None:
            self._gate.release()

    def is_told_from_outside(self, timeout: float | None) -> bool:
        """Wait, really, for what no participant has told the test's thread."""
        if self._gate is None or not self._threads.has_outside():
            return False
        seconds = self._threads.patience if timeout is None else min(timeout, OUTSIDE)
        return bool(self._gate.acquire(timeout=seconds))


def wait(condition: Any, timeout: float | None = None) -> bool:
    """`Condition.wait`."""
    held = here()
    threads, me = held or (that_lets_pass(), None)
    if threads is None:
        for each in _standing:
            each.outside_waits()
        return real_wait(condition, timeout)
    if not condition._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = Waiter(threads, me)
    condition._waiters.append(waiter)
    state = condition._release_save()
    try:
        told = threads.wait_for(me, lambda: waiter.told, timeout)
        return told or waiter.is_told_from_outside(timeout)
    finally:
        condition._acquire_restore(state)
        if not waiter.told:
            condition._waiters.remove(waiter)


def notify(condition: Any, n: int = 1) -> None:
    """`Condition.notify`. Time stands still for a thread outside that a participant wakes."""
    held = here()
    if held is not None:
        for waiter in islice(condition._waiters, n):
            if not isinstance(waiter, Waiter):
                held[0].wait_for_outside(waiting_at(waiter))
    real_notify(condition, n)


def waiting_at(waiter: object) -> threading.Thread | None:
    """The thread that waits in a condition at this lock of its own."""
    for ident, frame in sys._current_frames().items():
        for each in filter(None, (frame, frame.f_back)):
            if each.f_code is real_wait.__code__ and each.f_locals.get("waiter") is waiter:
                return next((t for t in threading.enumerate() if t.ident == ident), None)
    return None


# Locks


class HeldLock:
    """`threading.Lock`. A participant that lets it go leaves it to one that waits."""

    def __new__(cls, real: Any = None) -> Any:
        code = sys._getframe(1).f_code
        # Nobody waits while holding the lock of an event, which each thread has.
        if real is None and cls is HeldLock and (code is EVENT or _is_ours()):
            return real_lock()
        return super().__new__(cls)

    def __init__(self, real: Any = None) -> None:
        self._real = real_lock() if real is None else real
        self._holder: Participant | None = None  # or the one that it is left to
        self._count = 0  # how often that has acquired it
        self._waiting: list[tuple[HeldThreads, Participant]] = []

    @property
    def holder(self) -> Participant | None:
        """The participant that holds it."""
        return self._holder

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        held = here()
        if held is None:
            return bool(self._real.acquire(blocking, timeout))
        threads, me = held
        if (self._holder is None or self._holder is me) and self._real.acquire(False):
            self._holder = me
            self._count += 1
            return True
        if not blocking:
            return False
        limit = None if timeout < 0 else timeout
        if self._holder is not None and not self._wait(threads, me, limit):
            return False
        # Now it is left to us, or a thread outside holds it, which needs no turn.
        got = bool(self._real.acquire(True, timeout))
        if got:
            self._holder, self._count = me, 1
        return got

    def _wait(self, threads: HeldThreads, me: Participant, timeout: float | None) -> bool:
        """Wait until it is left to us."""
        waiter = threads, me
        self._waiting.append(waiter)
        me.lock = self
        try:
            return threads.wait_for(me, lambda: waiter not in self._waiting, timeout)
        except BaseException:
            if self._holder is me:
                self._leave()
            raise
        finally:
            me.lock = None
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def release(self) -> None:
        self._real.release()
        if self._holder is not None:
            self._count -= 1
            if not self._count:
                self._leave()

    def _leave(self) -> None:
        """Leave it to one that waits; to nobody if none does."""
        self._holder, self._count = None, 0
        if self._waiting:
            drawn = self._waiting[0][0].choose(len(self._waiting))
            threads, self._holder = self._waiting.pop(drawn)
            threads.tell(self._holder)

    def locked(self) -> bool:
        return bool(self._real.locked())

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._real._at_fork_reinit()
        self._holder, self._count = None, 0
        self._waiting.clear()


class HeldRLock(HeldLock):
    """`threading.RLock`."""

    def __init__(self, real: Any = None) -> None:
        super().__init__(real_rlock() if real is None else real)

    def locked(self) -> bool:
        if self._real._is_owned() or not self._real.acquire(False):
            return True
        self._real.release()
        return False

    # As conditions use it

    def _is_owned(self) -> bool:
        return bool(self._real._is_owned())

    def _release_save(self) -> tuple[object, int]:
        count, state = self._count, self._real._release_save()
        if self._holder is not None:
            self._leave()
        return state, count

    def _acquire_restore(self, saved: tuple[object, int]) -> None:
        state, count = saved
        self.acquire()
        if self._holder is not None:
            self._count = count
        self._real.release()
        self._real._acquire_restore(state)

    def _recursion_count(self) -> int:  # as multiprocessing uses it
        return int(self._real._recursion_count())


def new_rlock() -> Any:
    """`threading.RLock`."""
    return real_rlock() if _is_ours() else HeldRLock()


# Queues


class HeldQueue:
    """`queue.SimpleQueue`. Its methods may interrupt each other, in finalizers."""

    def __new__(cls, real: Any = None) -> Any:
        return real_queue() if real is None and _is_ours() else super().__new__(cls)

    def __init__(self, real: Any = None) -> None:
        #: the participants of the world that stood then
        self.made_for = _standing[0] if _standing else None
        self._real = real_queue() if real is None else real
        self.was_before = real is not None  #: made before the world, so that others may wait at it
        self._waiting: list[tuple[HeldThreads, Participant]] = []

    def __class_getitem__(cls, of: Any) -> GenericAlias:
        return GenericAlias(cls, of)

    def put(self, item: object, block: bool = True, timeout: float | None = None) -> None:
        held = here() if self.was_before else None
        if held is not None:
            for thread in takers(self, self._real):
                held[0].wait_for_outside(thread)
        self._real.put(item)
        for threads, each in list(self._waiting):  # the first whose turn it is gets it
            threads.tell(each)

    def put_nowait(self, item: object) -> None:
        self.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        threads, me = here() or (that_lets_pass(), None)
        if threads is None or not block:
            if block:
                for each in _standing:
                    each.outside_waits()
            return self._real.get(block, timeout)
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        got: list[object] = []

        def come() -> bool:
            try:
                if not got:
                    got.append(self._real.get_nowait())
            except queue.Empty:
                return False
            return True

        waiter = None if me is None else (threads, me)
        if waiter is not None:
            self._waiting.append(waiter)
        try:
            if not threads.wait_for(me, come, timeout):
                raise queue.Empty
        finally:
            if waiter is not None:
                self._waiting.remove(waiter)
        return got[0]

    def get_nowait(self) -> Any:
        return self._real.get_nowait()

    def qsize(self) -> int:
        return int(self._real.qsize())

    def empty(self) -> bool:
        return bool(self._real.empty())


def takers(held: HeldQueue, real: object) -> list[threading.Thread]:
    """The threads outside that wait at a queue, as far as their innermost frames tell."""
    names = {each.ident: each for each in threading.enumerate()}
    return [
        names[ident]
        for ident, frame in sys._current_frames().items()
        if ident in names
        and not any(threads.is_held(ident) for threads in _standing)
        and ident != threading.get_ident()
        and _names(frame, held, real)
    ]


def _names(frame: FrameType, *queues: object) -> bool:
    """True for the frame of a function that calls ``get`` and has one of these queues."""
    asked = frame.f_code.co_names
    seen = list(frame.f_locals.values())
    for each in seen[:]:
        has = getattr(each, "__dict__", {})
        seen += [has[name] for name in asked if name in has]
    seen += [frame.f_globals[name] for name in asked if name in frame.f_globals]
    return "get" in asked and any(each is queue for each in seen for queue in queues)


# Threads


def start(thread: threading.Thread) -> None:
    """`Thread.start`."""
    held = here()
    if held is None:
        with busy.busy:  # no time passes in the test's thread until it exists
            real_start(thread)
    elif _is_ours() or _serves_processes(thread, sys._getframe(1)):
        held[0].start_outside(thread)
    else:
        held[0].start(thread)


def _serves_processes(thread: threading.Thread, frame: FrameType) -> bool:
    """True for a thread of a pool of processes and the like, which waits for those.

    ``frame`` starts it. A `multiprocessing.pool.ThreadPool` has one that watches its pipes.
    """
    name = str(frame.f_globals.get("__name__"))
    if name == "multiprocessing.pool" and "_handle_workers" not in thread.name:
        kinds = type(frame.f_locals.get("self")).__mro__
        return all(kind.__name__ != "ThreadPool" for kind in kinds)
    return name in OF_PROCESSES


def join(thread: threading.Thread, timeout: float | None = None) -> None:
    """`Thread.join`."""
    for threads in _standing:
        child = threads.child(thread)
        if child is not None and thread is not threading.current_thread():
            me = threads.participant()
            if (me is not None or threads.lets_pass()) and not threads.join(me, child, timeout):
                return
    real_join(thread, timeout)


def submit(pool: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`ThreadPoolExecutor.submit`."""
    held = here()
    if held is None or not args:
        return real_submit(pool, *args, **kwargs)
    threads, me = held
    function, *others = args
    return real_submit(threads.pool(pool), threads.on_behalf(me, function), *others, **kwargs)


def shutdown(pool: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
    """`ThreadPoolExecutor.shutdown`, also of those that play the pool."""
    for threads in list(_standing):
        stand_in = threads.stand_in(pool)
        if stand_in is not None:
            real_shutdown(stand_in, wait, cancel_futures=cancel_futures)
    real_shutdown(pool, wait, cancel_futures=cancel_futures)


def noted(
    real: Callable[..., Any], is_outside: Callable[..., bool] = lambda *_, **__: True
) -> Callable[..., Any]:
    """A function that gives work to the outside. Time stands still until its future is done."""

    @wraps(real)
    def gives_work(*args: Any, **kwargs: Any) -> Any:
        held = here()
        outside = held is not None and is_outside(*args, **kwargs)
        future = real(*args, **kwargs)
        if held is not None and outside:
            held[0].wait_for_future(future)
        return future

    return gives_work


def runs_outside(_coroutine: object, loop: Any) -> bool:
    """True for an event loop that runs in a thread that no handler has started."""
    ident = getattr(loop, "_thread_id", None)  # of asyncio's own
    return ident is not None and not any(threads.is_held(ident) for threads in _standing)


# Event loops


class HeldSelector(real_selector):  # type: ignore[misc,valid-type]
    """`selectors.DefaultSelector`, of an event loop."""

    def __new__(cls) -> Any:
        return real_selector() if _is_ours() else super().__new__(cls)

    def select(self, timeout: float | None = None) -> Any:
        held = here()
        if held is None or (timeout is not None and timeout <= 0):
            return super().select(timeout)
        threads, me = held
        found: Any = []

        def come() -> bool:
            nonlocal found
            found = super(HeldSelector, self).select(0)
            return bool(found)

        with threads.watching(me, self):
            if self.watches_outside() and not come():
                threads.wait_for(me, come, 1 / SECOND)  # those whose moment this is go first
                if not found:
                    found = super().select(OUTSIDE if timeout is None else min(timeout, OUTSIDE))
            if not found:
                threads.wait_for(me, come, timeout)
        return found

    def watches_outside(self) -> bool:
        """True if it watches more than an event loop's own pipe."""
        return len(self.get_map()) > 1

    def has_news(self, seconds: float | None = 0.0) -> bool:
        """True if there is something to select within that many real seconds."""
        return bool(super().select(seconds))


# Clocks


def sleep(seconds: float) -> None:
    """`time.sleep`. (A module that is imported meanwhile keeps it, and has it in later worlds.)"""
    held = None if is_outside(sys._getframe(1)) else here()
    if held is None:
        tricks.real_sleep(seconds)
    else:
        held[0].sleep(seconds + 0.0)  # a TypeError for None


def seconds() -> float:
    """`time.monotonic`, where `threading` and `queue` count how long they have waited."""
    held = here()
    return real_monotonic() if held is None else held[0].seconds()


def precise(name: Any) -> Any:
    """`time.get_clock_info`: an event loop takes what is due within that resolution."""
    info = real_clock_info(name)
    return info if here() is None else SimpleNamespace(**vars(info) | {"resolution": 1 / SECOND})
