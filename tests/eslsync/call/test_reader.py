"""The thread that reads all connections."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from typing import Any

import pytest

from eslsync import Disconnected, Outbound
from eslsync.call.connection import Connection, NothingMore
from eslsync.call.reader import Reader
from eslsync.clock import REAL
from tests.support.peer import PATIENCE, quiet_call, reply
from tests.support.servers import dialled, messages, nothing, serving


def test_a_defect_in_the_reader_costs_one_call(
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


def test_a_connection_added_after_the_reader_stopped_is_ended() -> None:
    stopped = Reader("test")
    stopped.stop()
    late = Connection(socket.socket(), ("", 0), REAL, stopped.watch)
    stopped.watch(late)
    [item] = late.untaken
    late.close()
    assert isinstance(item, NothingMore)
    assert str(item.reason) == "the server has stopped"


def test_stop_returns_though_the_reader_is_stuck(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def receive(self: Connection) -> Any:
        stuck.set()
        goes_on.wait(PATIENCE)
        return original(self)

    stuck, goes_on, original = threading.Event(), threading.Event(), Connection.receive
    monkeypatch.setattr("eslsync.call.reader.STOP_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.serving.server.CUT_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.serving.server.LAST_TIMEOUT", 0.01)
    monkeypatch.setattr(Connection, "receive", receive)
    with serving(nothing) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.say(peer.connect_reply)
        assert stuck.wait(PATIENCE)
        reader = next(each for each in threading.enumerate() if "eslsync-reader" in each.name)
        app.stop(timeout=0)
        assert not goes_on.is_set()
        goes_on.set()
        reader.join(PATIENCE)
    assert f"stop: {reader.name} is stuck, and left behind" in messages(caplog, logging.ERROR)


def test_the_threads_are_named_after_the_port() -> None:
    with Outbound(nothing, port=0) as app:
        names = {thread.name for thread in threading.enumerate()}
        assert {f"eslsync-reader-{app.port}", f"eslsync-accept-{app.port}"} <= names


def test_a_start_that_fails_halfway_leaves_no_thread_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
        connection = app.calls[0].session.channel.leg.conversation.connection
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
