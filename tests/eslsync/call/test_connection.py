"""A switch that is not read, or does not read, costs bounded memory and time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eslsync import Disconnected, Event, Session, TimeoutError
from eslsync.bounds import BACKLOG
from eslsync.call import connection, turns
from eslsync.clock import REAL
from tests.support.peer import PATIENCE, Peer, call, event, quiet_call, response
from tests.support.servers import Beside


def test_a_handler_that_reads_nothing_holds_the_switch_back_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 100_000)
    monkeypatch.setattr(connection, "LOW_WATER", 10_000)
    monkeypatch.setattr(turns, "BACKLOG", BACKLOG._replace(most=10))

    def handler(session: Session) -> int:
        full.wait(PATIENCE)
        return sum(1 for each in session.events() if each.name == "PLAYBACK_START")

    full = threading.Event()
    with call(handler) as peer:
        peer.handshake()
        packet = peer.event("PLAYBACK_START")
        peer.sock.settimeout(0.1)
        sent = 0
        unsent = b""
        while not unsent:
            at = 0
            try:
                while at < len(packet):
                    at += peer.sock.send(packet[at:])
            except OSError:  # nobody reads
                unsent = packet[at:]
            sent += 1
            assert sent < 5_000  # of 5 KB each
        peer.sock.settimeout(PATIENCE)
        full.set()
        peer.say(unsent, *peer.tail())
    assert peer.returned == sent


# Unread input


def test_a_flood_of_tiny_messages_holds_the_switch_back_too() -> None:
    """The cost of a message counts as well as its bytes."""
    tiny = b"Content-Type: log/data\n\n"
    with call(lambda session: full.wait(PATIENCE)) as peer:
        full = threading.Event()
        peer.handshake()
        queued = 0
        connection_of = peer.app.calls[0].session.channel.leg.conversation.connection
        while not connection_of.paused:
            peer.say(tiny * 100)
            peer.arrived()
            queued += 100
        assert queued * (len(tiny) + connection.MESSAGE_WEIGHT) < 2 * connection.HIGH_WATER
        full.set()
        peer.await_handler()


@contextmanager
def another_thread_waits(
    first: str, then: list[str]
) -> Iterator[tuple[Peer, list[Any], threading.Event]]:
    """A handler that reads nothing while another thread sends commands; yields their results."""

    def handler(session: Session) -> None:
        def ask() -> None:
            for command in [first, *then]:
                try:
                    told.append(session.api(command))
                except Disconnected as error:
                    told.append(error)

        asking = Beside(ask)
        asking.join()

    told: list[Any] = []
    with call(handler) as peer:
        peer.handshake()
        peer.hear(f"api {first}")
        yield peer, told, peer.ended


def test_a_reply_to_another_thread_gets_through_a_flood_that_the_handler_does_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 10_000)
    with another_thread_waits("status", ["again"]) as (peer, told, _):
        flood = peer.event("PLAYBACK_START")
        peer.say(*[flood] * 10, response("UP"))
        peer.hear("api again")
        peer.say(*[flood] * 10, response("UP"))
        peer.await_handler()
    assert told == ["UP", "UP"]


def test_a_reply_behind_too_large_a_flood_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 10_000)
    monkeypatch.setattr(connection, "FLOOD_WATER", 50_000)
    with another_thread_waits("status", ["again"]) as (peer, told, _):
        peer.say(*[peer.event("PLAYBACK_START")] * 30)
        peer.await_handler()
    assert [type(each) for each in told] == [Disconnected] * 2
    assert "the handler does not take the messages before it" in str(told[1])


# Unsent output


def test_a_switch_that_reads_nothing_blocks_a_command_no_longer_than_its_timeout() -> None:
    large = "x" * 12_000_000

    def handler(session: Session) -> None:
        for said in ("no reply to", "have not been taken by the switch"):
            try:
                session.sendevent("CUSTOM", body=large, timeout=0.01)
            except (TimeoutError, Disconnected) as error:
                told.append((said, str(error)))

    told: list[tuple[str, str]] = []
    with quiet_call(handler) as peer:
        peer.connect()
        peer.await_handler()
        peer.reset()
    assert len(told) == 2
    assert all(said in error for said, error in told)


def test_a_large_command_is_sent_as_fast_as_the_switch_reads_it() -> None:
    large = "x" * 12_000_000
    with quiet_call(lambda session: session.sendevent("CUSTOM", body=large)) as peer:
        peer.connect()
        assert peer.serve("sendevent CUSTOM").body == large.encode()
    assert peer.raised is None


def test_a_switch_that_reads_nothing_for_too_long_counts_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "SEND_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.call.reader.CHECK_INTERVAL", 0.01)
    large = "x" * 12_000_000
    with quiet_call(lambda session: session.sendevent("CUSTOM", body=large)) as peer:
        peer.connect()
        peer.await_handler()
        peer.reset()
    assert type(peer.raised) is Disconnected
    assert "has taken nothing" in str(peer.raised)


def test_unsent_bytes_are_sent_before_the_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.call.ending.GIVE_BACK_TIMEOUT", 0.1)  # nobody answers
    large = "x" * 12_000_000

    def handler(session: Session) -> None:
        with pytest.raises(TimeoutError):
            session.sendevent("CUSTOM", body=large, timeout=0.01)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.await_handler()
        [command, *_] = peer.hear_end()
    assert command.body == large.encode()


def test_large_messages_that_nobody_reads_hold_the_switch_back() -> None:
    """All bytes of a message count, however many reads they took."""
    size = 1024 * 1024
    large = event({"Event-Name": "CUSTOM", "Event-Subclass": "large::one"}, "x" * size)
    with call(lambda session: full.wait(PATIENCE)) as peer:
        full = threading.Event()
        peer.handshake()
        connection = peer.app.calls[0].session.channel.leg.conversation.connection
        untaken = 0
        while not connection.paused and untaken < 20 * size:
            peer.say(large[:-1])
            peer.arrived()
            peer.say(large[-1:])
            peer.arrived()
            untaken += len(large)
        full.set()
        peer.await_handler()
    assert untaken < 3 * size


class ReadsOnRelease:
    """A lock; the first time that it is released, the reader gets in between."""

    def __init__(self, read: Callable[[], object]) -> None:
        self._lock = threading.Lock()
        self._read: Callable[[], object] | None = read

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        read, self._read = self._read, None
        if read is not None:
            read()


def test_what_arrives_as_the_handler_goes_to_sleep_is_taken_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch, ours = socket.socketpair()
    with switch, ours:
        taking = connection.Connection(ours, ("", 0), REAL, lambda _: None)
        switch.sendall(event({"Event-Name": "CUSTOM"}))
        monkeypatch.setattr(taking, "_lock", ReadsOnRelease(taking.receive))
        [(_, taken)] = taking.take(None, REAL.deadline(PATIENCE))
        assert isinstance(taken, Event)
        assert taking.untaken == []
