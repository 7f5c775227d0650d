"""What a step writes to connections is sent when the step ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.clockwork.link import Exchange, Link


class Noted(Link):
    """A connection whose app is a list."""

    def __init__(self, exchange: Exchange, number: int, sock: socket.socket) -> None:
        super().__init__(exchange, number, sock)
        self.sent: list[bytes] = []

    def flush(self) -> None:
        self.sent.append(b"".join(self.outgoing))
        self.outgoing.clear()
        self.closed = self.closing


@contextmanager
def linked(count: int = 1) -> Iterator[tuple[Exchange, list[Noted]]]:
    exchange = Exchange(0)
    pairs = [socket.socketpair() for _ in range(count)]
    links = [Noted(exchange, number, ours) for number, (ours, _) in enumerate(pairs)]
    try:
        yield exchange, links
    finally:
        for link, (_, theirs) in zip(links, pairs, strict=True):
            link.dispose()
            theirs.close()


def test_bytes_written_in_a_step_are_sent_in_one_piece_at_its_end() -> None:
    with linked() as (exchange, [link]):

        def step() -> None:
            link.write(b"a")
            link.write(b"b")
            assert link.sent == []

        exchange.at(0, step)
        exchange.do_next()
        assert link.sent == [b"ab"]


def test_only_connections_with_news_are_flushed_and_once() -> None:
    with linked(3) as (exchange, links):
        links[2].write(b"first")
        links[0].write(b"second")
        links[2].write(b"again")
        exchange.flush()
        exchange.flush()
        assert [link.sent for link in links] == [[b"second"], [], [b"firstagain"]]


def test_a_close_takes_effect_at_the_end_of_the_step_and_nothing_follows_it() -> None:
    with linked() as (exchange, [link]):
        link.write(b"goodbye")
        link.close()
        link.write(b"too late")
        before = link.closed
        exchange.flush()
        assert (before, link.closed) == (False, True)
        assert link.sent == [b"goodbye"]


def test_bytes_written_during_a_flush_are_sent_in_the_same_step() -> None:
    class Echoes(Noted):
        def flush(self) -> None:
            super().flush()
            if len(self.sent) < 3:
                self.write(b"more")

    ours, theirs = socket.socketpair()
    exchange = Exchange(0)
    link = Echoes(exchange, 1, ours)
    link.write(b"one")
    exchange.flush()
    link.dispose()
    theirs.close()
    assert link.sent == [b"one", b"more", b"more"]
