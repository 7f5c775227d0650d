"""Stopping a server whose calls are up."""

from __future__ import annotations

import errno
import logging
import re
import threading
from typing import Any

import pytest

from eslsync import Disconnected, Hangup, Outbound, Session
from eslsync.call import connection
from eslsync.call.connection import Connection
from eslsync.call.reader import Reader
from eslsync.serving.listening import Listener
from eslsync.serving.server import Server, stop_all
from tests.support.peer import PATIENCE, Watched
from tests.support.servers import (
    Beside,
    Blocking,
    dialled,
    messages,
    nothing,
    refused,
    serving,
    until,
)


def test_stop_lets_calls_finish() -> None:
    def handler(session: Session) -> None:
        session.channel.playback("x")
        finished.append(session.uuid)

    finished: list[str] = []
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        stopping = Beside(app.stop)
        peer.say(peer.completed("playback", uuid))
        peer.hear_end()
        peer.end()
        stopping.join()
    assert finished == [peer.uuid]
    assert refused(app)


def test_stop_cuts_a_handler_that_waits_and_gives_its_call_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(session: Session) -> None:
        try:
            session.channel.playback("x")
        except Disconnected as error:
            cut.append(error)
            raise

    cut: list[Exception] = []
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.settle()
        stopping = Beside(lambda: app.stop(timeout=0))
        peer.resume()
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        stopping.join()
    assert str(cut[0]) == "the server is stopping"
    [told] = messages(caplog, logging.WARNING)
    assert re.fullmatch(
        rf"stop: the call is cut: {peer.uuid} from 1001 to 5000, \d+\.\d s, CS_EXECUTE: "
        r"waits for playback, at test_stopping\.py:\d+ in handler",
        told,
    )


def test_a_handler_cut_in_its_own_code_gives_its_call_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def handler(session: Session) -> None:
        working.set()
        cut.wait(PATIENCE)  # and never a wait of ours

    def cut_and_tell(self: Connection, reason: Any) -> None:
        original(self, reason)
        cut.set()

    working, cut, original = threading.Event(), threading.Event(), Connection.cut
    monkeypatch.setattr(Connection, "cut", cut_and_tell)
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        assert working.wait(PATIENCE)
        stopping = Beside(lambda: app.stop(timeout=0))
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        stopping.join()


def test_a_call_cut_while_it_is_given_back_is_given_back() -> None:
    with serving(nothing) as app, dialled(app) as peer:
        peer.handshake()
        uuid = peer.execute("set")
        peer.settle()
        stopping = Beside(lambda: app.stop(timeout=0))
        peer.say(peer.completed("set", uuid))
        assert peer.hear_end() == []
        peer.end()
        stopping.join()


def test_stop_cuts_a_handler_that_lingers() -> None:
    def handler(session: Session) -> None:
        with pytest.raises(Hangup):
            session.wait("DTMF")
        session.api("status")

    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        peer.say(*peer.tail())
        peer.hear("api status")
        stopping = Beside(lambda: app.stop(timeout=0))
        assert peer.hear_end() == []
        peer.end()
        stopping.join()


@pytest.mark.parametrize("answered", [True, False])
def test_stop_waits_for_the_answer_to_connect_and_gives_the_call_back(
    answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eslsync.serving.server.CUT_TIMEOUT", PATIENCE if answered else 0.01)
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT", 0.01)
    begun: list[Session] = []
    with serving(begun.append) as app, dialled(app) as peer:
        peer.hear("connect")
        stopping = Beside(lambda: app.stop(timeout=0))
        until(lambda: refused(app))  # it has begun to stop
        if answered:
            peer.say(peer.connect_reply)
            # No handler, so none of what it would rely on.
            peer.serve(f"filter Unique-ID {peer.uuid}")
            peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
            peer.run("set")
            assert peer.hear_end() == []
            peer.end()
        stopping.join()
    assert begun == []


def test_a_call_that_has_connected_before_the_stop_is_handled() -> None:
    begun: list[Session] = []
    with serving(begun.append) as app, dialled(app) as peer:
        peer.hear("connect")
        stopping = Beside(lambda: app.stop(PATIENCE))
        until(lambda: refused(app))
        peer.say(peer.connect_reply)
        for command in ("linger 60", f"filter Unique-ID {peer.uuid}", "event plain all"):
            peer.serve(command)
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        stopping.join()
    assert len(begun) == 1


def test_connections_that_arrive_while_it_stops_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that is just closed would park the caller for ever (14b)."""

    def bar_when_somebody_waits(self: Listener) -> None:
        stops.set()
        assert dialled_.wait(PATIENCE)
        bar(self)

    stops, dialled_, bar = threading.Event(), threading.Event(), Listener.bar
    monkeypatch.setattr(Listener, "bar", bar_when_somebody_waits)
    with serving(nothing) as app:
        stopping = Beside(app.stop)
        assert stops.wait(PATIENCE)  # it accepts nothing more
        with dialled(app) as peer, dialled(app) as second:
            dialled_.set()
            peer.is_given_back()
            second.is_given_back()
            stopping.join()
    assert refused(app)


def test_a_stuck_handler_is_logged_and_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eslsync.serving.server.CUT_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.serving.server.LAST_TIMEOUT", 0.01)

    def handler(session: Session) -> None:
        working.set()
        released.wait(PATIENCE)
        ended.append(session.uuid)

    working, released = threading.Event(), threading.Event()
    ended: list[str] = []
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        assert working.wait(PATIENCE)
        app.stop(timeout=0)
        assert ended == []
        released.set()
        peer.hear_end()
    [told] = [each for each in messages(caplog, logging.ERROR) if "stuck" in each]
    assert f"eslsync-call-{peer.uuid}" in told


def test_stop_in_a_handler_ends_the_other_calls_but_not_its_own() -> None:
    def handler(session: Session) -> None:
        digit = session.channel.wait("DTMF")["DTMF-Digit"]
        app.stop(timeout=0)
        session.channel.playback(digit)
        finished.append(session.uuid)

    finished: list[str] = []
    with serving(handler) as app, dialled(app) as peer, dialled(app, name="03g") as other:
        peer.handshake()
        other.handshake()
        other.settle()
        peer.say(peer.digit("1"))
        other.run("set")
        assert other.hear_end() == []
        other.end()
        peer.run("playback", "1")
        assert peer.hear_end() == []
        peer.end()
    assert finished == [peer.uuid]
    assert refused(app)


def test_stop_in_a_handler_while_another_stop_runs_returns_at_once() -> None:
    def handler(session: Session) -> None:
        session.channel.wait("DTMF")
        app.stop()
        session.channel.playback("x")

    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        stopping = Beside(app.stop)
        until(lambda: refused(app))
        peer.say(peer.digit("1"))
        peer.run("playback")  # where that stop() would have been waited for, nobody would play
        assert peer.hear_end() == []
        peer.end()
        stopping.join()


def test_handlers_that_stop_each_others_servers_wait_no_longer_than_for_stuck_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    meet = threading.Barrier(2)
    ends: dict[str, int] = {}

    def handler(session: Session, other: int) -> None:
        meet.wait(PATIENCE)
        cut = apps[other].stop(0, clean_up=0.01)
        ends[session.uuid] = len(cut)

    with (
        serving(lambda session: handler(session, 1)) as one,
        serving(lambda session: handler(session, 0)) as two,
        dialled(one) as peer,
        dialled(two, name="03g") as other,
    ):
        apps = [one, two]
        for each in (peer, other):
            each.handshake()
        for each in (peer, other):
            each.hear_end()
            each.end()
        until(lambda: len(ends) == 2)
        assert refused(one)
        assert refused(two)
    assert set(ends.values()) == {1}  # each has cut the other's call
    assert len([each for each in messages(caplog, logging.ERROR) if "stuck" in each]) >= 1


@pytest.mark.parametrize("completes", [True, False])
def test_start_returns_when_a_handler_that_has_called_stop_has_ended(completes: bool) -> None:
    """Before, a program whose last line it is ended in the middle of that handler's goodbye."""

    def handler(session: Session) -> None:
        app.stop(0)
        session.channel.playback("goodbye")

    app = Outbound(handler, port=0, clock=Watched())
    running = Beside(lambda: app.start(drain=PATIENCE if completes else 0.0))
    until(lambda: app.port != 0)
    with dialled(app) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        assert running.thread.is_alive()
        if completes:
            peer.say(peer.completed("playback", uuid))
        else:  # it has ``drain`` seconds
            peer.resume()
            peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        running.join()


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("at_exit", [False, True])
def test_an_interrupted_stop_cuts_calls_and_waits_for_them(
    times: int, at_exit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By further Ctrl-C, say, which find it in stop(): of a with block, or at the program's end."""
    interruptions: list[float] = []

    def interrupted(server: Server, timeout: float) -> bool:
        interruptions.append(timeout)
        if len(interruptions) == times:
            monkeypatch.undo()
        raise KeyboardInterrupt

    def handler(session: Session) -> None:
        try:
            session.channel.playback("x")
        finally:
            cleaned_up.append(session.uuid)

    cleaned_up: list[str] = []

    def serve() -> None:
        with serving(handler) as app:
            apps.append(app)
            assert dialled_.wait(PATIENCE)
            monkeypatch.setattr(Server, "wait", interrupted)
            if at_exit:
                stop_all()

    apps: list[Outbound] = []
    dialled_ = threading.Event()
    serves = Beside(serve)
    until(lambda: bool(apps))
    with dialled(apps[0]) as peer:
        peer.handshake()
        peer.execute("playback")
        dialled_.set()
        peer.resume()
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        with pytest.raises(KeyboardInterrupt):
            serves.join()
    assert cleaned_up == [peer.uuid]
    assert len(interruptions) == times


def test_a_stop_that_interrupts_a_stop_returns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a signal handler does, in the thread that is already stopping."""

    def interrupted(self: Reader) -> None:
        app.stop()
        original(self)

    original = Reader.stop
    monkeypatch.setattr(Reader, "stop", interrupted)
    app = Outbound(nothing, port=0)
    app.start(block=False)
    app.stop()


def test_a_second_stop_in_another_thread_waits_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Outbound(lambda session: session.wait("DTMF"), port=0, clock=Watched())
    blocked = threading.Event()
    app.start(block=False)
    assert app._server is not None
    monkeypatch.setattr(app._server, "finished", Blocking(blocked))
    with dialled(app) as peer:
        peer.handshake()
        first, second = Beside(app.stop), Beside(app.stop)
        assert blocked.wait(PATIENCE)
        assert first.thread.is_alive()
        assert second.thread.is_alive()
        peer.say(*peer.tail())
        peer.hear_end()
        peer.end()
        first.join()
        second.join()


def test_an_invalid_timeout_stops_nothing() -> None:
    with Outbound(nothing, port=0) as app:
        with pytest.raises(TypeError):
            app.stop(timeout="soon")  # type: ignore[arg-type]
        assert not refused(app)


def test_a_pause_in_accepting_does_not_hold_up_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(self: Listener) -> Any:
        refused_once.set()
        raise OSError(errno.EMFILE, "Too many open files")

    refused_once = threading.Event()
    monkeypatch.setattr(Listener, "accept", exhausted)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 10 * PATIENCE)
    with serving(nothing) as app, dialled(app):
        assert refused_once.wait(PATIENCE)
    assert refused(app)
