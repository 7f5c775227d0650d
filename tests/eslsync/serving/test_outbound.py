"""Starting and stopping an `Outbound`, and the calls it has."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.serving.server import Server
from tests.support.peer import PATIENCE, quiet_call
from tests.support.servers import Beside, dialled, nothing, refused, serving

# Listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_it_listens_on_ipv4_and_ipv6_and_port_0_is_any_that_is_free(host: str) -> None:
    with serving(nothing, host=host) as app:
        assert app.port != 0
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()


def test_port_is_the_requested_port_until_it_is_known() -> None:
    app = Outbound(nothing, port=0)
    assert app.port == 0
    with app:
        known = app.port
        assert known > 0
    assert app.port == known  # for the logs


def test_a_port_in_use_is_an_oserror_and_it_can_be_started_later() -> None:
    with Outbound(nothing, port=0) as first:
        second = Outbound(nothing, port=first.port)
        with pytest.raises(OSError, match="in use"):
            second.start(block=False)
        second.stop()
    second.start(block=False)
    assert not refused(second)
    second.stop()


def test_an_unknown_host_is_an_oserror() -> None:
    with pytest.raises(OSError, match=r"."):
        Outbound(nothing, host="no.such.host.invalid").start(block=False)


def test_an_outbound_can_be_started_once() -> None:
    with Outbound(nothing, port=0) as app, pytest.raises(RuntimeError, match="started before"):
        app.start(block=False)
    with pytest.raises(RuntimeError, match="started before"):
        app.start(block=False)


def test_a_started_outbound_can_be_used_as_a_context_manager() -> None:
    app = Outbound(nothing, port=0)
    app.start(block=False)
    with app as same:
        assert same is app
    assert refused(app)


def test_stopping_twice_or_before_the_start_does_nothing() -> None:
    app = Outbound(nothing, port=0)
    app.stop()
    app.start(block=False)
    app.stop()
    app.stop()


def test_a_blocking_start_returns_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Outbound(nothing, port=0)
    waits = threading.Event()

    def tell_and_wait(server: Server, *waited: Any) -> bool:
        waits.set()
        return wait(server, *waited)

    wait = Server.wait
    monkeypatch.setattr(Server, "wait", tell_and_wait)
    running = Beside(app.start)
    assert waits.wait(PATIENCE)
    app.stop()
    running.join()


@pytest.mark.parametrize("ends", [KeyboardInterrupt, SystemExit])
def test_an_exception_of_a_signal_handler_in_a_blocking_start_stops_it(
    ends: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(server: Server, *waited: Any) -> bool:
        monkeypatch.undo()
        raise ends

    app = Outbound(nothing, port=0)
    monkeypatch.setattr(Server, "wait", interrupted)
    with nullcontext() if ends is KeyboardInterrupt else pytest.raises(ends):
        app.start()
    assert refused(app)


# Calls


def test_each_call_has_a_thread_named_after_it() -> None:
    with quiet_call(lambda session: threading.current_thread().name) as peer:
        peer.connect()
    assert peer.returned == f"eslsync-call-{peer.uuid}"


def test_calls_lists_the_calls_that_handlers_work_on() -> None:
    def handler(session: Session) -> None:
        session.wait("DTMF")

    with serving(handler) as app, dialled(app) as first, dialled(app, name="01a") as second:
        for peer in (first, second):
            peer.handshake()
            peer.settle()
        assert {each.uuid for each in app.calls} == {first.uuid, second.uuid}
        for peer in (first, second):
            peer.end()
            peer.hear_end()
    assert app.calls == ()
