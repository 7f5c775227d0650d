"""What the calls of one switch share, for the rest of the simulator."""

from __future__ import annotations

import gc
import time
import weakref

import pytest

from eslsync import Session
from simulator import Fault, FreeSwitch
from simulator.calling.call import line_of
from simulator.calling.freeswitch import simulation_of


def stays(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("DTMF")


def crashes(session: Session) -> None:
    session.channel.answer()
    raise KeyError("desk")


def test_time_passes_without_a_verb() -> None:
    with FreeSwitch(start="2026-01-05T09:00:00") as switch:
        simulation = simulation_of(switch)
        call = switch.call(stays)
        done: list[float] = []
        simulation.later(1.5, lambda: done.append(call.duration))
        assert simulation.run(lambda: bool(done), 10.0)
        assert done == [1.5]
        assert not simulation.run(lambda: False, 2.0)
        assert switch.now == simulation.now / 1_000_000
        assert call.duration == 3.5


def test_lines_are_the_calls_that_are_up() -> None:
    with FreeSwitch() as switch:
        lines = simulation_of(switch).lines
        first = switch.call(stays)
        assert lines == {first.uuid: line_of(first)}
        first.hangup()
        second = switch.call(stays)
        assert lines == {second.uuid: line_of(second)}


def test_only_the_last_calls_are_kept_whether_or_not_their_optional_fault_happened() -> None:
    with FreeSwitch() as switch:
        calls = []
        for _ in range(30):
            call = switch.call(stays, faults=[Fault("drop", 1000, optional=True)])
            calls.append(weakref.ref(call.transcript))
            call.hangup()
        del call
        gc.collect()
        assert calls[0]() is None


def test_running_raises_what_a_handler_raised() -> None:
    with FreeSwitch() as switch:
        switch.call(crashes)
        with pytest.raises(KeyError, match="desk"):
            simulation_of(switch).run(lambda: False, 1.0)


def test_finishing_hangs_up_and_returns_a_line_whose_handler_still_runs() -> None:
    def cleans_up(session: Session) -> None:
        try:
            stays(session)
        finally:
            time.sleep(4000)

    with FreeSwitch() as switch:
        simulation = simulation_of(switch)
        quick = switch.call(stays)
        quick.say_nothing(1.0)
        assert simulation.finish() is None
        assert quick.ended
        slow = switch.call(cleans_up)
        slow.say_nothing(1.0)
        assert simulation.finish() is line_of(slow)
        assert slow.cause == "NORMAL_CLEARING"
    assert slow.ended


def test_more_calls_begin_in_one_moment_than_a_real_server_lets_knock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.serving.connections.MAX_KNOCKING", 2)

    def handler(session: Session) -> None:
        session.channel.hangup()

    with FreeSwitch() as switch:
        calls = [switch.call(handler) for _ in range(4)]
        for call in calls:
            call.wait()
        assert [str(call.cause) for call in calls] == ["NORMAL_CLEARING"] * 4
