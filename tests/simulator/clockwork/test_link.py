"""A control connection from the switch's end: what is written, in which pieces, and its end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.clockwork.link import MOUTHFUL, Exchange, Link
from tests.support.servers import Beside


class World(Exchange):
    """Keeps count of what is in flight, as virtual time does."""

    def flies(self, link: Link, size: int) -> None:
        link.to_app += size

    def landed(self, link: Link, size: int) -> None:
        link.to_switch = max(0, link.to_switch - size) if size else 0


class Heard:
    """The switch's side, as it hears the app."""

    def __init__(self) -> None:
        self.data = b""
        self.ends = 0

    def received(self, data: bytes) -> None:
        self.data += data

    def closed(self, *, reads: bool = False) -> None:
        self.ends += 1


@contextmanager
def linked() -> Iterator[tuple[World, Link, socket.socket]]:
    """A connection: the switch's end as a link, and the app's as a socket."""
    ours, theirs = socket.socketpair()
    world = World(0)
    link = Link(world, 1, ours)
    try:
        yield world, link, theirs
    finally:
        link.dispose()
        theirs.close()


def test_what_a_step_writes_is_sent_at_its_end_in_one_piece() -> None:
    pieces: list[bytes] = []
    with linked() as (world, link, theirs):
        link.on_traffic = lambda sender, data: pieces.append(data)

        def step() -> None:
            link.write(b"a")
            link.write(b"b")
            assert pieces == []

        world.at(0, step)
        world.do_next()
        assert pieces == [b"ab"]
        assert theirs.recv(10) == b"ab"
        assert link.to_app == 2


def test_the_close_comes_after_what_was_written_and_nothing_after_the_close() -> None:
    with linked() as (world, link, theirs):
        link.write(b"goodbye")
        link.close()
        link.write(b"too late")
        world.flush()
        assert link.closed
        assert theirs.recv(100) == b"goodbye"
        assert theirs.recv(100) == b""
        assert link.to_app == len(b"goodbye") + 1  # the close counts as a byte


def test_much_at_once_goes_out_in_mouthfuls_and_then_the_close() -> None:
    sizes: list[int] = []
    received: list[bytes] = []
    with linked() as (world, link, theirs):

        def read_to_the_end() -> None:
            while data := theirs.recv(MOUTHFUL):
                received.append(data)

        link.on_traffic = lambda sender, data: sizes.append(len(data))
        reading = Beside(read_to_the_end)
        link.write(bytes(2 * MOUTHFUL + 1))
        link.close()
        world.flush()
        while not link.closed:
            world.do_next()
        reading.join()
    assert sizes == [MOUTHFUL, MOUTHFUL, 1]
    assert sum(map(len, received)) == sum(sizes)


def test_the_app_is_heard_and_so_is_its_end() -> None:
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


def test_an_app_that_is_gone_is_no_error_and_nothing_flies_to_it() -> None:
    with linked() as (world, link, theirs):
        theirs.close()
        link.write(b"anybody there?")
        world.flush()
        assert link.to_app == 0
