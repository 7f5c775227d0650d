"""Servers that accept from one socket, which somebody else keeps open."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from eslsync import HangupCause, Outbound, Session
from eslsync.call.reader import Reader
from eslsync.serving import server
from eslsync.serving.inspection import ask
from eslsync.serving.listening import SharedListener
from tests.support.peer import PATIENCE, Peer, Watched
from tests.support.servers import Beside, is_turned_away, messages, nothing, refused, runtime, until

__all__ = ["runtime"]


@pytest.fixture
def shared() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def held(session: Session) -> None:
    """A handler that lasts as long as its call."""
    session.channel.wait("CHANNEL_HANGUP")


def serving(sock: socket.socket, **options: object) -> Outbound:
    return Outbound(held, sock=sock, clock=Watched(), **options)  # type: ignore[arg-type]


def dialled(app: Outbound) -> Peer:
    """A connection to whoever accepts from the socket of this app."""
    assert isinstance(app.clock, Watched)
    return Peer(app, clock=app.clock)


def hang_up(peer: Peer) -> None:
    peer.say(*peer.tail(), peer.notice(lingers=False))
    peer.end()


def knocks(sock: socket.socket) -> socket.socket:
    """A connection that is in the socket's queue."""
    return socket.create_connection(sock.getsockname(), PATIENCE)


def waits(connection: socket.socket) -> bool:
    """True if nobody has said anything on it."""
    connection.setblocking(False)
    try:
        return not connection.recv(1)
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(PATIENCE)


def test_the_socket_outlives_the_server_and_the_next_takes_who_has_waited(
    shared: socket.socket,
) -> None:
    with serving(shared) as first:
        assert first.port == shared.getsockname()[1]
    with knocks(shared) as connection:
        assert waits(connection)
        with Outbound(nothing, sock=shared):
            assert connection.recv(7) == b"connect"
            connection.close()


def test_a_server_that_stops_leaves_connections_to_its_sibling(
    shared: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stopping = serving(shared)
    with stopping:
        peer = dialled(stopping)
        with peer.sock:
            peer.handshake()
            beside = Beside(lambda: stopping.stop(PATIENCE))
            # Until then, it may take one more.
            until(lambda: "stopping; calls that are up: 1" in messages(caplog))
            with knocks(shared) as connection:
                assert waits(connection)
                with Outbound(nothing, sock=shared):
                    assert connection.recv(7) == b"connect"
                    connection.close()
            hang_up(peer)
            beside.join()


def test_who_has_waited_too_long_for_a_sibling_is_given_back(
    shared: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    monkeypatch.setattr(server, "STOPPING_YIELDS", 0.0)
    with serving(shared) as stopping:
        peer = dialled(stopping)
        with peer.sock:
            peer.handshake()
            beside = Beside(lambda: stopping.stop(PATIENCE))
            until(lambda: "stopping; calls that are up: 1" in messages(caplog))
            late = dialled(stopping)
            with late.sock:
                late.is_given_back()
            hang_up(peer)
            beside.join()


def test_a_full_server_leaves_calls_to_its_sibling(shared: socket.socket) -> None:
    first, second = (serving(shared, max_calls=1) for _ in range(2))
    with first:
        peer = dialled(first)
        with peer.sock:
            peer.handshake()
            assert not first.ready
            with second:
                another = dialled(second)
                with another.sock:
                    another.handshake()
                    assert not second.ready
                    hang_up(another)
            hang_up(peer)


def test_a_call_that_no_sibling_has_room_for_is_turned_away(
    shared: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FULL_YIELDS", 0.0)
    with serving(shared, max_calls=1, when_full=HangupCause.USER_BUSY) as app:
        peer = dialled(app)
        with peer.sock:
            peer.handshake()
            late = dialled(app)
            with late.sock:
                is_turned_away(late, "USER_BUSY")
            hang_up(peer)


def test_room_that_a_call_has_left_is_used_at_once(shared: socket.socket) -> None:
    with serving(shared, max_calls=1) as app:
        peer = dialled(app)
        with peer.sock:
            peer.handshake()
            late = dialled(app)
            with late.sock:
                hang_up(peer)
                late.handshake()
                hang_up(late)


def test_the_last_server_refuses_newcomers_and_gives_back_those_that_wait(
    shared: socket.socket,
) -> None:
    app = serving(shared, max_calls=1)
    with app:
        peer = dialled(app)
        with peer.sock:
            peer.handshake()
            late = dialled(app)
            with late.sock:
                shared.close()
                beside = Beside(lambda: app.stop(PATIENCE, last=True))
                late.is_given_back()
                until(lambda: refused(app))
            hang_up(peer)
            beside.join()


def test_who_was_wrong_to_be_the_last_keeps_nobody_from_calling_the_next(
    shared: socket.socket,
) -> None:
    serving_ = serving(shared)
    serving_.start(block=False)
    serving_.stop(last=True)
    with Outbound(nothing, sock=shared), knocks(shared) as connection:
        assert connection.recv(7) == b"connect"
        connection.close()


def test_a_server_that_retires_takes_only_calls_that_nobody_else_takes(
    shared: socket.socket,
) -> None:
    with serving(shared) as retired:
        seen = [retired.ready]
        retired.retire()
        assert [*seen, retired.ready] == [True, False]
        alone = dialled(retired)
        with alone.sock:
            alone.handshake()
            assert len(retired.calls) == 1
            with serving(shared) as second:
                another = dialled(second)
                with another.sock:
                    another.handshake()
                    assert len(second.calls) == 1
                    hang_up(another)
            hang_up(alone)


def test_only_a_server_with_siblings_retires() -> None:
    with pytest.raises(RuntimeError, match="shares a given sock"):
        Outbound(nothing).retire()


def test_the_server_with_fewer_calls_takes_the_next(
    shared: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves_it(calls: int) -> float:
        assert calls == 0 or taken.wait(PATIENCE)
        return 0.0

    assert server.hesitation(0) == 0.0 < server.hesitation(1) < server.hesitation(2)
    taken = threading.Event()
    monkeypatch.setattr(server, "hesitation", leaves_it)  # however slow the other one is
    with serving(shared) as first:
        peer = dialled(first)
        with peer.sock:
            peer.handshake()
            with serving(shared) as second:
                another = dialled(second)
                with another.sock:
                    another.handshake()
                    taken.set()
                    assert [len(app.calls) for app in (first, second)] == [1, 1]
                    hang_up(another)
            hang_up(peer)


def test_an_app_of_another_address_does_not_accept_from_the_socket(shared: socket.socket) -> None:
    app = Outbound(nothing, sock=shared)
    assert app.replace().sock is shared
    with app.replace(port=0) as other:
        assert other.port != app.port


@pytest.mark.parametrize(
    ("sock", "error", "why"),
    [
        (socket.socket(), ValueError, "sock must listen: call its listen"),
        (socket.socket(type=socket.SOCK_DGRAM), ValueError, "sock must be a TCP socket"),
        (5000, TypeError, "sock must be a socket or None, not int"),
    ],
)
def test_the_socket_must_listen(sock: object, error: type[Exception], why: str) -> None:
    try:
        with pytest.raises(error, match=why):
            Outbound(nothing, sock=sock)  # type: ignore[arg-type]
    finally:
        if isinstance(sock, socket.socket):
            sock.close()


def test_a_closed_socket_is_told() -> None:
    sock = socket.socket()
    sock.close()
    with pytest.raises(ValueError, match="this one is closed"):
        Outbound(nothing, sock=sock)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = Outbound(nothing, sock=listening)
    with pytest.raises(OSError, match="keep it open until start"):
        app.start(block=False)


# Is it alive?


def test_responds_asks_the_threads_that_serve_all_calls() -> None:
    app = Outbound(nothing, port=0)
    assert not app.responds()
    with app:
        assert app.responds()
        until(app.responds)
        until(app.responds)
    assert not app.responds()


def test_a_server_whose_reader_hangs_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, go_on = threading.Event(), threading.Event()
    take_turn = Reader.__dict__["_take_turn"]

    def hang(self: Reader) -> None:
        take_turn(self)
        if hangs.is_set():
            assert go_on.wait(PATIENCE)

    monkeypatch.setattr(Reader, "_take_turn", hang)
    monkeypatch.setattr(server, "ANSWER_TIME", 0.01)
    with Outbound(nothing, port=0) as app:
        until(app.responds)
        hangs.set()
        until(lambda: not app.responds())
        go_on.set()
        hangs.clear()
        until(app.responds)


def test_ready_until_it_is_full_or_stops(shared: socket.socket) -> None:
    app = serving(shared, max_calls=1)
    seen = [app.ready]
    with app:
        seen.append(app.ready)
        peer = dialled(app)
        with peer.sock:
            peer.handshake()
            seen.append(app.ready)
            hang_up(peer)
            until(lambda: app.ready)
    seen.append(app.ready)
    assert seen == [False, True, False, False]


def test_its_owner_may_close_the_socket_that_it_has_given(runtime: Path) -> None:
    given = socket.create_server(("127.0.0.1", 0))
    port = given.getsockname()[1]
    app = Outbound(nothing, sock=given)
    app.start(block=False, inspection=True)
    with app:
        given.close()
        [path] = runtime.iterdir()
        found = ask(path)
        assert found is not None
        assert (found["host"], found["port"], app.port) == ("127.0.0.1", port, port)


class Selector(selectors.DefaultSelector):
    """Notes for how long the acceptor waits."""

    done: ClassVar[list[object]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if threading.current_thread().name.startswith("eslsync-accept"):
            self.done.append(timeout)
        return super().select(timeout)


def test_a_full_server_without_descriptors_rests_between_its_tries(
    shared: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = 10 * PATIENCE
    monkeypatch.setattr(server, "FULL_YIELDS", 0.0)
    monkeypatch.setattr(server, "ACCEPT_PAUSE", rest)
    monkeypatch.setattr(Selector, "done", [])
    monkeypatch.setattr("eslsync.serving.server.selectors.DefaultSelector", Selector)
    accept, done = SharedListener.accept, Selector.done

    def fails(self: SharedListener) -> None:
        done.append("accept")
        raise OSError(errno.EMFILE, "Too many open files")

    with serving(shared, max_calls=1) as app:
        peer = dialled(app)
        with peer.sock:
            peer.handshake()
            monkeypatch.setattr(SharedListener, "accept", fails)
            with knocks(shared):
                until(lambda: "accept" in done[:-1])
                assert done[done.index("accept") + 1] == rest
                monkeypatch.setattr(SharedListener, "accept", accept)
            hang_up(peer)
