"""Connections: which become calls, and how calls are given back."""

from __future__ import annotations

import errno
import logging
import threading
from typing import Any

import pytest

from eslsync import Disconnected, HangupCause, Session
from eslsync.call import connection, handover
from eslsync.serving.server import Server
from tests.support.peer import call, event, quiet_call, reply
from tests.support.servers import Beside, dialled, messages, nothing, serving

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
    monkeypatch.setattr(handover, "HANDSHAKE_TIMEOUT", 0.01)
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT", 0.01)  # it says nothing of its end, either
    with serving(nothing) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.hear_end()
    assert "no reply to 'connect' within 0.01 s" in messages(caplog, logging.WARNING)[0]


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
