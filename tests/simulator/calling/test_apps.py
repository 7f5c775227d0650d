"""The apps that calls are handed to: servers of handlers, and other programs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from eslsync import Outbound, Session
from simulator import Call, FreeSwitch, SimulationError
from simulator.calling.freeswitch import simulation_of
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE


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


def test_the_switch_calls_a_server_as_if_no_proxy_were_in_between() -> None:
    with FreeSwitch() as switch:
        call = switch.call(Outbound(hangs_up, allow=[], proxy_protocol=["127.0.0.1"]))
        call.wait()
        assert call.cause == "NORMAL_CLEARING"


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


# Other addresses


def at(*addresses: str) -> list[tuple[str, str]]:
    return [("socket", f"{'|'.join(addresses)} async full")]


def transfers(session: Session) -> None:
    session.channel.answer()
    session.channel.transfer("queue")


def queue(session: Session) -> None:
    session.channel.playback("queue/welcome")
    session.channel.hangup()


def test_nobody_listens_on_another_address_and_the_dialplan_continues() -> None:
    # mod_event_socket.c, socket_function: it returns if it can't connect
    extension = [*at("10.9.9.9:6000"), ("playback", "fallback")]
    with FreeSwitch(extensions={"queue": extension}) as switch:
        call = switch.call(transfers)
        call.hear("fallback")
        call.wait()
    assert len(switch.calls) == 1
    assert "nobody listens on 10.9.9.9:6000" in call.ladder()


def test_a_call_is_handed_to_whoever_listens_there() -> None:
    with FreeSwitch(extensions={"queue": at("10.9.9.9:6000")}) as switch:
        switch.listen("10.9.9.9:6000", queue)
        call = switch.call(transfers)
        call.hear("queue/welcome")
        call.wait()
    assert "calls 10.9.9.9:6000" in call.ladder()
    assert call.cause == "NORMAL_CLEARING"


def test_handlers_can_hand_a_call_over_and_back() -> None:
    visits: list[str] = []

    def menu(session: Session) -> None:
        visits.append("menu")
        if len(visits) > 1:
            session.channel.hangup()
            return
        transfers(session)

    def desk(session: Session) -> None:
        visits.append("desk")
        session.channel.transfer("menu")

    extensions = {"queue": at("desk.example:6000"), "menu": at("localhost:5000")}
    with FreeSwitch(extensions=extensions) as switch:
        switch.listen("Desk.example:6000", Outbound(desk, events=["DTMF"]))
        switch.call(menu).wait()
    assert visits == ["menu", "desk", "menu"]


def test_the_first_of_several_handlers_that_raises_is_told() -> None:
    def breaks(session: Session) -> None:
        session.channel.transfer("queue")
        raise KeyError("customer")

    with FreeSwitch(extensions={"queue": at("10.9.9.9:6000")}, raises=False) as switch:
        switch.listen("10.9.9.9:6000", queue)
        call = switch.call(breaks)
        call.hear("queue/welcome", start=True)
        call.hangup()
    assert isinstance(call.error, KeyError)


def test_the_next_host_is_tried_and_inherits_the_port() -> None:
    extension = at("10.9.9.9:6000", "10.9.9.10", "10.9.9.11:7000/path")
    with FreeSwitch(extensions={"queue": extension}) as switch:
        switch.listen("10.9.9.10:6000", queue)
        call = switch.call(transfers)
        call.hear("queue/welcome")
        assert call.variable("socket_host") == "10.9.9.10"
    with FreeSwitch(extensions={"queue": extension}) as switch:
        switch.listen("10.9.9.11:7000", queue)
        call = switch.call(transfers)
        call.hear("queue/welcome")
        assert call.variable("socket_path") == "path"


def socket_before(switch: FreeSwitch) -> Call:
    return switch.call(transfers, before=at("10.9.9.9:6000"))


def socket_after(switch: FreeSwitch) -> Call:
    return switch.call(lambda session: None, after=at("10.9.9.9:6000"))


def by_execute_extension(switch: FreeSwitch) -> Call:
    def handler(session: Session) -> None:
        session.channel.execute("execute_extension", "queue")

    return switch.call(handler)


def by_execute(switch: FreeSwitch) -> Call:
    def handler(session: Session) -> None:
        session.channel.execute("socket", "10.9.9.9:6000 async full")

    return switch.call(handler)


def by_xferext(switch: FreeSwitch) -> Call:
    def handler(session: Session) -> None:
        session.sendmsg("xferext", {"application": "socket 10.9.9.9:6000 async full"})

    return switch.call(handler)


WAYS = [socket_before, socket_after, by_execute_extension, by_execute, by_xferext]


@pytest.mark.parametrize("way", WAYS)
def test_whatever_leads_to_a_socket_leads_to_its_listener(
    way: Callable[[FreeSwitch], Call],
) -> None:
    extensions = {"queue": at("10.9.9.9:6000")}
    with FreeSwitch(extensions=extensions) as switch:
        call = way(switch)
        call.wait()
    assert "nobody listens on 10.9.9.9:6000" in str(call.transcript)
    with FreeSwitch(extensions=extensions) as switch:
        switch.listen("10.9.9.9:6000", queue)
        way(switch).hear("queue/welcome")


@pytest.mark.parametrize("listens", [True, False])
def test_a_leg_is_handed_to_whoever_listens(listens: bool) -> None:
    served: list[str] = []

    def far(session: Session) -> None:
        served.append(session.uuid)
        session.channel.playback("hello")
        session.channel.hangup()

    def handler(session: Session) -> None:
        session.channel.answer()
        session.api("originate user/1000 '&socket(10.9.9.9:6000 async full)'")
        session.channel.sleep(10.0)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000")
        if listens:
            switch.listen("10.9.9.9:6000", far)
        call = switch.call(handler)
        call.wait()
    assert len(served) == len(switch.calls) - 1 == listens
    if listens:
        leg = switch.calls[2]
        assert leg.uuid == served[0]
        assert leg.heard == ["hello"]
        assert leg.ended


def test_a_leg_is_handed_to_the_handler_of_the_call_that_it_was_made_for() -> None:
    served: list[str] = []

    def handler(session: Session) -> None:
        served.append(session.uuid)
        if len(served) > 1:
            return
        session.channel.answer()
        session.api("originate user/1000 '&socket(127.0.0.1:5000 async full)'")
        session.channel.sleep(1.0)

    with FreeSwitch() as switch:
        switch.endpoint("user/1000")
        call = switch.call(handler)
        call.wait()
    assert [each.uuid for each in switch.calls.values()] == served
    assert "user/1000 answers" in call.ladder()


def test_an_address_to_listen_on_has_a_port() -> None:
    with FreeSwitch() as switch, pytest.raises(ValueError, match="an address is host:port"):
        switch.listen("10.9.9.9", queue)


def test_a_stuck_handler_outlives_its_switch_and_nothing_else_does() -> None:
    release = threading.Lock()  # of before the switch: real
    release.acquire()
    stuck: list[threading.Thread] = []

    def handler(session: Session) -> None:
        stuck.append(threading.current_thread())
        lose_patience(0.2)
        release.acquire()

    before = {*threading.enumerate()}
    try:
        with pytest.raises(SimulationError), FreeSwitch(patience=PATIENCE) as switch:
            switch.call(handler).wait()
        assert {*threading.enumerate()} - before == {*stuck}
    finally:
        release.release()
        stuck[0].join()
