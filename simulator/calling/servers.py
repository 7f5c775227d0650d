"""The servers of handlers, which simulations that follow each other may hand on.

Starting and stopping one takes a fourth of the time of a short call: two threads, five sockets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from eslsync import Outbound, Session
from eslsync.clock import REAL, Clock
from eslsync.loading import Handler
from eslsync.serving.hooks import Hooks

from ..clockwork.frozen import standing_still

__all__ = ["are_handed_on", "in_succession", "leave", "server_for"]

#: Those that wait for the next simulation.
_left: list[Outbound] = []
_handing_on = 0


@contextmanager
def in_succession(start: str | datetime | None) -> Iterator[None]:
    """Meanwhile, simulations begin faster that begin at ``start``, one after the other.

    One whose calls are over leaves its server to the next.
    """
    global _handing_on
    _handing_on += 1
    try:
        if not _left:  # started in no simulation, of which its threads would keep something
            _left.append(_started(_nobody, REAL))
        with standing_still(start):
            yield
    finally:
        _handing_on -= 1
        while _left and not _handing_on:
            _left.pop().stop(timeout=0.0)


def server_for(handler: Handler, clock: Clock) -> Outbound:
    """A server, with the usual options, that calls ``handler``: one that was left, or a new one."""
    while _left:
        server = _left.pop()
        if server.ready:
            server.handler, server.clock = handler, clock
            return server
        server.stop(timeout=0.0)
    return _started(handler, clock)


def _started(handler: Handler, clock: Clock) -> Outbound:
    server = Outbound(handler, "127.0.0.1", 0, allow=["127.0.0.1"], clock=clock)
    server.hooks = Hooks()
    server.start(block=False)
    return server


def are_handed_on() -> bool:
    """True while simulations follow each other."""
    return _handing_on > 0


def leave(server: Outbound) -> None:
    """Leave a server whose calls are over to the next simulation."""
    server.handler, server.clock = _nobody, REAL  # nothing of this simulation stays
    _left.append(server)


def _nobody(session: Session) -> None:
    """The handler of a server that nobody calls."""
