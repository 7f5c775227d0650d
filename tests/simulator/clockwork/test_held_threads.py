"""Threads that a handler starts are in virtual time, and take turns that the seed draws."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eslsync import Hangup, Session
from simulator import Call, FreeSwitch, SimulationError, explore, sweep
from simulator.calling.freeswitch import simulation_of
from tests.support.patience import lose_patience

HOLD = {"moh/music": 600.0}


def returned(work: Callable[[Session], object], seed: int = 0, **options: Any) -> tuple[Any, float]:
    """What ``work`` returns in a handler, and the simulated seconds that it takes."""
    done: list[tuple[Any, float]] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        began = time.monotonic()
        done.append((work(session), round(time.monotonic() - began, 6)))
        session.channel.hangup()

    with FreeSwitch(seed=seed, **options) as switch:
        switch.call(handler).wait()
    [result] = done
    return result


def sleeps(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def look_up() -> str:
    time.sleep(2.0)
    return "gold"


def looks_up_the_caller(session: Session) -> None:
    channel = session.channel
    channel.answer()
    with ThreadPoolExecutor(2) as pool:
        kind = pool.submit(look_up)
        channel.playback("moh/music", block=False)
        tier = kind.result()
    channel.execute("break")
    channel.playback(f"ivr/{tier}")
    channel.hangup()


def test_a_look_up_in_a_pool_takes_its_time_of_the_call_while_music_plays() -> None:
    with FreeSwitch(prompts=HOLD) as switch:
        call = switch.call(looks_up_the_caller)
        call.hear("moh/music", start=True)
        began = switch.now
        call.hear("ivr/gold", start=True)
        assert switch.now - began == pytest.approx(2.0, abs=0.03)
        call.wait()
    assert call.heard == ["moh/music", "ivr/gold"]


def test_a_caller_may_hang_up_while_the_pool_works() -> None:
    ended: list[str] = []

    def handler(session: Session) -> None:
        try:
            looks_up_the_caller(session)
        except Hangup:
            ended.append(f"after {session.channel.leg.hangup_event is not None}")

    with FreeSwitch(prompts=HOLD) as switch:
        call = switch.call(handler)
        call.hear("moh/music", start=True)
        call.say_nothing(1.0)
        call.hangup()
        call.wait()
        assert call.duration == pytest.approx(1.04, abs=0.01)
    assert ended == ["after True"]


def waits(call: Call) -> None:
    call.wait()


def test_a_sweep_goes_over_the_points_of_a_look_up() -> None:
    result = sweep(waits, looks_up_the_caller, prompts=HOLD, every=4)
    assert result.outcomes
    assert not result.wrong, str(result)


def test_an_exploration_hangs_up_during_a_look_up() -> None:
    exploration = explore(looks_up_the_caller, keys="1", circumstances=[{"prompts": HOLD}])
    assert not exploration.findings, str(exploration)
    assert exploration.complete


def four_workers(_: Session) -> list[str]:
    jobs: queue.Queue[int | None] = queue.Queue()
    log: list[str] = []

    def work(name: str) -> None:
        while (job := jobs.get()) is not None:
            log.append(f"{name} begins {job}")
            time.sleep(0.1 * (job % 3))
            log.append(f"{name} ends {job}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for job in [*range(8), *[None] * 4]:
        jobs.put(job)
    for thread in threads:
        thread.join()
    return log


def test_the_seed_decides_whose_turn_it_is() -> None:
    logs = [returned(four_workers, seed) for seed in range(10)]
    assert len({str(log) for log, _ in logs}) == 10
    assert {seconds for _, seconds in logs} <= {0.2, 0.3, 0.4}
    assert returned(four_workers, 3) == logs[3]


def test_a_thread_sends_commands_and_gets_replies() -> None:
    def asks(session: Session) -> list[str | None]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(session.getvar, ["caller_id_number", "destination_number"]))

    assert returned(asks) == (["1001", "5000"], 0.0)


def test_a_thread_of_the_handlers_tells_the_calls_time() -> None:
    def asks_for_the_time(_: Session) -> list[float]:
        seen: list[float] = []
        thread = threading.Thread(target=lambda: seen.append(time.monotonic()))
        before = time.monotonic()
        thread.start()
        thread.join()
        return [each - before for each in seen]

    assert returned(asks_for_the_time) == ([0.0], 0.0)


def test_an_exception_in_a_thread_fails_the_call() -> None:
    def fails(_: Session) -> None:
        threading.Thread(target={}.__getitem__, args=("missing",)).start()
        time.sleep(1.0)

    with pytest.raises(KeyError, match="missing"):
        returned(fails)


def two_locks(_: Session) -> None:
    one, other = threading.Lock(), threading.Lock()

    def work() -> None:
        with other:
            time.sleep(0.1)
            with one:
                pass

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    with one:
        time.sleep(0.1)
        with other:
            pass


def waits_for_nobody(_: Session) -> None:
    lose_patience(0.1)
    queue.Queue[int]().get()


@pytest.mark.parametrize(
    ("work", "lines"),
    [
        (two_locks, ["with one:", "with other:", "worker waits"]),
        # at once, too, if no thread of the outside is left that might put something
        (waits_for_nobody, ["queue.Queue[int]().get()"]),
    ],
)
def test_threads_that_wait_for_each_other_are_told_at_once(
    work: Callable[[Session], None], lines: list[str]
) -> None:
    with pytest.raises(SimulationError) as raised:
        returned(work, patience=None)
    assert "wait for each other" in str(raised.value)
    for line in lines:
        assert line in str(raised.value)


def test_the_tests_thread_lets_time_pass_while_it_waits_for_a_handlers_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simulator.clockwork.held_waits.OUTSIDE", 0.1)
    saved = threading.Event()
    saving: list[threading.Thread] = []

    def save() -> None:
        time.sleep(3600)
        saved.set()
        time.sleep(60)

    def handler(_: Session) -> None:
        saving.append(threading.Thread(target=save))
        saving[0].start()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.wait()
        began = switch.now
        assert not saved.wait(60)
        assert saved.wait(3600)
        saving[0].join()
        assert switch.now - began == pytest.approx(3660, abs=1)


def test_what_a_handler_leaves_waiting_is_ended_and_told() -> None:
    ended: list[str] = []
    never = threading.Event()

    def left_over(name: str) -> None:
        try:
            never.wait()
        finally:
            ended.append(name)

    def handler(_: Session) -> None:
        for name in ("first", "second"):
            threading.Thread(target=left_over, args=(name,), name=name, daemon=True).start()

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert ended == ["first", "second"]
    left = simulation_of(switch).left
    assert [each.name for each in left] == ["first", "second"]
    assert "never.wait()" in [frame.line for frame in left[0].stack]
    [outcome, *_] = sweep(waits, handler, faults=["hangup"]).wrong
    assert outcome.wrong == "left behind: first, second"
