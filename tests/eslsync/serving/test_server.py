"""A server whose system has run out of something."""

from __future__ import annotations

import errno
import logging
import os
import selectors
import threading
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.call.reader import MORE_WATCHED
from eslsync.serving.listening import CannotListen, Listener
from tests.support.peer import PATIENCE, Watched
from tests.support.servers import Beside, dialled, messages, nothing, refused, serving, until


def test_running_out_of_descriptors_logs_one_line_and_delays_the_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(self: Listener) -> Any:
        if failures:
            raise failures.pop()
        return original(self)

    failures: list[Exception] = [
        OSError(errno.EMFILE, "Too many open files"),
        ConnectionAbortedError(),
    ]
    original = Listener.accept
    monkeypatch.setattr(Listener, "accept", exhausted)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.01)
    with serving(nothing) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("set")
        peer.hear_end()
        peer.end()
    [told] = messages(caplog, logging.WARNING)
    assert "Too many open files" in told


def test_calls_wait_for_a_thread_that_cannot_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that is just closed would park the caller for ever (14b)."""

    def exhausted(thread: threading.Thread) -> None:
        if thread.name.startswith("eslsync-call") and len(up) == most:
            raise RuntimeError("can't start new thread")
        up.append(thread)
        original(thread)

    def handler(session: Session) -> None:
        session.wait("DTMF")

    original = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", exhausted)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 10 * PATIENCE)
    up: list[threading.Thread] = []
    with serving(handler) as app:
        most = len(up) + 1
        with dialled(app) as peer, dialled(app) as second, dialled(app) as third:
            peer.handshake()
            until(lambda: bool(messages(caplog, logging.WARNING)))
            for waits, after in ((second, peer), (third, second)):
                waits.hear_nothing()
                most += 1
                after.say(*after.tail())
                after.end()
                after.hear_end()
                waits.handshake()  # as soon as the other's thread has ended
            third.say(*third.tail())
            third.end()
            third.hear_end()
    told = messages(caplog, logging.WARNING)
    assert told == ["a connection waits for a thread: can't start new thread"] * 2


def test_a_connection_that_cannot_be_watched_costs_one_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nothing) as app:
        assert app._server is not None
        # the reader's: the acceptor may be about to register what it listens on
        monkeypatch.setattr(app._server.reader._selector, "register", no_space)
        with dialled(app) as unlucky:
            unlucky.hear_end()
        monkeypatch.undo()
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()
            peer.end()
    [told] = messages(caplog, logging.WARNING)
    assert told.endswith(f": the connection can't be read: {NO_SPACE}; {MORE_WATCHED}")


def test_connections_wait_while_the_listening_socket_cannot_be_watched(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.01)
    not_accepted = f"no connection can be accepted for now: {NO_SPACE}; {MORE_WATCHED}"
    with serving(nothing, max_calls=1, when_full="close") as app:
        with dialled(app) as peer:
            peer.handshake()
            until(lambda: refused(app))
            assert app._server is not None
            monkeypatch.setattr(app._server._selector, "register", no_space)
            peer.run("set")
            peer.hear_end()
            peer.end()
        until(lambda: not_accepted in messages(caplog, logging.WARNING))
        assert app._server.welcomes  # it listens again
        with dialled(app) as peer:
            monkeypatch.undo()
            peer.handshake()
            peer.run("set")
            peer.hear_end()
            peer.end()
    assert messages(caplog, logging.WARNING).count(not_accepted) == 1
    assert messages(caplog, logging.ERROR) == []


@pytest.mark.parametrize("most", [0, 1], ids=["acceptor", "reader"])
def test_a_start_in_vain_tells_which_limit_to_raise(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """And doesn't send anybody to look at the disk."""

    class Full(selectors.DefaultSelector):
        def register(self, *arguments: Any) -> Any:
            if len(registered) == most:
                no_space()
            registered.append(arguments)
            return super().register(*arguments)

    registered: list[Any] = []
    monkeypatch.setattr("selectors.DefaultSelector", Full)
    with pytest.raises(CannotListen) as raised:
        Outbound(nothing, port=0).start(block=False)
    assert str(raised.value.strerror).endswith(f": {NO_SPACE}; {MORE_WATCHED}")


NO_SPACE = os.strerror(errno.ENOSPC)


def no_space(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, NO_SPACE)


def test_a_server_that_fails_lets_its_calls_finish(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(self: Listener) -> Any:
        monkeypatch.undo()
        raise LookupError("a defect")

    def handler(session: Session) -> None:
        session.channel.playback("x")

    app = Outbound(handler, port=0, clock=Watched())
    running = Beside(app.start)
    until(lambda: app.port != 0)
    with dialled(app) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        monkeypatch.setattr(Listener, "accept", fails)
        with dialled(app):
            until(lambda: bool(messages(caplog, logging.ERROR)))
        peer.say(peer.completed("playback", uuid))
        assert peer.hear_end() == []
        peer.end()
        running.join()
    assert "the server has failed, and stops" in messages(caplog, logging.ERROR)
