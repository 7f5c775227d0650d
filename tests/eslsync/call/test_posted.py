"""Other threads wake a handler: `Session.post`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full
from typing import Any

import pytest

from eslsync import Event, Hangup, Outbound, Session, TimeoutError
from eslsync.bounds import POSTS
from eslsync.call import posted
from simulator import Call, FreeSwitch
from tests.support.peer import PATIENCE, call
from tests.support.servers import in_another_thread

MUSIC = {"moh/music": 600.0}


def simulated(
    handler: Callable[[Session], object],
    then: Callable[[Call, Session], object] = lambda call, session: None,
    **options: Any,
) -> Call:
    """A simulated call; ``then`` is what the test does once the handler waits."""
    sessions: list[Session] = []

    def kept(session: Session) -> None:
        sessions.append(session)
        session.channel.answer()
        handler(session)

    with FreeSwitch(prompts=MUSIC) as switch:
        made = switch.call(Outbound(kept, **options))
        made.expect("answer")
        made.say_nothing(1)
        then(made, sessions[0])
        made.wait(timeout=600)
    return made


@pytest.mark.parametrize("options", [{}, {"events": False}, {"events": ["DTMF"]}])
def test_a_posted_value_ends_a_wait(options: dict[str, Any]) -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        event = session.wait("POSTED", timeout=100)
        got.append((event.value, event.name, event.uuid == session.uuid))

    def then(made: Call, session: Session) -> None:
        made.say_nothing(30)
        assert session.waiting_for == "POSTED"
        assert session.post({"paid": 5})

    made = simulated(handler, then, **options)
    assert got == [({"paid": 5}, "POSTED", True)]
    assert made.duration == pytest.approx(31, abs=0.1)


def test_the_hangup_ends_that_wait_too() -> None:
    raised: list[str] = []

    def handler(session: Session) -> None:
        try:
            session.wait("POSTED")
        except Hangup as hangup:
            raised.append(str(hangup.cause))
            assert session.post("late") is False
            raise

    simulated(handler, lambda made, session: made.hangup())
    assert raised == ["NORMAL_CLEARING"]


def test_without_a_value_the_wait_reaches_its_timeout() -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        with pytest.raises(TimeoutError) as raised:
            session.wait("POSTED", timeout=30)
        said.append(str(raised.value).partition(" (")[0])

    simulated(handler)
    assert said == ["POSTED did not arrive within 30 s"]


def test_values_are_kept_in_order_until_a_wait_takes_them() -> None:
    """Also while the handler plays a prompt, or waits for something else."""
    got: list[Any] = []

    def handler(session: Session) -> None:
        session.channel.playback("ivr/ivr-please_wait")
        with pytest.raises(TimeoutError):
            session.wait("DTMF", timeout=5)
        with pytest.raises(TimeoutError):
            session.channel.wait(lambda event: event.value is not None, timeout=5)
        got.extend(session.wait("POSTED").value for _ in range(3))

    def then(made: Call, session: Session) -> None:
        for value in range(3):
            session.post(value)
            made.say_nothing(3)

    simulated(handler, then)
    assert got == [0, 1, 2]


def test_a_wait_for_several_ends_with_the_first() -> None:
    got: list[str] = []

    def handler(session: Session) -> None:
        for _ in range(3):
            event = session.wait(["POSTED", "DTMF"])
            got.append(event.digit or event.value)

    def then(made: Call, session: Session) -> None:
        session.post("a")
        session.post("b")
        made.say_nothing(1)
        made.press("1")

    simulated(handler, then)
    assert got == ["a", "b", "1"]


def test_a_callback_gets_it_while_a_prompt_plays() -> None:
    """And then it is done: no wait gets it again."""
    got: list[Any] = []

    def handler(session: Session) -> None:
        music = session.channel.playback("moh/music", block=False)

        @session.on("POSTED")
        def told(event: Event) -> None:
            got.append(event.value)
            music.stop()

        music.wait()
        with pytest.raises(TimeoutError):
            session.channel.wait("POSTED", timeout=1)

    made = simulated(handler, lambda made, session: session.post("agent"))
    assert got == ["agent"]
    assert made.duration < 5


def test_a_wait_gets_what_its_callback_has_had() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        session.channel.on("POSTED", lambda event: got.append(event.value))
        got.append(session.channel.wait("POSTED").value)

    simulated(handler, lambda made, session: session.post("x"))
    assert got == ["x", "x"]


def test_a_wait_inside_a_callback_takes_it() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        @session.channel.on_dtmf("1")
        def one(digit: str) -> None:
            got.append(session.wait("POSTED").value)
            got.append(session.wait("POSTED").value)

        session.channel.wait("DTMF")
        with pytest.raises(TimeoutError):
            session.wait("POSTED", timeout=1)

    def then(made: Call, session: Session) -> None:
        session.post("before")
        made.press("1")
        made.say_nothing(1)
        session.post("meanwhile")

    simulated(handler, then)
    assert got == ["before", "meanwhile"]


def test_events_iterates_over_them() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        for event in session.events("POSTED", timeout=50):
            got.append(event.value)
            if event.value == "last":
                return

    def then(made: Call, session: Session) -> None:
        session.post("first")
        made.say_nothing(1)
        session.post("last")

    simulated(handler, then)
    assert got == ["first", "last"]


def test_all_means_the_switchs_events() -> None:
    names: list[str] = []

    def handler(session: Session) -> None:
        session.on("ALL", lambda event: names.append(event.name))
        names.append(session.wait("POSTED").name)

    simulated(handler, lambda made, session: session.post())
    assert names.count("POSTED") == 1


def test_one_handler_wakes_another() -> None:
    waiting: dict[str, Session] = {}
    got: list[Any] = []

    def customer(session: Session) -> None:
        session.channel.answer()
        waiting["customer"] = session
        got.append(session.wait("POSTED").value)
        session.channel.hangup()

    def agent(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("DTMF")
        waiting["customer"].post(session.caller_number)
        session.channel.hangup()

    with FreeSwitch() as switch:
        first = switch.call(customer)
        first.say_nothing(5)
        second = switch.call(agent, caller="2002")
        second.say_nothing(5)
        second.press("1")
        first.wait()
        second.wait()
    assert got == ["2002"]


def test_a_future_is_waited_for_by_its_callback() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        future: Future[int] = Future()
        futures.append(future)
        future.add_done_callback(session.post)
        got.append(session.wait("POSTED").value.result())

    futures: list[Future[int]] = []
    simulated(handler, lambda made, session: futures[0].set_result(42))
    assert got == [42]


def test_a_handler_that_takes_nothing_is_told_to_whoever_posts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posted, "POSTS", POSTS._replace(most=3))
    got: list[Any] = []

    def handler(session: Session) -> None:
        for value in range(3):
            session.post(value)
        with pytest.raises(Full, match="has not taken 3 posted values"):
            session.post(3)
        session.channel.sleep(1)
        got.append(session.wait("POSTED").value)
        session.post(4)
        session.on("POSTED", lambda event: got.append(event.value))
        got.extend(session.wait("POSTED").value for _ in range(3))
        for value in range(5, 8):
            session.post(value)
        session.channel.sleep(1)
        session.post(8)

    simulated(handler)
    assert got[:3] == [0, 1, 2]
    assert got[-3:] == [5, 6, 7]


def test_it_is_the_switchs_event_nowhere() -> None:
    with pytest.raises(ValueError, match="POSTED"):
        Outbound(print, events=["POSTED"])

    def handler(session: Session) -> None:
        with pytest.raises(ValueError, match="POSTED"):
            session.sendevent("POSTED")

    simulated(handler)


# Races, in the simulator's order


def raced(seed: int, *posts: float, timeout: float = 5.0, hangs_up: bool = False) -> list[object]:
    """What a wait that begins at 0.02 s, and the waits behind it, get of threads that post."""
    got: list[object] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for number, after in enumerate(posts):
            threading.Timer(after, lambda number=number: told.append(session.post(number))).start()
        for seconds in (timeout, 1.0, 1.0):
            try:
                got.append(session.wait("POSTED", timeout=seconds).value)
            except TimeoutError:
                got.append("late")

    told: list[bool] = []
    with FreeSwitch(seed=seed) as switch:
        made = switch.call(handler)
        if hangs_up:
            made.expect("answer")
            made.say_nothing(timeout)
            made.hangup()
        made.wait()
    return [*got, *(("refused",) if False in told else ())]


def test_threads_that_post_at_once_come_in_an_order_that_the_seed_gives() -> None:
    orders = [raced(seed, 2.0, 2.0) for seed in range(8)]
    assert orders == [raced(seed, 2.0, 2.0) for seed in range(8)]
    assert {tuple(each) for each in orders} == {(0, 1, "late"), (1, 0, "late")}


def test_a_value_posted_as_the_wait_times_out_is_not_lost() -> None:
    """Either this wait gets it or the next does."""
    got = {tuple(raced(seed, 5.0)) for seed in range(8)}
    assert got == {(0, "late", "late"), ("late", 0, "late")}


def test_a_value_posted_as_the_caller_hangs_up_is_got_or_goes_with_the_call() -> None:
    got = {tuple(raced(seed, 5.02, hangs_up=True)) for seed in range(8)}
    assert got == {("late", 0), ("late",)}
    got = {tuple(raced(seed, 5.03, hangs_up=True)) for seed in range(8)}
    assert ("late", "refused") in got


def test_it_does_not_disturb_a_command_whose_reply_is_due() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        threading.Timer(0.5, session.post, ("meanwhile",)).start()
        got.append(session.api("msleep 1000").strip())
        got.append(session.wait("POSTED", timeout=0).value)

    simulated(handler)
    assert got == ["+OK", "meanwhile"]


def test_a_loop_of_asyncio_in_another_thread_wakes_a_handler() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        async def told_later() -> None:
            await asyncio.sleep(3)
            session.post("from the loop")

        thread = threading.Thread(target=asyncio.run, args=(told_later(),))
        thread.start()
        got.append(session.wait("POSTED", timeout=10).value)
        thread.join()

    made = simulated(handler)
    assert got == ["from the loop"]
    assert made.duration == pytest.approx(3, abs=0.1)


# On real sockets


@pytest.mark.parametrize("waits", ["POSTED", ["POSTED", "DTMF"], "a callback"])
def test_another_thread_wakes_a_handler_that_sleeps(waits: Any) -> None:
    def handler(session: Session) -> Any:
        got: list[Any] = []
        sessions.append(session)
        if waits != "a callback":
            return session.wait(waits).value
        session.on("POSTED", lambda event: got.append(event.value))
        session.channel.playback("x")
        return got[0]

    sessions: list[Session] = []
    with call(handler) as peer:
        peer.handshake()
        if waits == "a callback":
            uuid = peer.execute("playback")
        peer.settle()
        assert in_another_thread(lambda: sessions[0].post("woken"))
        if waits == "a callback":
            peer.settle()
            peer.say(peer.completed("playback", uuid))
        peer.await_handler()
    assert peer.returned == "woken"
    assert sessions[0].post("late") is False


def test_many_threads_lose_nothing() -> None:
    def handler(session: Session) -> list[int]:
        with ThreadPoolExecutor(8) as workers:
            list(workers.map(session.post, range(200)))
        return [session.wait("POSTED").value for _ in range(200)]

    with call(handler) as peer:
        peer.handshake()
        peer.await_handler()
    assert sorted(peer.returned) == list(range(200))


def test_a_server_that_stops_takes_no_more() -> None:
    ended = threading.Event()
    late: list[bool] = []

    def handler(session: Session) -> None:
        try:
            session.wait("POSTED")
        finally:
            late.append(session.post("late"))
            ended.set()

    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        stopper = threading.Thread(target=lambda: peer.app.stop(timeout=0))
        stopper.start()
        assert ended.wait(PATIENCE)
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        stopper.join()
    assert late == [False]


def test_it_works_in_real_time() -> None:
    got: list[Any] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        threading.Thread(target=session.post, args=("woken",)).start()
        got.append(session.wait("POSTED", timeout=PATIENCE).value)
        session.channel.hangup()

    with FreeSwitch(real_time=True) as switch:
        switch.call(handler).wait(timeout=PATIENCE)
    assert got == ["woken"]
