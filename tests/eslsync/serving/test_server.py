"""Connections: which become calls, and how calls are given back."""

from __future__ import annotations

import errno
import logging
import threading
from typing import Any

import pytest

from eslsync.call import connection, handover
from eslsync.serving.server import Server
from tests.support.peer import call, event, reply
from tests.support.servers import dialled, messages, nothing, serving

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
