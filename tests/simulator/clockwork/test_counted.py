"""What virtual time counts: bytes in flight on each connection, and threads that are parked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulator.clockwork.counted import MOUTHFUL, Participant, VirtualLink
from simulator.clockwork.link import Exchange
from tests.support.peer import PATIENCE
from tests.support.servers import Beside


class Heard:
    """The switch's side, as it hears the app."""

    def __init__(self) -> None:
        self.data = b""
        self.ends = 0

    def received(self, data: bytes) -> None:
        self.data += data

    def closed(self, *, reads: bool = False) -> None:
        self.ends += 1


def flies(link: VirtualLink, size: int) -> None:
    link.to_app += size


def landed(link: VirtualLink, size: int) -> None:
    link.to_switch = max(0, link.to_switch - size) if size else 0


@contextmanager
def linked() -> Iterator[tuple[Exchange, VirtualLink, socket.socket]]:
    """A connection: the switch's end as a link, and the app's as a socket."""
    ours, theirs = socket.socketpair()
    exchange = Exchange(0)
    link = VirtualLink(exchange, 1, ours, flies, landed)
    try:
        yield exchange, link, theirs
    finally:
        link.dispose()
        theirs.close()


def test_bytes_and_the_close_are_counted_as_they_are_sent() -> None:
    with linked() as (exchange, link, theirs):
        link.write(b"goodbye")
        link.close()
        assert link.to_app == 0
        exchange.flush()
        assert link.to_app == len(b"goodbye") + 1  # the close counts as one
        assert theirs.recv(100) == b"goodbye"
        assert theirs.recv(100) == b""


def test_much_at_once_goes_out_in_mouthfuls_and_then_the_close() -> None:
    sizes: list[int] = []
    received: list[bytes] = []
    with linked() as (exchange, link, theirs):

        def read_to_the_end() -> None:
            while data := theirs.recv(MOUTHFUL):
                received.append(data)

        link.on_traffic = lambda sender, data: sizes.append(len(data))
        reading = Beside(read_to_the_end)
        link.write(bytes(2 * MOUTHFUL + 1))
        link.close()
        exchange.flush()
        while not link.closed:
            exchange.do_next()
        reading.join()
    assert sizes == [MOUTHFUL, MOUTHFUL, 1]
    assert sum(map(len, received)) == sum(sizes)


def test_the_app_is_heard_until_its_end() -> None:
    pieces: list[bytes] = []
    with linked() as (_, link, theirs):
        heard = link.listener = Heard()
        link.on_traffic = lambda sender, data: pieces.append(data)
        said = b"connect\n\n"
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        link.to_switch = len(said) + 1
        link.receive()
        assert heard.data == b"".join(pieces) == said
        assert heard.ends == 1


def test_nothing_flies_to_an_app_that_has_gone() -> None:
    with linked() as (exchange, link, theirs):
        theirs.close()
        link.write(b"anybody there?")
        exchange.flush()
        assert link.to_app == 0


def test_a_parked_thread_answers_questions_itself() -> None:
    def parked() -> None:
        participant.wait()

    answered_by: list[threading.Thread] = []
    participant = Participant(1, threading.current_thread())
    thread = threading.Thread(target=parked)
    thread.start()
    try:
        participant.ask(lambda: answered_by.append(threading.current_thread()))
        with pytest.raises(ZeroDivisionError):
            participant.ask(lambda: 1 / 0)
    finally:
        participant.gate.release()
        thread.join(PATIENCE)
    assert answered_by == [thread]
    assert not thread.is_alive()
