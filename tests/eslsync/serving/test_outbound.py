from __future__ import annotations

import errno
import logging
import re
import socket
import threading
from typing import Any

import pytest

from eslsync import Disconnected, Hangup, HangupCause, Outbound, Session, session
from eslsync.call import connection
from eslsync.call.connection import Connection, End
from eslsync.call.reader import Reader
from eslsync.clock import REAL
from eslsync.serving.server import Server
from tests.support.peer import PATIENCE, Watched, call, event, quiet_call, reply
from tests.support.servers import Beside, dialled, messages, refused, serving


def nothing(session: Session) -> None:
    pass


# Listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_it_listens_on_ipv4_and_ipv6_and_port_0_is_any_that_is_free(host: str) -> None:
    with serving(nothing, host=host) as app:
        assert app.port != 0
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()


def test_the_port_is_what_was_asked_until_it_is_known() -> None:
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


def test_a_host_that_is_not_there_is_an_oserror() -> None:
    with pytest.raises(OSError, match=r"."):
        Outbound(nothing, host="no.such.host.invalid").start(block=False)


def test_it_is_started_once() -> None:
    with Outbound(nothing, port=0) as app, pytest.raises(RuntimeError, match="started already"):
        app.start(block=False)
    with pytest.raises(RuntimeError, match="started already"):
        app.start(block=False)


def test_a_context_manager_takes_what_is_started_already() -> None:
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
    blocked = threading.Event()
    monkeypatch.setattr(app, "_stopped", Blocking(blocked))
    running = Beside(app.start)
    assert blocked.wait(PATIENCE)
    app.stop()
    running.join()


class Blocking(threading.Event):
    """An event that tells when somebody waits for it."""

    def __init__(self, blocked: threading.Event) -> None:
        super().__init__()
        self._blocked = blocked

    def wait(self, timeout: float | None = None) -> bool:
        self._blocked.set()
        return super().wait(timeout)


def test_ctrl_c_in_a_blocking_start_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    app = Outbound(nothing, port=0)
    monkeypatch.setattr(app, "_stopped", Interrupted())
    app.start()
    assert refused(app)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((None,), {}, TypeError),
        ((nothing,), {"port": -1}, ValueError),
        ((nothing,), {"port": 65536}, ValueError),
        ((nothing,), {"events": "DTMF"}, TypeError),
        ((nothing,), {"events": ["CHANNEL_ANSWERED"]}, ValueError),
        ((nothing,), {"events": ["DTMF\n\nexit"]}, ValueError),
        ((nothing,), {"events": ["CUSTOMISED"]}, ValueError),
        ((nothing,), {"linger": -1}, ValueError),
    ],
)
def test_what_can_not_be_meant_is_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Outbound(*arguments, **options)


# Calls


def test_each_call_has_a_thread_named_after_it() -> None:
    with quiet_call(lambda session: threading.current_thread().name) as peer:
        peer.connect()
    assert peer.returned == f"eslsync-call-{peer.uuid}"


def test_calls_are_those_that_handlers_work_on() -> None:
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


def test_a_handler_that_raises_is_logged_with_its_traceback_and_other_calls_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(session: Session) -> None:
        if session.channel.wait("DTMF")["DTMF-Digit"] == "1":
            raise LookupError("a defect in the handler")
        session.channel.playback("x")

    with serving(handler) as app, dialled(app) as bad, dialled(app, name="03g") as good:
        bad.handshake()
        good.handshake()
        bad.say(bad.digit("1"))
        bad.run("set")
        bad.hear_end()
        good.say(good.digit("2"))
        good.run("playback")
        good.hear_end()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.getMessage() == "the handler failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)
    assert vars(record)["uuid"] == bad.uuid


@pytest.mark.parametrize(
    "leave",
    [SystemExit, KeyboardInterrupt, GeneratorExit],
)
def test_not_even_leaving_python_in_a_handler_ends_more_than_its_call(
    leave: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def handler(session: Session) -> None:
        raise leave

    with quiet_call(handler) as peer:
        peer.connect()
    assert "the handler failed" in messages(caplog)


def test_a_hangup_that_a_handler_does_not_catch_is_a_normal_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with call(lambda session: session.channel.playback("x")) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(*peer.tail())
        assert peer.hear_end() == []
    assert messages(caplog, logging.WARNING) == []
    assert "the call ended: NORMAL_CLEARING" in messages(caplog)


def test_a_connection_that_breaks_is_a_warning_and_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with call(lambda session: session.channel.playback("x")) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.reset()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.getMessage().startswith("the handler ended: the connection broke")
    assert record.exc_info is None


# What is no call


def test_a_health_check_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")
    with serving(nothing) as app, dialled(app) as peer:
        peer.end()
        assert [command.line for command in peer.hear_end()] in ([], ["connect"])
    assert messages(caplog, logging.INFO) == [
        f"listening on 127.0.0.1 port {app.port}",
        "stopping; calls that are up: 0",
    ]
    assert any("was no call" in each for each in messages(caplog, logging.DEBUG))


def test_a_health_check_that_resets_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")
    with serving(nothing) as app, dialled(app) as peer:
        peer.reset()
    assert messages(caplog, logging.WARNING) == []


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        reply("+OK"),
        reply("-ERR"),
        reply("+OK") * 2,
        b"Event-Name: CHANNEL_DATA\nUnique-ID: a%0A%0Aexit\nContent-Type: command/reply\n\n",
        b"Event-Name: CHANNEL_DATA\nUnique-ID: a\nEvent-Sequence: 1%0Aexit\n"
        b"Content-Type: command/reply\n\n",
        b"Event-Name: CHANNEL_DATA\nContent-Type: command/reply\n\n",
        event({"Event-Name": "DTMF", "Unique-ID": "", "DTMF-Digit": "1"}) + reply("+OK"),
        event({"Event-Name": "CHANNEL_HANGUP"}) + reply("+OK"),
        b"Content-Type: text/rude-rejection\n\nContent-Type: bogus\n\n",
        b"\0" * 100 + b"\n\n",
    ],
)
def test_a_peer_that_is_no_switch_is_left_with_one_line_in_the_log(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nothing) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.say(said)
        peer.hear_end()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "was no call" in record.getMessage()
    assert record.exc_info is None


def test_a_peer_that_says_nothing_is_left_after_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "HANDSHAKE_TIMEOUT", 0.01)
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT", 0.01)  # it says nothing of its end, either
    with serving(nothing) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.hear_end()
    assert "no reply to 'connect' in time" in messages(caplog, logging.WARNING)[0]


def test_a_hangup_before_the_handler_begins_is_a_normal_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with call(nothing) as peer:
        peer.connect()
        peer.serve("linger 60")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.hear("event plain all")
        peer.say(peer.notice(lingers=False))
        peer.end()
    assert peer.returned is None
    assert not peer.ended.is_set()
    assert messages(caplog, logging.WARNING) == []


@pytest.mark.parametrize("refused", [[0], [1], [2], [1, 2], [0, 1, 2]], ids=str)
def test_a_call_that_refuses_the_handshake_is_given_back(
    refused: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    with call(nothing) as peer:
        peer.connect()
        commands = ["linger 60", f"filter Unique-ID {peer.uuid}", "event plain all"]
        for index, command in enumerate(commands):
            peer.serve(command, "-ERR out of order" if index in refused else "+OK")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        peer.run("set")
        peer.hear_end()
    assert not peer.ended.is_set()
    [told] = messages(caplog, logging.WARNING)
    assert f"{commands[refused[0]]!r} was refused: -ERR out of order" in told


# Giving back


def test_where_no_application_has_completed_one_is_before_the_close() -> None:
    """14b2: a close within a moment of connect parks the caller for ever."""
    with call(nothing) as peer:
        peer.handshake()
        uuid = peer.execute("set")
        peer.settle()
        peer.hear_nothing()
        peer.say(peer.completed("set", uuid))
        assert peer.hear_end() == []


def test_where_one_has_completed_the_close_comes_at_once() -> None:
    with call(lambda session: session.channel.answer()) as peer:
        peer.handshake()
        peer.run("answer")
        assert peer.hear_end() == []


@pytest.mark.parametrize("name", ["03a", "08c"], ids=["full", "not full"])
def test_without_events_the_completion_is_asked_for_first(name: str) -> None:
    with call(
        lambda session: session.channel.answer(), name=name, events=False, linger=False
    ) as peer:
        peer.connect()
        peer.execute("answer")
        if name == "03a":
            peer.serve(f"filter Unique-ID {peer.uuid}")
            peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        else:
            peer.serve("myevents")
        peer.run("set")
        assert peer.hear_end() == []


def test_a_handler_that_raises_gives_its_call_back_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "eslsync")

    def handler(session: Session) -> None:
        raise LookupError

    with call(handler) as peer:
        peer.handshake()
        peer.run("set")
        assert peer.hear_end() == []
    [record] = [each for each in caplog.records if "given back" in each.getMessage()]
    assert vars(record)["uuid"] == peer.uuid


def test_a_call_that_has_ended_is_not_given_back() -> None:
    def handler(session: Session) -> None:
        session.send("getvar x")  # the hangup has arrived, and nobody has looked

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.say(reply("1"), *peer.tail())
        assert peer.hear_end() == []


def test_callbacks_do_not_run_once_the_handler_has_ended() -> None:
    def handler(session: Session) -> None:
        session.on("ALL", told.append)
        session.channel.on_dtmf()(told.append)

    told: list[Any] = []
    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("set")
        peer.say(peer.digit("1"), peer.completed("set", uuid))
        peer.hear_end()
    assert told == []


def test_nor_while_the_end_of_the_call_is_awaited() -> None:
    def handler(session: Session) -> None:
        session.on_hangup(lambda hangup: told.append(hangup.cause))
        session.channel.on_dtmf()(told.append)
        session.send("getvar x")

    told: list[Any] = []
    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        first, *rest = peer.tail()
        peer.say(peer.digit("5"), first, reply("1"))
        peer.await_handler()
        peer.settle()
        peer.say(*rest)
        assert peer.hear_end() == []
    assert told == [HangupCause.NORMAL_CLEARING]


def test_the_close_is_in_order_however_much_is_still_unread() -> None:
    """The peer sees all that was sent and then the end, and never a reset."""
    with call(lambda session: session.channel.answer()) as peer:
        peer.handshake()
        uuid = peer.execute("answer")
        peer.say(peer.completed("answer", uuid), *[peer.event("PLAYBACK_START")] * 500)
        assert peer.hear_end() == []
        peer.say(*[peer.event("PLAYBACK_START")] * 500)  # what was on its way meanwhile
        peer.end()


def test_a_switch_that_does_not_close_its_side_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT", 0.01)
    with serving(lambda session: session.channel.answer()) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("answer")
        app.stop()


def test_after_the_handler_other_threads_can_send_nothing() -> None:
    sessions: list[Session] = []
    with quiet_call(sessions.append) as peer:
        peer.connect()
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        peer.run("set")
        peer.hear_end()
        with pytest.raises(Disconnected, match="the handler has ended"):
            sessions[0].send("getvar x")
        peer.say(peer.event("PLAYBACK_START"))  # and what is on its way is taken still
        peer.say(peer.event("PLAYBACK_STOP"))


def test_a_reply_on_its_way_to_another_thread_is_not_lost_to_the_close() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        waiting.append(Beside(lambda: answers.append(session.send("getvar x").text)))
        session.wait("CHANNEL_ANSWER")

    waiting: list[Beside] = []
    answers: list[str] = []
    with call(handler) as peer:
        peer.handshake()
        peer.run("answer")
        peer.hear("getvar x")
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear_end()
        peer.say(reply("1"))
        waiting[0].join()
    assert answers == ["1"]


# Stopping


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
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        stopping.join()
    assert str(cut[0]) == "the server is stopping"
    [told] = messages(caplog, logging.WARNING)
    assert re.fullmatch(
        rf"stop: the call is cut: {peer.uuid} from 1001 to 5000, \d+\.\d s, CS_EXECUTE: "
        r"waits for playback, at test_outbound\.py:\d+ in handler",
        told,
    )


def test_a_handler_that_stop_cuts_in_its_own_code_gives_its_call_back(
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


def test_a_call_that_stop_cuts_while_it_is_given_back_is_given_back() -> None:
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
        server = app._server
        assert server is not None
        stopping = Beside(lambda: app.stop(timeout=0))
        server._acceptor.join(PATIENCE)  # it has begun to stop
        if answered:
            peer.say(peer._said[0][1])
            # No handler, so none of what it would rely on.
            peer.serve(f"filter Unique-ID {peer.uuid}")
            peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
            peer.run("set")
            assert peer.hear_end() == []
            peer.end()
        stopping.join()
    assert begun == []


def test_connections_that_arrive_while_it_stops_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never just closed: that would park the caller for ever (14b)."""

    def accept_and_linger(self: Server, most: int) -> bool:
        could = accept(self, most)
        if not accepted.is_set():
            accepted.set()
            assert stops.wait(PATIENCE)
        return could

    def stop_and_join() -> None:
        stops.set()
        join()

    accepted, stops, accept = threading.Event(), threading.Event(), Server._accept
    monkeypatch.setattr(Server, "_accept", accept_and_linger)
    with serving(nothing) as app:
        socket.create_connection((app.host, app.port)).close()
        assert accepted.wait(PATIENCE)
        server = app._server
        assert server is not None
        join = server._acceptor.join
        monkeypatch.setattr(server._acceptor, "join", stop_and_join)
        with dialled(app) as peer:  # when all that had come was accepted
            stopping = Beside(app.stop)
            peer.is_given_back()
            stopping.join()
    assert refused(app)


def test_a_handler_that_is_stuck_is_logged_and_left_behind(
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


def test_stop_in_a_handler_ends_the_other_calls_and_its_own_goes_on() -> None:
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
        server = app._server
        assert server is not None
        stopping = Beside(app.stop)
        server._acceptor.join(PATIENCE)
        peer.say(peer.digit("1"))
        peer.run("playback")  # where that stop() would have been waited for, nobody would play
        assert peer.hear_end() == []
        peer.end()
        stopping.join()


def test_a_stop_that_interrupts_a_stop_returns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a signal's handler does, in the thread that stops already."""

    def interrupted(self: Reader) -> None:
        app.stop()
        original(self)

    original = Reader.stop
    monkeypatch.setattr(Reader, "stop", interrupted)
    app = Outbound(nothing, port=0)
    app.start(block=False)
    app.stop()


def test_another_thread_that_stops_waits_until_it_has_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Outbound(lambda session: session.wait("DTMF"), port=0, clock=Watched())
    blocked = threading.Event()
    monkeypatch.setattr(app, "_stopped", Blocking(blocked))
    app.start(block=False)
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


def test_a_timeout_that_is_none_stops_nothing() -> None:
    with Outbound(nothing, port=0) as app:
        with pytest.raises(TypeError):
            app.stop(timeout="soon")  # type: ignore[arg-type]
        assert not refused(app)


# When the system runs out of something


def test_no_more_descriptors_is_one_line_and_the_connection_is_served_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(self: Server) -> Any:
        if failures:
            raise failures.pop()
        return original(self)

    failures = [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]
    original = Server.get_request
    monkeypatch.setattr(Server, "get_request", exhausted)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.01)
    with serving(nothing) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("set")
        peer.hear_end()
        peer.end()
    [told] = messages(caplog, logging.WARNING)
    assert "Too many open files" in told


def test_a_pause_in_accepting_does_not_hold_up_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(self: Server) -> Any:
        attempts.append(self)
        refused_once.set()
        raise OSError(errno.EMFILE, "Too many open files")

    refused_once = threading.Event()
    attempts: list[Server] = []
    monkeypatch.setattr(Server, "get_request", exhausted)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 10 * PATIENCE)
    with serving(nothing) as app, dialled(app):
        assert refused_once.wait(PATIENCE)
    assert len(attempts) == 2  # the other is the last look of stop()


def test_a_thread_that_can_not_start_costs_one_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(thread: threading.Thread) -> None:
        if thread.name.startswith("eslsync-call") and failures:
            raise failures.pop()
        original(thread)

    failures = [RuntimeError("can't start new thread")]
    original = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", exhausted)
    with serving(nothing) as app:
        with dialled(app) as unlucky:
            assert unlucky.hear_end() == []
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()
            peer.end()
    assert "can't start new thread" in messages(caplog, logging.ERROR)[0]


def test_a_connection_that_can_not_be_watched_costs_one_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(nothing) as app:
        server = app._server
        assert server is not None
        monkeypatch.setattr(server.reader._selector, "register", no_space)
        with dialled(app) as unlucky:
            unlucky.hear_end()
        monkeypatch.undo()
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()
            peer.end()


def no_space(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_defect_of_the_reader_costs_one_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with quiet_call(lambda session: session.send("getvar x")) as peer:
        peer.connect()
        peer.hear("getvar x")
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "_understand", lambda self, data: 1 / 0)
            peer.say(reply("1"))
            peer.hear_end()
    assert type(peer.raised) is Disconnected
    assert "the reader failed" in messages(caplog, logging.ERROR)[0]


# The reader, and threads that come late


def test_a_connection_that_comes_after_the_reader_has_stopped_is_told() -> None:
    stopped = Reader("test")
    stopped.stop()
    late = Connection(socket.socket(), ("", 0), REAL, stopped)
    stopped.watch(late)
    [item] = late.untaken
    late.close()
    assert isinstance(item, End)
    assert str(item.reason) == "the server has stopped"


def test_the_threads_are_named_after_the_port() -> None:
    with Outbound(nothing, port=0) as app:
        names = {thread.name for thread in threading.enumerate()}
        assert {f"eslsync-reader-{app.port}", f"eslsync-accept-{app.port}"} <= names


def test_a_start_that_fails_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = socket.socketpair
    made: list[Any] = []

    def none_left() -> Any:
        if made:
            raise OSError(errno.EMFILE, "Too many open files")
        made.append(None)
        return pair()

    monkeypatch.setattr("socket.socketpair", none_left)
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="Too many"):
        Outbound(nothing, port=0).start(block=False)
    left = set(threading.enumerate()) - before
    assert not left


def test_a_selector_that_fails_ends_one_call_and_not_the_reader() -> None:
    with serving(lambda session: session.wait("DTMF")) as app, dialled(app) as peer:
        peer.handshake()
        peer.settle()
        assert app._server is not None
        its_reader = app._server.reader
        connection = app.calls[0].session._connection
        modify = its_reader._selector.modify

        def fails(*args: Any) -> Any:
            its_reader._selector.unregister(connection)  # as selectors does itself
            raise OSError(errno.ENOMEM, "Cannot allocate memory")

        its_reader._selector.modify = fails  # type: ignore[assignment, method-assign]
        with connection._lock:
            connection._unsent += b"x"  # as if the switch did not take it
        its_reader.watch(connection)
        peer.hear_end()
        its_reader._selector.modify = modify  # type: ignore[method-assign]
        with dialled(app) as another:  # which it reads
            another.handshake()
            another.end()
            another.hear_end()
