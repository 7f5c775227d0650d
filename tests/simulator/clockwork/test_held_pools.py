"""Pools that were made before a world do their work in it, again and again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from eslsync import Session
from simulator import FreeSwitch
from simulator.calling.freeswitch import simulation_of
from tests.simulator.clockwork.test_held_threads import returned, sleeps

BEFORE = ThreadPoolExecutor(1)


def sleeps_twice(pool: ThreadPoolExecutor) -> int:
    return len(list(pool.map(time.sleep, [1.0, 1.0])))


def test_a_pool_of_before_has_as_many_threads_in_each_world_and_leaves_none() -> None:
    for _ in range(2):
        assert returned(lambda _: sleeps_twice(BEFORE)) == (2, 2.0)

    def handler(_: Session) -> None:
        sleeps_twice(BEFORE)

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert simulation_of(switch).left == []


def test_a_pool_of_an_earlier_call_does_the_work_of_the_next() -> None:
    kept: list[ThreadPoolExecutor] = []

    def uses_one_pool(_: Session) -> int:
        if not kept:
            kept.append(ThreadPoolExecutor(2))
        return sleeps_twice(kept[0])

    assert [returned(uses_one_pool), returned(uses_one_pool)] == [(2, 1.0), (2, 1.0)]


def test_a_pool_without_a_size_has_the_same_on_every_machine() -> None:
    def fills_it(_: Session) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(time.sleep, [1.0] * 9))

    assert returned(fills_it) == (None, 2.0)


def test_whoever_shuts_a_pool_of_before_down_waits_for_its_work() -> None:
    done: list[float] = []
    pool = ThreadPoolExecutor(1)

    def works() -> None:
        done.append(sleeps(1.0))

    def shuts_it_down(_: Session) -> list[float]:
        with pool:
            pool.submit(works)
        return done

    assert returned(shuts_it_down) == ([1.0], 1.0)
