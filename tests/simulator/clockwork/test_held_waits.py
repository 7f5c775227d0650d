"""Whatever Python has to wait on takes the simulated time that it says, in a handler's threads."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import Any

import pytest

from tests.simulator.clockwork.test_held_threads import returned, sleeps
from tests.support.peer import PATIENCE

#: Made before any switch.
POOL, LOCK, AGAIN = ThreadPoolExecutor(2), threading.Lock(), threading.RLock()
EARLY: queue.SimpleQueue[int] = queue.SimpleQueue()


def later(seconds: float, work: Callable[[], object]) -> None:
    threading.Timer(seconds, work).start()


def a_timer() -> list[str]:
    said: list[str] = []
    timer = threading.Timer(3.0, said.append, ["now"])
    timer.start()
    timer.join()
    return said


def an_event() -> bool:
    event = threading.Event()
    later(1.5, event.set)
    return event.wait(10)


def an_event_that_never_comes() -> bool:
    return threading.Event().wait(2.5)


def a_condition() -> bool:
    condition, made = threading.Condition(), list[int]()

    def make() -> None:
        for number in range(3):
            time.sleep(1.0)
            with condition:
                made.append(number)
                condition.notify()

    threading.Thread(target=make).start()
    with condition:
        return condition.wait_for(lambda: len(made) == 3, timeout=10)


def a_barrier() -> list[float]:
    barrier, passed = threading.Barrier(3), list[float]()

    def work(seconds: float) -> None:
        time.sleep(seconds)
        barrier.wait()
        passed.append(time.monotonic())

    run_all(work, 1.0, 2.0, 3.0)
    return [passed[0] - each for each in passed]


def run_all(work: Callable[[Any], object], *arguments: object) -> None:
    threads = [threading.Thread(target=work, args=(each,)) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def holds_in_turn(lock: Any) -> None:
    def work(seconds: float) -> None:
        with lock:
            time.sleep(seconds)

    run_all(work, 1.0, 1.0, 1.0)


def a_semaphore() -> None:
    holds_in_turn(threading.BoundedSemaphore(2))


def a_lock() -> None:
    holds_in_turn(threading.Lock())


def a_lock_of_the_modules() -> None:
    holds_in_turn(LOCK)


def a_reentrant_lock_of_the_modules() -> None:
    with AGAIN:
        later(1.0, lambda: holds_in_turn(AGAIN))
        with AGAIN:
            time.sleep(2.0)
    time.sleep(1.0)
    with AGAIN:
        pass


def a_lock_that_is_held_too_long() -> bool:
    lock = threading.Lock()
    later(0.0, lock.acquire)
    time.sleep(0.5)
    return lock.acquire(timeout=1.0)


def a_condition_in_a_condition() -> None:
    condition = threading.Condition()

    def work(seconds: float) -> None:
        with condition, condition:
            condition.wait(seconds)
            time.sleep(seconds)

    run_all(work, 1.0, 1.0)


def a_bounded_queue() -> list[int]:
    jobs: queue.Queue[int] = queue.Queue(maxsize=2)
    done: list[int] = []

    def work() -> None:
        while True:
            try:
                done.append(jobs.get(timeout=5.0))
            except queue.Empty:
                return
            time.sleep(0.5)
            jobs.task_done()

    threading.Thread(target=work).start()
    for job in range(5):
        jobs.put(job)
    jobs.join()
    return done


def simple_queues() -> list[int]:
    late: queue.SimpleQueue[int] = queue.SimpleQueue()
    later(1.25, lambda: late.put(1))
    later(1.5, lambda: EARLY.put(2))
    with pytest.raises(queue.Empty):
        late.get(timeout=1.0)
    return [late.get(), EARLY.get(timeout=10.0)]


def a_future_that_is_late() -> None:
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 3.0)
        with pytest.raises(futures.TimeoutError):
            future.result(timeout=1.0)


def a_pool_of_before() -> list[float]:
    return list(POOL.map(sleeps, [1.0, 2.0, 2.0]))


def futures_as_they_complete() -> list[float]:
    with ThreadPoolExecutor(3) as pool:
        begun = {pool.submit(time.sleep, seconds): seconds for seconds in (3.0, 1.0, 2.0)}
        done, _ = futures.wait(begun, timeout=1.5)
        with pytest.raises(futures.TimeoutError):
            [*futures.as_completed(begun, timeout=1.0)]
        return [begun[each] for each in done]


def another_kind_of_pool() -> list[float]:
    with ThreadPool(2) as pool:
        return pool.map(sleeps, [1.0, 1.0])


def an_event_loop() -> Any:
    async def main() -> Any:
        await asyncio.sleep(1.0)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(5.0), 0.5)
        in_thread = asyncio.to_thread(sleeps, 0.7)
        return await asyncio.gather(asyncio.sleep(0.3, 1), in_thread)

    return asyncio.run(main())


def an_event_loop_in_a_thread() -> Any:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    answer = asyncio.run_coroutine_threadsafe(asyncio.sleep(2.0, "gold"), loop).result(timeout=5.0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    return answer


def asks_again_and_again() -> None:
    done = threading.Event()
    later(0.00001, done.set)
    while not done.wait(0):
        pass


@pytest.mark.parametrize(
    ("work", "expected", "seconds"),
    [
        (a_timer, ["now"], 3.0),
        (an_event, True, 1.5),
        (an_event_that_never_comes, False, 2.5),
        (a_condition, True, 3.0),
        (a_barrier, [0.0, 0.0, 0.0], 3.0),
        (a_semaphore, None, 2.0),
        (a_lock, None, 3.0),
        (a_lock_of_the_modules, None, 3.0),
        (a_reentrant_lock_of_the_modules, None, 5.0),
        (a_lock_that_is_held_too_long, False, 1.5),
        (a_condition_in_a_condition, None, 3.0),
        (a_bounded_queue, [0, 1, 2, 3, 4], 2.5),
        (simple_queues, [1, 2], 1.5),
        (a_future_that_is_late, None, 3.0),
        (a_pool_of_before, [1.0, 2.0, 2.0], 3.0),
        (futures_as_they_complete, [1.0], 3.0),
        (another_kind_of_pool, [1.0, 1.0], 1.0),
        (an_event_loop, [1, 0.7], 2.2),
        (an_event_loop_in_a_thread, "gold", 2.0),
        (asks_again_and_again, None, 0.00001),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_wait_takes_simulated_time(
    work: Callable[[], object], expected: object, seconds: float
) -> None:
    assert returned(lambda _: work(), patience=PATIENCE) == (expected, seconds)
