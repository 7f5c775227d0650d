"""A full server: calls and connections at one time are bounded."""

from __future__ import annotations

import errno
import itertools
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.serving.listening import Listener
from tests.support.peer import PATIENCE, Peer
from tests.support.servers import Beside, dialled, is_turned_away, messages, refused, serving, until


def wait_for_a_digit(session: Session) -> None:
    session.wait("DTMF")


def hang_up(peer: Peer) -> None:
    peer.say(*peer.tail())
    peer.end()
    peer.hear_end()


def take(peer: Peer) -> None:
    peer.handshake()
    peer.settle()


def test_a_call_beyond_max_calls_is_hung_up_with_the_configured_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        serving(wait_for_a_digit, max_calls=2, when_full="SWITCH_CONGESTION") as app,
        dialled(app) as first,
        dialled(app) as second,
    ):
        take(first)
        take(second)
        for _ in range(2):
            with dialled(app, name="04a") as late:
                is_turned_away(late, "SWITCH_CONGESTION")
        assert len(app.calls) == 2
        hang_up(first)
        until(lambda: len(app.calls) == 1)
        with dialled(app) as third:
            take(third)
            hang_up(third)
        hang_up(second)
    [told] = messages(caplog, logging.WARNING)
    assert "turned away a call from ('127.0.0.1'" in told
    assert "there are max_calls=2" in told


@contextmanager
def first_that_connects(app: Outbound) -> Iterator[Peer]:
    while True:
        try:
            peer = Peer(app, clock=app.clock)  # type: ignore[arg-type]
            break
        except ConnectionError:
            continue
    with peer.sock:
        yield peer


def test_a_full_server_stops_listening_so_that_freeswitch_tries_the_next_host() -> None:
    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app:
        port = app.port
        for _ in range(3):
            with first_that_connects(app) as peer:
                take(peer)
                until(lambda: refused(app))
                hang_up(peer)
        until(lambda: not refused(app))
        assert app.port == port


@pytest.mark.parametrize("fails", [[], [1], [2], [3], [1, 2, 3]], ids=str)
@pytest.mark.parametrize("knocking", [256, 1])
def test_calls_already_connected_when_the_server_becomes_full_are_given_back(
    fails: list[int], knocking: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is just closed would park the caller for ever (14b).

    This holds for connections that could not be accepted at once, however many, too.
    """

    def held(self: Listener) -> Any:
        assert go.wait(PATIENCE)
        if next(attempts) in fails:
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(self)

    go, accept, attempts = threading.Event(), Listener.accept, itertools.count(1)
    monkeypatch.setattr(Listener, "accept", held)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.001)
    monkeypatch.setattr("eslsync.serving.connections.MAX_KNOCKING", knocking)
    with (
        serving(wait_for_a_digit, max_calls=1, when_full="close") as app,
        dialled(app) as peer,
        dialled(app) as second,
        dialled(app) as third,
    ):
        go.set()
        take(peer)
        second.is_given_back()
        third.is_given_back()
        hang_up(peer)


def test_a_full_server_listens_again_as_soon_as_the_port_is_free(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.001)
    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app:
        with dialled(app) as peer:
            take(peer)
            until(lambda: refused(app))
            # Somebody else has it meanwhile.
            taken = socket.create_server((app.host, app.port))
            hang_up(peer)
        until(lambda: "not listening again yet" in messages(caplog, logging.WARNING)[-1])
        taken.close()
        until(lambda: not refused(app))


def test_a_full_server_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app, dialled(app) as peer:
        take(peer)
        until(lambda: refused(app))
        stopping = Beside(app.stop)
        hang_up(peer)
        stopping.join()
    assert refused(app)


def test_a_probe_does_not_count_as_a_call(caplog: pytest.LogCaptureFixture) -> None:
    with serving(wait_for_a_digit, max_calls=2, when_full="close") as app, dialled(app) as peer:
        take(peer)
        for _ in range(100):
            until(lambda: not refused(app))
        hang_up(peer)
    assert {record.levelno for record in caplog.records} <= {logging.INFO, logging.WARNING}
    assert set(messages(caplog, logging.WARNING)) <= {"full: not listening until a call has ended"}


def test_connections_not_yet_calls_are_bounded_and_the_rest_wait_unaccepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.serving.connections.MAX_KNOCKING", 1)
    options = {"max_calls": 1, "when_full": "USER_BUSY"}
    with serving(wait_for_a_digit, **options) as app, dialled(app) as peer:
        take(peer)
        with dialled(app, name="04a") as second, dialled(app, name="04a") as third:
            second.hear("connect")
            third.hear_nothing()
            second.say(second.connect_reply)
            second.serve("sendmsg")
            second.say(second.notice(lingers=False))
            second.end()
            second.hear_end()
            is_turned_away(third, "USER_BUSY")
        hang_up(peer)


def test_a_full_server_survives_having_no_descriptor_for_its_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.001)
    failed = threading.Event()
    make = socket.socket

    def none_left(*args: Any, **options: Any) -> socket.socket:
        if threading.current_thread().name.startswith("eslsync-accept") and not failed.is_set():
            if not (args and "fileno" not in options and len(args) < 4):
                return make(*args, **options)
            failed.set()
            raise OSError(errno.EMFILE, "Too many open files")
        return make(*args, **options)

    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app:
        with dialled(app) as peer:
            take(peer)
            until(lambda: refused(app))
            monkeypatch.setattr("socket.socket", none_left)
            hang_up(peer)
            assert failed.wait(PATIENCE)
        monkeypatch.undo()
        until(lambda: not refused(app))
