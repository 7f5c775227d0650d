"""What a connection may cost before it is known to be a call of a switch that may call."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eslsync import Disconnected, Session
from eslsync.call import connection, reader
from eslsync.call.connection import LARGE_READ_SIZE, Connection
from eslsync.call.probation import MAX_FIRST_BYTES, MAX_FIRST_MESSAGES, MAX_FIRST_READS
from tests.support.peer import Peer
from tests.support.servers import Beside, dialled, messages, nothing, serving

#: Seconds after which the handshake is over.
HANDSHAKE = 11.0
NOBODY = ["192.0.2.1"]


class Cost(Counter[str]):
    """Counts the reads of all connections."""


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Cost:
    counted = Cost()
    receive = Connection.receive

    def count(self: Connection) -> Disconnected | None:
        counted["reads"] += 1
        return receive(self)

    monkeypatch.setattr(Connection, "receive", count)
    return counted


@contextmanager
def stranger(allow: list[str]) -> Iterator[Peer]:
    with serving(nothing, allow=allow) as app, dialled(app) as peer:
        peer.hear("connect")
        yield peer


def flood(peer: Peer, data: bytes) -> Beside:
    """Say that in a thread of its own, since nobody may read it."""

    def say() -> None:
        try:
            peer.sock.sendall(data)
        except OSError:
            pass

    return Beside(say)


def is_ended(peer: Peer) -> None:
    """The connection is closed, in order or not, once the handshake's time is over."""
    peer.clock.pass_time(HANDSHAKE)
    try:
        assert peer.sock.recv(1) == b""
    except ConnectionError:
        pass


@pytest.mark.parametrize("allow", [["127.0.0.0/8"], NOBODY])
@pytest.mark.parametrize("junk", [b"\n", b"\r\n", b"a: b\n"])
def test_bytes_that_lead_to_no_call_are_bounded(allow: list[str], junk: bytes) -> None:
    with stranger(allow) as peer:
        flooding = flood(peer, junk * (8 * MAX_FIRST_BYTES // len(junk)))
        peer.clock.arrived(peer.address, MAX_FIRST_BYTES)
        is_ended(peer)
        flooding.join()
    assert peer.clock.taken(peer.address) <= MAX_FIRST_BYTES + 2 * LARGE_READ_SIZE


@pytest.mark.parametrize("allow", [["127.0.0.0/8"], NOBODY])
def test_reads_of_single_bytes_are_bounded(
    allow: list[str], cost: Cost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stranger(allow) as peer, monkeypatch.context() as patched:
        patched.setattr(reader.Reader, "_end_rest", nothing)
        for _ in range(MAX_FIRST_READS + 1):
            peer.say(b"x")
            peer.arrived()
        for _ in range(100):
            peer.say(b"x")
        peer.hear_nothing()
        assert cost["reads"] <= MAX_FIRST_READS + 2  # one may be on its way


def test_a_switch_whose_reply_comes_in_single_bytes_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "REST", 0.001)
    seen: list[str] = []

    def handler(session: Session) -> None:
        seen.append(session.uuid)

    with serving(handler, linger=False, events=False) as app, dialled(app) as peer:
        peer.hear("connect")
        for byte in peer.connect_reply[: MAX_FIRST_READS + 10]:
            peer.say(bytes([byte]))
            peer.arrived()
        peer.say(peer.connect_reply[MAX_FIRST_READS + 10 :])
        peer.hear()
        peer.end()
        peer.hear_end()
    assert seen == [peer.uuid]


@pytest.mark.parametrize("allow", [["127.0.0.0/8"], NOBODY])
def test_messages_that_lead_to_no_call_are_bounded(
    allow: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "eslsync")
    with stranger(allow) as peer:
        peer.say(b"Content-Type: log/data\n\n" * (MAX_FIRST_MESSAGES + 1))
        peer.arrived()
        is_ended(peer)
    [said] = [each for each in messages(caplog) if "was no call" in each]
    assert f"{MAX_FIRST_MESSAGES + 1} messages, and no call that may be taken" in said


def test_what_a_call_says_later_is_not_bounded(cost: Cost) -> None:
    with serving(lambda session: session.wait("POSTED")) as app, dialled(app) as peer:
        peer.handshake()
        for _ in range(MAX_FIRST_READS + 10):
            peer.say(b"\n")
            peer.arrived()
        peer.say(peer.digit("1") * (MAX_FIRST_BYTES // len(peer.digit("1")) + 2))
        peer.arrived()
        app.calls[0].session.post()
        peer.hear()
        peer.end()
        peer.hear_end()


def test_blank_lines_in_a_call_are_read_with_rests(
    cost: Cost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_BLANK", 10)
    with (
        serving(lambda session: session.wait("POSTED")) as app,
        dialled(app) as peer,
        monkeypatch.context() as patched,
    ):
        peer.handshake()
        peer.settle()
        patched.setattr(reader.Reader, "_end_rest", nothing)
        before = cost["reads"]
        for _ in range(11):
            peer.say(b"\n")
            peer.arrived()
        for _ in range(100):
            peer.say(b"\n")
        app.calls[0].session.post()
        peer.hear()
        assert cost["reads"] <= before + 12  # one may be on its way
