"""Calls made by other processes: those of a pool here, or of any executor, on other machines too.

Each process keeps what it needs for an exploration: the handler's code, and a `Caller`. A pool of
our own gets it as it starts; other executors get it with each task, as bytes, and look into them
once.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from ..calling.servers import in_succession
from ..clockwork.frozen import standing_still
from .attempts import Attempt, AttemptOutcome
from .caller import Caller
from .handlers import Explored

__all__ = ["Calling", "Equipment", "on", "pool"]

#: Attempts given to a process at once.
CHUNK = 4

#: Makes attempts; the outcomes come in their order.
Calling = Callable[[Sequence[Attempt]], Iterator[AttemptOutcome]]


@dataclass(frozen=True)
class Equipment:
    """What a process needs to make calls."""

    explored: Explored
    caller: Callable[[], Caller]
    start: Any  #: when calls begin, if a script says


@contextmanager
def pool(equipment: Equipment, workers: int) -> Iterator[Calling]:
    """Make calls in so many processes of our own."""
    # A forked child has no other threads, and locks that they held stay locked.
    alone = threading.active_count() == 1
    copies = sys.platform == "linux" and alone
    if copies:
        with standing_still(equipment.start):
            pass  # its first beginning takes longest: now the copies needn't
    context = multiprocessing.get_context("fork" if copies else "spawn")
    number = context.Value("i", 0)
    executor = ProcessPoolExecutor(
        workers, context, initializer=_begin, initargs=(equipment, number)
    )
    try:
        yield lambda attempts: executor.map(_make_here, attempts, chunksize=CHUNK)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def on(executor: Executor, equipment: Equipment) -> Iterator[Calling]:
    """Make calls on an executor that somebody else starts and ends."""
    name = f"{os.getpid()}-{os.urandom(8).hex()}"
    packed = pickle.dumps(equipment)

    def calling(attempts: Sequence[Attempt]) -> Iterator[AttemptOutcome]:
        chunks = [attempts[at : at + CHUNK] for at in range(0, len(attempts), CHUNK)]
        futures = [executor.submit(_make_anywhere, name, packed, chunk) for chunk in chunks]
        try:
            for future in futures:
                yield from future.result()
        finally:
            for future in futures:
                future.cancel()

    try:
        yield calling
    finally:
        _let_go(name)  # if it has threads of this process


# In a worker process

_callers: list[Caller] = []
#: What holds until the process ends.
_meanwhile = ExitStack()


def _begin(equipment: Equipment, number: Any) -> None:
    with number.get_lock():
        mine = number.value
        number.value += 1
    if hasattr(os, "sched_setaffinity"):
        # Only one of a call's threads runs at a time: switching between cores costs more.
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[mine % len(cores)]})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process stops this one
    _meanwhile.enter_context(equipment.explored.probing())
    _callers.append(equipment.caller())
    _meanwhile.enter_context(in_succession(equipment.start))


def _make_here(attempt: Attempt) -> AttemptOutcome:
    return _callers[0].make(attempt)


# In a process of somebody else's executor


class _Child:
    """A process that makes calls, below one that is somebody else's.

    Calls set clocks, and a handler may end its process: neither is for a process in which others
    work, too. It ends with its parent, or when that makes calls of another exploration.
    """

    def __init__(self, name: str, packed: bytes) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        self._send(packed)

    def _send(self, packed: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(packed)
        self._process.stdin.flush()

    def make(self, attempts: Sequence[Attempt]) -> list[AttemptOutcome]:
        """Make the attempts. Raises BrokenExecutor if the process dies of one."""
        self._send(pickle.dumps(attempts))
        assert self._process.stdout is not None
        try:
            outcomes: list[AttemptOutcome] = pickle.load(self._process.stdout)
        except EOFError:
            self.end()
            raise BrokenExecutor("a process that makes calls died") from None
        return outcomes

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


#: Those that have nothing to do, of the last exploration.
_idle: list[_Child] = []
_lock = threading.Lock()


def _make_anywhere(name: str, packed: bytes, attempts: Sequence[Attempt]) -> list[AttemptOutcome]:
    _let_go(*{each.name for each in _idle if each.name != name})
    with _lock:
        child = _idle.pop() if _idle else _Child(name, packed)
    outcomes = child.make(attempts)
    with _lock:
        _idle.append(child)
    return outcomes


def _let_go(*names: str) -> None:
    """End the processes of these explorations."""
    with _lock:
        for child in [each for each in _idle if each.name in names]:
            _idle.remove(child)
            child.end()


def _serve() -> None:
    """The child: make what comes, until nothing comes any more."""
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a handler prints
    equipment: Equipment = pickle.load(asked)
    caller = equipment.caller()
    caller.tells_all = True  # tasks may be done in any order, and a process may be lost
    with equipment.explored.probing(), in_succession(equipment.start):
        while True:
            try:
                attempts: Sequence[Attempt] = pickle.load(asked)
            except EOFError:  # the other process has ended, or lets go of this one
                return
            pickle.dump([caller.make(attempt) for attempt in attempts], told)
            told.flush()


if __name__ == "__main__":
    from simulator.exploring import spreading

    spreading._serve()
