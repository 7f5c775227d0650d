"""A server's connections: the thread that serves each, and its call once it is accepted."""

from __future__ import annotations

import logging
import math
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from .. import forks
from ..clock import REAL, Peer, here
from ..logs import logger
from ..stacks import frames_of_all
from .live import LiveCall, Served, look_at

__all__ = ["Connections"]

#: Maximum connections not (yet) accepted as calls. Further ones wait to be accepted; a switch
#: waits 25 s for the first command (recording 14a).
MAX_KNOCKING = 256
#: Maximum of these from peers that may not call, and how many may begin in how many seconds.
#: Further ones are just closed, which costs a twentieth of turning a call away.
MAX_STRANGERS = 16
STRANGERS_A_SECOND = (100, 1.0)
#: Maximum hosts that `log_once` remembers, and warnings in how many seconds: strangers may come
#: from as many addresses as a network of IPv6 has.
MAX_HOSTS = 1000
WARNINGS_A_MINUTE = (100, 60.0)


class Rate:
    """Allows ``most`` things in each period of so many seconds of real time."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._ends = 0.0
        self._count = 0

    def allows(self) -> bool:
        """Count one more; True if it is not too many."""
        now = REAL.now()
        if now >= self._ends:
            self._ends, self._count = now + self._seconds, 0
        self._count += 1
        return self._count <= self._most


class Connections:
    """Counts connections in and out. Any thread may use it; a lock protects all changes.

    Calls ``nudge`` when room opens up for a connection that the acceptor holds back. In simulated
    time there is always room: the switch, whose answers callers that knock would wait for, waits
    until all that it has dialled have come in.
    """

    def __init__(self, nudge: Callable[[], None], *, simulated: bool = False) -> None:
        self.calls: dict[threading.Thread, Served] = {}  #: accepted as calls
        self.closing = False  #: the server stops
        #: When the calls that it had accepted by then are cut.
        self.cut_at = math.inf
        self._nudge = nudge
        self._simulated = simulated
        self._lock = forks.lock()
        self._threads: dict[threading.Thread, socket.socket] = {}  # one for each connection
        #: Threads of connections that have ended while the server was closing.
        self.gone: list[threading.Thread] = []
        self._strangers: set[threading.Thread] = set()  # those of peers that may not call
        self._late: set[threading.Thread] = set()  # those accepted while the server stops
        self._read: set[socket.socket] = set()  # those that their threads read themselves
        self._arrivals = Rate(*STRANGERS_A_SECOND)  # of these
        self._warnings = Rate(*WARNINGS_A_MINUTE)
        self._held_up = False  # the acceptor waits for room
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()  # logged reasons by host

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._threads

    @property
    def others(self) -> list[threading.Thread]:
        """The threads of connections, except the current one."""
        with here.busy, self._lock:
            return [each for each in self._threads if each is not threading.current_thread()]

    # The acceptor

    def hold_up(self) -> None:
        """From now on, call ``nudge`` whenever room may open up."""
        with here.busy, self._lock:
            self._held_up = True

    def have_room(self, listening: bool) -> bool:
        """True if another connection may be accepted; if not, a nudge follows."""
        with here.busy, self._lock:
            knocking = len(self._threads) - len(self.calls)
            room = listening and (knocking < MAX_KNOCKING or self._simulated)
            self._held_up = not room
            return room

    def may_be(self, calls: int) -> bool:
        """True if calls and connections that may become calls number at least ``calls``."""
        with here.busy, self._lock:
            return len(self._threads) - len(self._strangers) >= calls

    def let_in(
        self, thread: threading.Thread, sock: socket.socket, *, stranger: bool, late: bool = False
    ) -> bool:
        """Count a connection in; False if there are too many strangers already.

        ``late``: it was accepted while the server stops, to be given back.
        """
        with here.busy, self._lock:
            if stranger and not self._count_stranger(thread):
                return False
            if late:
                self._late.add(thread)
            self._threads[thread] = sock
        return True

    def _count_stranger(self, thread: threading.Thread) -> bool:
        if len(self._strangers) >= MAX_STRANGERS or not self._arrivals.allows():
            return False
        self._strangers.add(thread)
        return True

    def too_many(self, peer: Peer) -> None:
        """Log that a stranger's connection is just closed."""
        what = "a connection from %s was closed: too many are turned away already"
        self.log_once(peer[0], "too many", what, peer)

    def forget(self, thread: threading.Thread) -> None:
        """Count out a connection whose thread could not be started."""
        with here.busy, self._lock:
            self._threads.pop(thread, None)
            self._strangers.discard(thread)
            self._late.discard(thread)

    # A connection's thread, for itself

    def let_out(self) -> None:
        """Count the current thread's connection out."""
        thread = threading.current_thread()
        if self.closing:
            self.gone.append(thread)
        self.forget(thread)
        self._tell_of_room()

    @property
    def is_late(self) -> bool:
        """True if the current thread's call is to be given back, because the server stops."""
        if not self.closing:
            return False
        return threading.current_thread() in self._late or REAL.now() >= self.cut_at

    def count_stranger(self) -> bool:
        """Count the current thread's connection as a stranger's; False if there are too many."""
        with here.busy, self._lock:
            return self._count_stranger(threading.current_thread())

    @contextmanager
    def reading(self, sock: socket.socket) -> Iterator[None]:
        """While the current thread itself reads the socket, `end_reading` can end that."""
        with here.busy, self._lock:
            self._read.add(sock)
        try:
            yield
        finally:
            with here.busy, self._lock:
                self._read.discard(sock)

    def end_reading(self) -> None:
        """End the connections that threads still read themselves. The acceptor's."""
        with here.busy, self._lock:
            for sock in self._read:
                with suppress(OSError):  # it has ended
                    sock.shutdown(socket.SHUT_RDWR)

    def count_in(self, call: Served, most: int | None) -> bool:
        """Count the current thread's connection as a call; False if ``most`` are up already."""
        with here.busy, self._lock:
            if most is not None and len(self.calls) >= most:
                return False
            self.calls[threading.current_thread()] = call
        self._tell_of_room()
        return True

    def count_out(self) -> None:
        """Count out the current thread's call, which has ended."""
        with here.busy, self._lock:
            self.calls.pop(threading.current_thread(), None)  # gone in a forked child

    def _tell_of_room(self) -> None:
        with here.busy, self._lock:
            held_up = self._held_up
        if held_up:
            self._nudge()

    # Observers

    def look(self) -> tuple[LiveCall, ...]:
        """The calls that handlers work on now."""
        # Copied in one operation and without the lock, because a signal handler may ask as well,
        # whatever it interrupted.
        calls, frames = self.calls.copy(), frames_of_all()
        return tuple(look_at(call, thread, frames) for thread, call in calls.items())

    def log_once(
        self,
        host: str,
        why: str,
        message: str,
        *arguments: object,
        again: int = logging.DEBUG,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Log a warning; at ``again`` if the host had one with that ``why``, or after too many.

        ``facts`` are fields of the record.
        """
        with here.busy, self._lock:
            known = (host, why) in self._told or not self._warnings.allows()
            self._told[host, why] = None
            self._told.move_to_end((host, why))
            if len(self._told) > MAX_HOSTS:
                self._told.popitem(last=False)
        logger.log(again if known else logging.WARNING, message, *arguments, extra=facts)

    # A forked child

    def let_go(self) -> None:
        """Close all connections, which are the parent's."""
        for call in self.calls.values():
            call.connection.let_go()
        for sock in self._threads.values():
            sock.close()
        self.calls.clear()
        self._threads.clear()
        self._strangers.clear()
        self._late.clear()
        self._read.clear()
