"""What is replaced while a world stands, and what stays real."""

from __future__ import annotations

import asyncio
import queue
import selectors
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from typing import Any, ClassVar

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.clockwork import held_waits
from tests.simulator.clockwork.test_held_threads import returned
from tests.support.peer import PATIENCE

LOCK = threading.Lock()


@dataclass(frozen=True)
class Bank:
    """Asks one thing after the other."""

    between_calls: Any = field(default_factory=threading.Lock)
    between_all: ClassVar[Any] = threading.RLock()

    def ask(self, seconds: float) -> None:
        with self.between_calls, self.between_all:
            time.sleep(seconds)


BANK = Bank()


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


def asks_a_thread() -> int:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(abs, -5).result()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_forked_child_waits_for_is_real() -> None:
    def asks(_: Session) -> int:
        with ProcessPoolExecutor(1, get_context("fork")) as pool:
            return pool.submit(asks_a_thread).result()

    assert returned(asks, patience=PATIENCE) == (5, 0.0)


def test_time_stands_still_for_a_thread_outside_until_it_has_ended() -> None:
    asked: queue.Queue[int] = queue.Queue()

    def outside() -> None:
        seen.append(asked.get())

    seen: list[int] = []
    worker = threading.Thread(target=outside)
    worker.start()

    def asks(_: Session) -> list[int]:
        asked.put(7)
        time.sleep(1.0)
        return seen

    assert returned(asks) == ([7], 1.0)
    worker.join()
