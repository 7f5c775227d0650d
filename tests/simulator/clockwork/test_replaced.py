"""What is replaced while a world stands, and what stays real."""

from __future__ import annotations

import asyncio
import linecache
import queue
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import connection, get_context
from types import ModuleType
from typing import Any, ClassVar

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.clockwork import held_waits
from tests.simulator.clockwork.test_held_threads import returned
from tests.support.peer import PATIENCE

LOCK = threading.Lock()
QUESTIONS: queue.SimpleQueue[Any] = queue.SimpleQueue()


@dataclass(frozen=True)
class Bank:
    """Asks one thing after the other."""

    between_calls: Any = field(default_factory=threading.Lock)
    between_all: ClassVar[Any] = threading.RLock()

    def ask(self, seconds: float) -> None:
        with self.between_calls, self.between_all:
            time.sleep(seconds)


BANK = Bank()


@dataclass
class Row:
    """Has a lock of its own."""

    lock: Any = field(default_factory=threading.Lock)


class Letters:
    """Waits for a letter, by a condition of its own lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.come = threading.Condition(self.lock)
        self.letters: list[str] = []

    def put(self, letter: str) -> None:
        with self.lock:
            self.letters.append(letter)
            self.come.notify()

    def get(self) -> str:
        with self.lock:
            while not self.letters:
                self.come.wait()
            return self.letters.pop()

    @cached_property
    def address(self) -> str:
        time.sleep(1.0)
        return "ada"


LETTERS = Letters()
BY_NAME: defaultdict[str, Any] = defaultdict(threading.Lock)


def what_waits() -> list[object]:
    return [
        LOCK,
        threading.Lock,
        threading.RLock,
        threading.Condition.wait,
        threading.Thread.start,
        threading.Thread.join,
        queue.SimpleQueue,
        selectors.DefaultSelector,
        time.sleep,
        time.get_clock_info,
    ]


def test_everything_is_replaced_while_a_switch_stands_and_no_longer() -> None:
    before = what_waits()
    with FreeSwitch():
        meanwhile = what_waits()
    assert all(one is not other for one, other in zip(before, meanwhile, strict=True))
    assert what_waits() == before


def test_a_lock_of_before_that_an_object_has_is_in_simulated_time() -> None:
    def asks_twice(_: Session) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(BANK.ask, [1.0, 2.0]))

    before = vars(BANK).copy()
    assert returned(asks_twice) == (None, 3.0)
    assert vars(BANK) == before


def test_a_lock_is_in_simulated_time_between_two_calls_that_start_no_thread() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        BANK.ask(1.0)
        session.channel.hangup()

    with FreeSwitch(patience=PATIENCE) as switch:
        calls = [switch.call(handler), switch.call(handler)]
        for call in calls:
            call.wait()
    assert sorted(round(call.duration) for call in calls) == [1, 2]


def test_two_calls_want_a_cached_property_at_once() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(LETTERS.address)
        session.channel.hangup()

    with FreeSwitch(patience=PATIENCE) as switch:
        for call in [switch.call(handler), switch.call(handler)]:
            call.wait()
            assert call.heard == ["ada"]
    del LETTERS.address


def test_a_condition_has_the_lock_that_is_in_simulated_time() -> None:
    def gets_one(_: Session) -> str:
        threading.Timer(1.0, LETTERS.put, ["a"]).start()
        return LETTERS.get()

    before = vars(LETTERS.come).copy()
    assert returned(gets_one, patience=PATIENCE) == ("a", 1.0)
    assert vars(LETTERS.come) == before


@pytest.mark.parametrize("made", [lambda: BY_NAME["ada"], lambda: Row().lock])
def test_what_makes_locks_of_before_makes_those_of_simulated_time(made: Callable[[], Any]) -> None:
    def holds(lock: Any) -> None:
        with lock:
            time.sleep(1.0)

    def two_hold_one(_: Session) -> None:
        lock = made()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(holds, [lock, lock]))

    assert returned(two_hold_one, patience=PATIENCE) == (None, 2.0)
    BY_NAME.clear()
    assert BY_NAME.default_factory is threading.Lock
    assert type(Row().lock) is type(threading.Lock())


def test_a_module_that_a_handler_imports_sleeps_in_simulated_time_in_later_worlds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("crm")

    def imports_it(_: Session) -> None:
        if "crm" not in sys.modules:
            monkeypatch.setitem(sys.modules, "crm", module)
            exec("from time import sleep", vars(module))
        module.sleep(2.0)

    assert [returned(imports_it) for _ in range(2)] == [(None, 2.0)] * 2


def test_of_two_switches_each_has_its_threads_in_its_time() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(time.sleep, 2.0).result()
        time.sleep(1.0)
        threading.Event().wait(1.0)
        session.channel.hangup()

    with FreeSwitch() as outer:
        first = outer.call(handler)
        with FreeSwitch() as inner:
            calls = [inner.call(handler), first]
            for call in calls:
                call.wait()
        calls.append(outer.call(handler))
        calls[-1].wait()
    assert [round(call.duration) for call in calls] == [4, 4, 4]


def test_an_rlock_can_be_asked_how_often_it_is_held() -> None:
    def asks(_: Session) -> object:
        with (lock := threading.RLock()), lock:
            return lock._recursion_count()  # type: ignore[attr-defined,unused-ignore]

    if hasattr(threading.RLock(), "_recursion_count"):
        assert returned(asks) == (2, 0.0)


def test_the_tests_own_pool_is_waited_for_while_a_handler_has_threads() -> None:
    over = threading.Event()

    def leaves_one(session: Session) -> None:
        session.channel.answer()
        threading.Thread(target=over.wait).start()
        session.channel.hangup()

    with ThreadPoolExecutor(1) as own, FreeSwitch() as switch:
        switch.call(leaves_one).wait()
        asked, told = threading.Event(), threading.Event()

        def outside() -> str:
            asked.set()
            told.wait()
            return "done"

        work = own.submit(outside)
        assert asked.wait(PATIENCE)
        told.set()
        assert work.result(PATIENCE) == "done"
        over.set()


def test_a_process_is_waited_for_in_real_time() -> None:
    def runs_two(_: Session) -> bytes:
        command = [sys.executable, "-S", "-c", "import time; time.sleep(0.01); print(5)"]
        subprocess.run(command, timeout=PATIENCE, check=True, stdout=subprocess.DEVNULL)
        return subprocess.run(command, timeout=PATIENCE, check=True, capture_output=True).stdout

    assert returned(runs_two, patience=PATIENCE) == (b"5\n", 0.0)


def test_a_process_that_takes_too_long_is_given_up_in_real_time() -> None:
    def gives_up(_: Session) -> None:
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.02)

    assert returned(gives_up, patience=PATIENCE) == (None, 0.0)


def test_a_pipe_is_waited_for_in_real_time() -> None:
    def polls(_: Session) -> bool:
        ours, theirs = connection.Pipe()
        with ours, theirs:
            return ours.poll(0.02)

    assert returned(polls) == (False, 0.0)


def really_until(condition: Callable[[], object]) -> None:
    """Wait in a handler until something holds, really: no simulated time passes."""
    while not condition():
        pass


def waiters(asked: queue.Queue[int]) -> object:
    """The threads that wait for an item. Time stands still for one that has one put there."""
    return asked.not_empty._waiters  # type: ignore[attr-defined]


def waits_in_c(thread: threading.Thread) -> bool:
    """True if a thread outside waits again at a queue that is written in C, as far as it shows."""
    frame = sys._current_frames()[thread.ident or 0]
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno or 0)
    return "return self._real.get(block" in line


def test_threads_outside_wait_really_on_the_same_objects() -> None:
    asked: queue.Queue[int] = queue.Queue()
    answers: queue.Queue[int] = queue.Queue()

    def outside() -> None:
        while (number := asked.get()) >= 0:
            with LOCK:
                answers.put(number + 1)

    worker = threading.Thread(target=outside)
    worker.start()

    def asks(session: Session) -> list[int]:
        session.channel.playback("music", block=False)  # time could pass
        said = []
        for number in range(3):
            really_until(lambda: waiters(asked))
            with LOCK:
                asked.put(number)
            said.append(answers.get())
        return said

    try:
        assert returned(asks) == ([1, 2, 3], 0.0)
    finally:
        asked.put(-1)
        worker.join()


def test_an_event_loop_waits_for_its_sockets_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_waits, "OUTSIDE", 0.01)
    ours, theirs = socket.socketpair()

    async def main() -> tuple[bytes, object]:
        reader, writer = await asyncio.open_connection(sock=ours)
        threading.Timer(1.0, theirs.sendall, [b"gold"]).start()
        slept = asyncio.create_task(asyncio.sleep(2.0, "slept"))
        answer = await reader.read(4)
        result = answer, await slept
        writer.close()
        return result

    with theirs:
        assert returned(lambda _: asyncio.run(main()))[0] == (b"gold", "slept")


def test_time_stands_still_for_an_event_loop_in_another_thread() -> None:
    loop = asyncio.new_event_loop()
    worker = threading.Thread(target=loop.run_forever)
    worker.start()

    async def answer() -> str:
        return "gold"

    def asks(session: Session) -> str:
        session.channel.playback("music", block=False)  # time could pass
        return asyncio.run_coroutine_threadsafe(answer(), loop).result(timeout=0.1)

    try:
        assert returned(asks) == ("gold", 0.0)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        worker.join()
        loop.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_time_stands_still_for_a_pool_of_processes() -> None:
    def asks(session: Session) -> int:
        session.channel.playback("music", block=False)  # time could pass
        with ProcessPoolExecutor(1, get_context("fork")) as pool:
            return pool.submit(abs, -5).result()

    assert returned(asks, patience=PATIENCE) == (5, 0.0)


def asks_a_thread_and_the_time() -> bool:
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 0.001).result()
    return time.monotonic() > began


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_forked_child_waits_for_is_real() -> None:
    def asks(_: Session) -> bool:
        with ProcessPoolExecutor(1, get_context("fork")) as pool:
            return pool.submit(asks_a_thread_and_the_time).result()

    assert returned(asks, patience=PATIENCE) == (True, 0.0)


def test_time_stands_still_for_a_thread_outside_that_waits_at_a_queue_written_in_c() -> None:
    def outside() -> None:
        while (item := QUESTIONS.get()) is not None:
            number, answer = item
            answer.put(sum(range(100_000)) * 0 + 2 * number)

    def asks(_: Session) -> list[int]:
        answers = []
        for number in range(3):
            answer: queue.SimpleQueue[int] = queue.SimpleQueue()
            really_until(lambda: number == 0 or waits_in_c(worker))  # noqa: B023
            QUESTIONS.put((number, answer))
            answers.append(answer.get(timeout=5.0))
        return answers

    worker = threading.Thread(target=outside)
    worker.start()
    try:
        assert returned(asks) == ([0, 2, 4], 0.0)
    finally:
        QUESTIONS.put(None)
        worker.join()


def test_time_stands_still_for_a_thread_outside_until_it_has_ended() -> None:
    asked: queue.Queue[int] = queue.Queue()

    def outside() -> None:
        seen.append(asked.get())

    seen: list[int] = []
    worker = threading.Thread(target=outside)
    worker.start()

    def asks(_: Session) -> list[int]:
        really_until(lambda: waiters(asked))
        asked.put(7)
        time.sleep(1.0)
        return seen

    assert returned(asks) == ([7], 1.0)
    worker.join()
