"""Servers that simulations hand on to those that follow."""

from __future__ import annotations

import gc
import socket
import threading
import weakref
from collections.abc import Callable

import pytest

from eslsync import Outbound, Session
from simulator import Call, CallFailed, Fault, FreeSwitch, SimulationError
from simulator.calling.freeswitch import simulation_of
from simulator.calling.servers import in_succession
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE


def hangs_up(session: Session) -> None:
    session.channel.hangup()


def made(
    app: Callable[[Session], None] | Outbound, *faults: Fault, patience: float = 5.0
) -> tuple[Call, int]:
    """A call of a switch of its own, and the port that it was made to."""
    with FreeSwitch(raises=False, patience=patience) as switch:
        call = switch.call(app, faults=faults)
        call.wait()
        _, port = simulation_of(switch).apps.find(app)
    return call, port


def test_the_next_simulation_takes_over_the_server_of_another_handler() -> None:
    def answers(session: Session) -> None:
        session.channel.answer()

    before = threading.enumerate()
    with in_succession(None):
        first, port = made(hangs_up)
        second, again = made(answers)
        assert again == port
    assert (first.answered, second.answered) == (False, True)
    assert threading.enumerate() == before


def test_all_servers_end_with_the_outermost_succession() -> None:
    before = threading.enumerate()
    with in_succession(None):
        with in_succession(None):
            _, port = made(hangs_up)
        assert made(hangs_up)[1] == port
    assert threading.enumerate() == before


def test_outside_of_a_succession_each_simulation_ends_its_server() -> None:
    before = threading.enumerate()
    made(hangs_up)
    assert threading.enumerate() == before


def test_an_outbound_has_a_server_of_its_own() -> None:
    """Its options are those of the server."""
    with in_succession(None):
        _, port = made(Outbound(hangs_up, max_calls=1))
        before = threading.enumerate()
        assert made(hangs_up)[1] != port
        assert threading.enumerate() == before


def test_nothing_of_a_simulation_stays_with_its_server() -> None:
    def once(session: Session) -> None:
        session.channel.hangup()

    kept = weakref.ref(once)
    with in_succession(None):
        with FreeSwitch() as switch:
            switch.call(once).wait()
            world = weakref.ref(simulation_of(switch).world)
        del switch, once
        gc.collect()
        assert kept() is None
        assert world() is None


def test_a_server_that_a_fault_has_stopped_is_not_handed_on() -> None:
    with in_succession(None):
        _, port = made(hangs_up, Fault("stop", 1))
        call, again = made(hangs_up)
    assert again != port
    assert call.cause == "NORMAL_CLEARING"


def test_the_server_of_a_handler_that_was_killed_is_as_good_as_new() -> None:
    with in_succession(None):
        with FreeSwitch(raises=False) as switch:
            killed = switch.call(hangs_up, faults=[Fault("kill", 1)])
            with pytest.raises(CallFailed, match="is killed"):
                killed.wait()
            killed.hangup()
            _, port = simulation_of(switch).apps.find(hangs_up)
        call, again = made(hangs_up)
    assert call.cause == "NORMAL_CLEARING"
    assert again == port


def test_a_server_whose_handler_is_stuck_is_not_handed_on() -> None:
    ours, theirs = socket.socketpair()
    ports = []

    def is_stuck(session: Session) -> None:
        lose_patience(0.2)
        theirs.recv(1)

    with in_succession(None), ours, theirs:
        with FreeSwitch(patience=PATIENCE) as switch:
            call = switch.call(is_stuck)
            ports.append(simulation_of(switch).apps.find(is_stuck)[1])
            with pytest.raises(SimulationError):
                call.wait()
        ours.close()
        call, port = made(hangs_up)
    assert call.cause == "NORMAL_CLEARING"
    assert port not in ports
