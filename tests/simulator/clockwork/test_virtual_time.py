"""Virtual time: it jumps when all wait, and notices handlers that never do."""

from __future__ import annotations

import socket
import threading

import pytest

from eslsync import Outbound, Session, TimeoutError
from simulator import FreeSwitch, SimulationError
from simulator.calling.call import line_of
from simulator.calling.freeswitch import simulation_of
from simulator.clockwork.threads import SECOND
from simulator.clockwork.virtual_time import World
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE


def test_a_silence_of_a_year_takes_no_real_time_worth_waiting_for() -> None:
    year = 365 * 86400.0

    def wait_for_a_digit(session: Session) -> None:
        session.channel.answer()
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=year)

    with FreeSwitch() as switch:
        began = switch.now
        switch.call(wait_for_a_digit).wait(timeout=2 * year)
        assert switch.now - began == pytest.approx(year, abs=0.1)


def test_a_handler_that_blocks_outside_the_clock_fails_the_simulation_with_its_line() -> None:
    database, ours = socket.socketpair()

    def stuck(session: Session) -> None:
        session.channel.answer()
        lose_patience(0.3)
        with ours:
            ours.recv(1)  # the answer of a database, say

    def call_it() -> None:
        with FreeSwitch(patience=PATIENCE) as switch:
            try:
                switch.call(stuck).wait()
            finally:
                database.close()

    with pytest.raises(SimulationError) as raised:
        call_it()
    assert "ours.recv(1)  # the answer of a database, say" in str(raised.value)
    assert "no progress for 0.3 s" in str(raised.value)


def test_a_handler_that_loops_in_commands_at_one_moment_fails_with_its_line() -> None:
    def loops(session: Session) -> None:
        while True:
            session.channel.playback("again and again")

    def call_it() -> None:
        with FreeSwitch(patience=0.3) as switch:
            call = switch.call(Outbound(loops, events=False))
            call.hangup_after(3.0)
            call.wait()

    with pytest.raises(SimulationError) as raised:
        call_it()
    assert "virtual time stood still for 0.3 s" in str(raised.value)
    assert 'session.channel.playback("again and again")' in str(raised.value)


class Abandoned(BaseException):
    """Comes out of nowhere."""


def test_a_handler_that_waits_is_abandoned() -> None:
    cleaned_up: list[float] = []

    def waits(session: Session) -> None:
        try:
            session.channel.wait("DTMF", timeout=60)
        finally:
            cleaned_up.append(switch.now)
            session.channel.playback("goodbye")  # its next wait is as any other

    with FreeSwitch(raises=False) as switch:
        call = switch.call(waits)
        call.say_nothing(5.0)
        link, world = line_of(call).link, simulation_of(switch).world
        assert link is not None
        assert isinstance(world, World)
        began = switch.now
        world.abandon(link, Abandoned)
        call.wait()
        world.abandon(link, Abandoned)  # does nothing
    assert isinstance(call.outcome, Abandoned)
    assert cleaned_up == [began]
    assert call.heard == ["goodbye"]


def test_a_handler_that_runs_is_abandoned() -> None:
    release, ended = threading.Lock(), threading.Event()
    release.acquire()

    def runs(session: Session) -> None:
        lose_patience(0.2)
        try:
            # real time: the lock was made before the switch
            while not release.acquire(timeout=0.001):
                pass
        finally:
            ended.set()

    with FreeSwitch(patience=PATIENCE, raises=False) as switch:
        call = switch.call(runs)
        try:
            with pytest.raises(SimulationError):
                call.wait()
            link, world = line_of(call).link, simulation_of(switch).world
            assert link is not None
            assert isinstance(world, World)
            world.abandon(link, Abandoned)
            assert ended.wait(PATIENCE)
            while call.outcome is None:  # told right after the handler has ended
                threading.Event().wait(0.001)
            assert isinstance(call.outcome, Abandoned)
        finally:
            release.release()


def test_many_commands_at_one_moment_do_not_count_as_a_loop() -> None:
    def asks_a_lot(session: Session) -> None:
        for _ in range(1500):
            session.api("status")

    with FreeSwitch() as switch:
        call = switch.call(asks_a_lot)
        call.hangup_after(3.0)
        call.wait()
    assert call.outcome is None


def test_a_parked_thread_answers_a_question_itself_and_goes_on_waiting() -> None:
    heard: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        heard.append(session.channel.wait("DTMF").digit)

    def who() -> int:
        return threading.get_ident()

    def fails() -> None:
        raise KeyError("a question that fails, fails the asker")

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(1.0)
        link, world = line_of(call).link, simulation_of(switch).world
        assert link is not None
        assert link.thread is not None
        assert isinstance(world, World)
        assert world.ask(link, who) == link.thread.ident
        with pytest.raises(KeyError):
            world.ask(link, fails)
        assert heard == []
        call.press("7")
        call.wait()
        assert world.ask(link, who) is None  # the handler has ended
    assert heard == ["7"]


def test_a_finalizer_on_the_worlds_thread_may_not_wait_for_an_app() -> None:
    """Only that thread could answer. It may post."""
    said: list[str] = []

    class Collected:
        def __init__(self, session: Session) -> None:
            self.session = session

        def __del__(self) -> None:
            try:
                self.session.api("status")
            except RuntimeError as error:
                said.append(str(error))
            said.append(f"posted: {self.session.post('collected')}")

    def handler(session: Session) -> None:
        session.channel.answer()
        left.append(Collected(session))
        session.wait("POSTED")

    left: list[Collected] = []
    with FreeSwitch() as switch:
        call = switch.call(handler)
        world = simulation_of(switch).world
        world.at(world.now + SECOND, left.clear)
        call.wait()
    refused, posted = said
    assert "must not wait here" in refused
    assert posted == "posted: True"
