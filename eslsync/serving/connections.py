"""A server's connections: the thread that serves each, and the call that it is, once it is one."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from .live import LiveCall, Served, look_at

__all__ = ["Connections"]

logger = logging.getLogger("eslsync")

#: Most connections not (yet) accepted as calls. Those beyond wait to be accepted meanwhile; a
#: switch waits 25 s for the first word (recording 14a).
MAX_KNOCKING = 256
#: Most of these from peers that may not call. Those beyond are just closed.
MAX_STRANGERS = 16
#: Most hosts that `log_once` remembers.
MAX_HOSTS = 1000


class Connections:
    """Counts connections in and out. Any thread may use it; all changes are made under a lock.

    ``nudge`` is called when there is room again for a connection that the acceptor holds up.
    """

    def __init__(self, nudge: Callable[[], None]) -> None:
        self.calls: dict[threading.Thread, Served] = {}  #: those that are calls
        self.closing = False  #: the server stops: what still connects is given back
        self._nudge = nudge
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()  # one for each connection
        self._strangers: set[threading.Thread] = set()  # those of peers that may not call
        self._held_up = False  # the acceptor waits for room
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()  # what was logged of hosts

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._threads

    @property
    def others(self) -> list[threading.Thread]:
        """The threads of connections, without the one that asks."""
        with self._lock:
            return [each for each in self._threads if each is not threading.current_thread()]

    # The acceptor

    def hold_up(self) -> None:
        """Call ``nudge`` whenever there may be room, from here on."""
        with self._lock:
            self._held_up = True

    def have_room(self, listening: bool) -> bool:
        """True if another connection may be accepted; if not, a nudge follows."""
        with self._lock:
            knocking = len(self._threads) - len(self.calls)
            room = listening and knocking < MAX_KNOCKING
            self._held_up = not room
            return room

    def may_be(self, calls: int) -> bool:
        """True if there are so many calls, with all connections that may become calls."""
        with self._lock:
            return len(self._threads) - len(self._strangers) >= calls

    def let_in(self, thread: threading.Thread, *, stranger: bool) -> bool:
        """Count a connection in; False if there are too many strangers already."""
        with self._lock:
            if stranger:
                if len(self._strangers) >= MAX_STRANGERS:
                    return False
                self._strangers.add(thread)
            self._threads.add(thread)
        return True

    # A connection's thread, for itself

    def let_out(self, thread: threading.Thread) -> None:
        """Count a connection out."""
        with self._lock:
            self._threads.discard(thread)
            self._strangers.discard(thread)
        self._tell_of_room()

    @property
    def is_stranger(self) -> bool:
        """True if this thread's peer may not call."""
        return threading.current_thread() in self._strangers

    def count_in(self, call: Served, most: int | None) -> bool:
        """Count this thread's connection as a call; False if there are ``most`` already."""
        with self._lock:
            if most is not None and len(self.calls) >= most:
                return False
            self.calls[threading.current_thread()] = call
        self._tell_of_room()
        return True

    def count_out(self) -> None:
        """This thread's call has ended."""
        with self._lock:
            del self.calls[threading.current_thread()]

    def _tell_of_room(self) -> None:
        with self._lock:
            held_up = self._held_up
        if held_up:
            self._nudge()

    # Who looks on

    def look(self) -> tuple[LiveCall, ...]:
        """The calls that handlers work on now."""
        # Copied in one operation and without the lock: a signal handler may ask as well, whatever
        # it has interrupted.
        calls = self.calls.copy()
        return tuple(look_at(call, thread) for thread, call in calls.items())

    def of_others(self) -> list[tuple[threading.Thread, Served]]:
        """The calls, without that of the thread that asks."""
        others = self.others
        with self._lock:
            return [(each, self.calls[each]) for each in others if each in self.calls]

    def log_once(self, host: str, why: str, message: str, *arguments: object) -> None:
        """Log a warning; the next with the same ``why`` about that host at DEBUG."""
        with self._lock:
            known = (host, why) in self._told
            self._told[host, why] = None
            self._told.move_to_end((host, why))
            if len(self._told) > MAX_HOSTS:
                self._told.popitem(last=False)
        logger.log(logging.DEBUG if known else logging.WARNING, message, *arguments)
