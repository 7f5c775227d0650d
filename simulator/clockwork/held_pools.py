"""Pools of threads: in each world, one that was made before is played by another of its size.

Its own threads belong to no world, or to one that has ended.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import thread as thread_pools
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from eslsync.stacks import users_stack

__all__ = ["Pools", "make", "real_shutdown", "real_submit"]

real_init, real_submit = ThreadPoolExecutor.__init__, ThreadPoolExecutor.submit
real_shutdown = ThreadPoolExecutor.shutdown

#: What a pool's threads begin with; from Python 3.14 on, what makes that, and their tasks.
BEGIN = ("_initializer", "_initargs", "_create_worker_context", "_resolve_work_item_task")
#: The threads of a pool that is given no number, which else depends on the machine's processors.
DEFAULT_SIZE = 8


def make(pool: Any, max_workers: int | None = None, *args: Any, **kwargs: Any) -> None:
    """`ThreadPoolExecutor.__init__`."""
    real_init(pool, DEFAULT_SIZE if max_workers is None else max_workers, *args, **kwargs)


class Pools:
    """The pools that the participants of one world use. ``made_for`` is in their own queues."""

    def __init__(self, made_for: object) -> None:
        self._made_for = made_for
        self._used: WeakSet[Any] = WeakSet()
        self._closed: list[Any] = []  # by `close`
        self._stand_ins: WeakKeyDictionary[ThreadPoolExecutor, Any] = WeakKeyDictionary()

    def playing(self, pool: Any) -> Any:
        """The pool that does the work of ``pool`` in this world."""
        if pool._shutdown:
            return pool
        if getattr(pool._work_queue, "made_for", None) is not self._made_for:
            if pool not in self._stand_ins:
                self._stand_ins[pool] = made_like(
                    pool, ThreadPoolExecutor.__new__(ThreadPoolExecutor)
                )
            pool = self._stand_ins[pool]
        self._used.add(pool)
        return pool

    def stand_in(self, pool: Any) -> Any:
        """The pool that plays ``pool``; None if it plays itself, or has nothing to do."""
        return self._stand_ins.get(pool)

    def close(self) -> set[threading.Thread]:
        """Have the threads end once they have done what they are doing.

        Returns those of pools of before that do nothing.
        """
        idle: set[threading.Thread] = set()
        for stand_in in self._stand_ins.values():
            if not stand_in._work_queue.qsize():
                idle.update(filter(is_idle, stand_in._threads))
        self._closed = [pool for pool in self._used if not pool._shutdown]
        for pool in self._closed:
            pool.shutdown(wait=False, cancel_futures=True)
        return idle

    def reopen(self) -> None:
        """Have the pools as they were made, once their threads have ended."""
        for pool in self._closed:
            made_like(pool, pool)


def made_like(pool: Any, new: Any) -> Any:
    """Make ``new`` as ``pool`` was made; return it."""
    begin = {name: vars(pool)[name] for name in BEGIN if name in vars(pool)}
    real_init(new, pool._max_workers, pool._thread_name_prefix)
    vars(new).update(begin)
    return new


def is_idle(thread: threading.Thread) -> bool:
    """True if a thread of a pool runs nothing but the pool's own code."""
    files = {frame.filename for frame in users_stack(thread)}
    return files <= {thread_pools.__file__, threading.__file__}
