"""The apps that calls are handed to: servers of handlers, and other programs."""

from __future__ import annotations

import pytest

from eslsync import Outbound, Session
from simulator import FreeSwitch
from simulator.calling.freeswitch import simulation_of


def hangs_up(session: Session) -> None:
    session.channel.hangup()


def test_a_handler_has_one_server_for_all_its_calls() -> None:
    with FreeSwitch() as switch:
        apps = simulation_of(switch).apps
        switch.call(hangs_up).wait()
        host, port = apps.find(hangs_up)
        assert host == "127.0.0.1"
        switch.call(hangs_up).wait()
        assert apps.find(hangs_up) == (host, port)
        assert apps.find(Outbound(hangs_up)) != (host, port)


def test_an_address_is_found_where_time_is_real() -> None:
    with FreeSwitch(real_time=True) as switch:
        apps = simulation_of(switch).apps
        assert apps.find("127.0.0.1:5000") == ("127.0.0.1", 5000)
        assert apps.find("[::1]:5000") == ("::1", 5000)
        with pytest.raises(ValueError, match="a program's address is host:port, not '5000'"):
            apps.find("5000")
    with FreeSwitch() as switch, pytest.raises(RuntimeError, match="has its own clock"):
        simulation_of(switch).apps.find("127.0.0.1:5000")


def test_what_a_handler_raised_is_raised_once() -> None:
    def crashes(session: Session) -> None:
        raise KeyError("desk")

    with FreeSwitch(raises=False) as switch:
        apps = simulation_of(switch).apps
        call = switch.call(crashes)
        call.wait()
        assert apps.raised is None
        assert isinstance(call.error, KeyError)
        apps.raised = call.error
        with pytest.raises(KeyError):
            apps.raise_again()
        apps.raise_again()
