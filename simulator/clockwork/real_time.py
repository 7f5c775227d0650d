"""Real time: the same switch for programs whose clocks can't be simulated.

Actions run at their times, on the test's own thread, inside the caller's verbs. Between verbs the
switch stands still while time passes, and then catches up.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from eslsync.clock import REAL, Clock, Peer, here

from .link import Exchange, Link
from .threads import SECOND

__all__ = ["DIAL_TIMEOUT", "RealLink", "RealTime"]

T = TypeVar("T")

#: Seconds for an app to accept a connection. Everything else waits meanwhile.
DIAL_TIMEOUT = 5.0


#: Microseconds for the app's side to confirm that ours is closed, and between two looks.
SETTLING, SETTLING_STEP = 200_000, 1000
#: The state of a connection that is over (TCP_CLOSE in Linux's tcp_states.h).
CLOSED = 7


def tcp_state(sock: socket.socket) -> int | None:
    """The state of a TCP connection; None where the system doesn't tell."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except (AttributeError, OSError):
        return None


class RealLink(Link):
    """A control connection, read and written without blocking.

    It lasts until both sides have closed: on a sync socket, an app that has closed its side may
    still receive answers.
    """

    def __init__(self, world: RealTime, number: int, sock: socket.socket) -> None:
        super().__init__(world, number, sock)
        self.peer: Peer = sock.getsockname()  # our address, as the app sees it
        self.asked = False  #: `ask` was called
        self.settles_by: int | None = None  # then, our end counts as known to the app's side
        self._unsent: deque[bytes] = deque()

    def fileno(self) -> int:
        return self.sock.fileno()

    @property
    def interest(self) -> int:
        """The selector's events for this link."""
        reads = 0 if self.gone else selectors.EVENT_READ
        return reads | (selectors.EVENT_WRITE if self._unsent else 0)

    def receive(self) -> None:
        if self.gone:
            return
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
            self.reset = self.reset_at_once = True
        if data and self.on_traffic is not None:
            self.on_traffic("app", data)
        if not data:
            self.gone = True
            if self.on_end is not None:
                self.on_end()
        if self.listener is None:
            return
        if data:
            self.listener.received(data)
        else:
            self.listener.closed(reads=True)  # as far as the switch knows

    def flush(self) -> None:
        data = b"".join(self.outgoing)
        self.outgoing.clear()
        if data:
            if self.on_traffic is not None:
                self.on_traffic("switch", data)
            self._unsent.append(data)
        self.push()

    def push(self) -> None:
        """Send as much as the app takes now."""
        try:
            while self._unsent:
                piece = self._unsent[0]
                sent = self.sock.send(piece)
                if sent < len(piece):
                    self._unsent[0] = piece[sent:]
                else:
                    self._unsent.popleft()
            if self.closing and not self.closed:
                self.closed = True
                self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            self.unread = self._size_unsent()  # they are sent once the app has read
        except OSError:
            # The app has reset the connection; reading finds out, too.
            self.reset = True
            if not self.gone:
                self.reset_at_once = True
                self.unread = self._size_unsent()
            self._unsent.clear()
            self.closed = self.closing
        else:
            self.unread = 0

    def ask(self, data: bytes) -> None:
        """Send something beside the conversation."""
        self.asked = True
        self._unsent.append(data)
        self.push()

    def give_up(self) -> None:
        """Close both sides, whatever the app does."""
        self._unsent.clear()
        self.gone = self.closing = self.closed = self.reset = True

    def is_settled(self, now: int) -> bool:
        """True once the app's side knows that ours is closed; `reset` is known then."""
        if self.settles_by is None:
            self.settles_by = now + SETTLING
        if not self.reset and now < self.settles_by and tcp_state(self.sock) not in (None, CLOSED):
            return False
        if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.reset = True
        return True

    def _size_unsent(self) -> int:
        return sum(map(len, self._unsent))


class RealTime(Exchange):
    """Runs actions in real time. Times are microseconds since the epoch."""

    def __init__(self) -> None:
        # If time.time() is frozen, time goes on from there, since REAL is not.
        self._offset = time.time() - REAL.now()
        super().__init__(self._tell())
        self.clock: Clock = WatchedClock(self)
        self._numbers = itertools.count(1)
        self._links: list[RealLink] = []
        # Our addresses on connections that handlers of this process serve; the handlers' threads
        # add and remove them.
        self._served: set[Peer] = set()
        self._waiting: set[threading.Event] = set()  # threads in `do`
        self._runner: int | None = None  # the thread that is in `run`
        self._closed = False
        # Opened when first needed, so that a switch that is never used has nothing to close.
        self._selector: selectors.BaseSelector | None = None
        self._wake: socket.socket | None = None
        self._woken: socket.socket | None = None

    @property
    def now(self) -> int:
        """The time of the current thread's step; outside of steps, the real time."""
        return self._now if self._runner == threading.get_ident() else max(self._now, self._tell())

    @now.setter
    def now(self, now: int) -> None:
        self._now = now

    def _tell(self) -> int:
        return round((REAL.now() + self._offset) * SECOND)

    # Any thread

    def nudge(self) -> None:
        """Have `run` check its condition again, after a change by another thread."""
        wake = self._wake
        if wake is None:
            return
        try:
            wake.send(b"!")
        except OSError:
            pass  # full of unread wake-up calls, or closed

    def do(self, action: Callable[[], None]) -> None:
        """Run ``action`` on the test's thread, while the current one waits."""
        waits = threading.Event()
        self._waiting.add(waits)
        self.at(self.now, action)
        self.at(self.now, waits.set)
        self.nudge()
        if not self._closed:
            waits.wait()
        self._waiting.discard(waits)

    def begun(self, peer: Peer) -> None:
        self._served.add(peer)

    def ended(self, peer: Peer) -> None:
        self._served.discard(peer)
        self.nudge()

    # The test's thread

    def aside(self, work: Callable[[], object], name: str) -> threading.Thread:
        """Start ``work`` on a new thread."""
        helper = threading.Thread(target=work, name=name, daemon=True)
        helper.start()
        return helper

    def dial(self, address: tuple[str, int]) -> RealLink:
        """Connect to an app; raises OSError if nobody listens there."""
        selector = self._open()
        sock = socket.create_connection(address, DIAL_TIMEOUT)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = RealLink(self, next(self._numbers), sock)
        self._links.append(link)
        selector.register(link, link.interest, link)
        return link

    def run(self, until: Callable[[], bool], deadline: int | None = None) -> bool:
        """Run actions until ``until()`` is true, or up to ``deadline``.

        Returns False if ``deadline`` came first, or if nothing is due and no connection could
        change that.
        """
        if self._closed:
            return self._run_out(until)
        self._open()
        self._now = self.now
        self._runner = threading.get_ident()
        try:
            with here.busy:  # whoever waited for an app here would keep the world from answering it
                while not until():
                    due = self.next_due()
                    if due is not None and due <= self._now:
                        self.do_next()
                    elif self.idle or (deadline is not None and deadline <= self._now):
                        return False
                    else:
                        self._listen(due if deadline is None else min(due or deadline, deadline))
                    self._tidy()
            return True
        finally:
            self._runner = None

    @property
    def idle(self) -> bool:
        """True if nothing is due, and no connection may still bring data."""
        return self.next_due() is None and all(link.ended for link in self._links)

    def _run_out(self, until: Callable[[], bool]) -> bool:
        """`run` after `close`."""
        while not until():
            if self.next_due() is None:
                return False
            self.do_next()
        return True

    def _listen(self, moment: int | None) -> None:
        """Wait until ``moment`` for data from apps."""
        assert self._selector is not None
        assert self._woken is not None
        wait = None if moment is None else max(0.0, (moment - self._tell()) / SECOND)
        ready = self._selector.select(wait)
        self._now = max(self._now, self._tell())
        for key, events in ready:
            link: RealLink | None = key.data
            if link is None:
                self._woken.recv(4096)
                continue
            if events & selectors.EVENT_WRITE:
                link.push()
            if events & selectors.EVENT_READ:
                link.receive()
                self.flush()

    def _tidy(self) -> None:
        """Watch each link by its interest, and dispose of finished ones."""
        assert self._selector is not None
        watched = self._selector.get_map()
        for link in list(self._links):
            interest = link.interest
            if link not in watched:
                if interest:
                    self._selector.register(link, interest, link)
            elif not interest:
                self._selector.unregister(link)
            elif self._selector.get_key(link).events != interest:
                self._selector.modify(link, interest, link)
            if not link.gone or link.peer in self._served:
                continue  # a handler of this process has not ended until its thread has
            if not link.closed or interest:
                link.ended = True
            elif link.is_settled(self._now):
                link.ended = True
                link.dispose()
                self._links.remove(link)
                if link.on_gone is not None:
                    link.on_gone()
            else:
                self.at(self._now + SETTLING_STEP, lambda: None)  # look again

    def _open(self) -> selectors.BaseSelector:
        if self._selector is None:
            self._selector = selectors.DefaultSelector()
            # `nudge` writes a byte here.
            self._wake, self._woken = socket.socketpair()
            self._wake.setblocking(False)
            self._woken.setblocking(False)
            self._selector.register(self._woken, selectors.EVENT_READ, None)
        return self._selector

    def close(self) -> None:
        """Close every connection."""
        self._closed = True
        for waits in list(self._waiting):
            waits.set()
        for link in self._links:
            link.dispose()
        if self._selector is not None and self._wake is not None and self._woken is not None:
            self._selector.close()
            self._wake.close()
            self._woken.close()


class WatchedClock(Clock):
    """Real time; tells `RealTime` when a handler of this process begins, waits and ends."""

    simulates = True

    def __init__(self, world: RealTime) -> None:
        self._world = world

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        if inbox.empty():
            self._world.nudge()  # a verb may wait for this handler to wait
        return super().get(inbox, deadline)

    def begun(self, peer: Peer) -> None:
        self._world.begun(peer)

    def ended(self, peer: Peer) -> None:
        self._world.ended(peer)
