"""The same switch in real time, for programs that have clocks of their own.

Everything due happens when its moment has come, on the test's own thread, inside the caller's
verbs; between verbs, the switch stands still while time goes on, and then catches up.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable

from eslsync.clock import REAL, Clock

from .world import SECOND, Agenda, Link

__all__ = ["RealTime"]

#: Seconds that an app has to take a connection.
DIAL_TIMEOUT = 5.0


class RealLink(Link):
    """A control connection that is read when it has something to say."""

    def receive(self) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            if self.on_traffic is not None:
                self.on_traffic("app", data)
            if self.listener is not None:
                self.listener.received(data)
            return
        self.gone = True
        if self.listener is not None:
            self.listener.closed()

    gone = False  # the app has closed its side

    def fileno(self) -> int:
        return self._sock.fileno()


class RealTime(Agenda):
    """The order of things in real time. Times are microseconds since the epoch."""

    clock: Clock = REAL

    def __init__(self) -> None:
        self._offset = time.time() - REAL.now()
        super().__init__(self._tell())
        self._selector = selectors.DefaultSelector()
        self._links: list[RealLink] = []
        # Other threads write a byte to have the verbs look again.
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)

    def _tell(self) -> int:
        return round((REAL.now() + self._offset) * SECOND)

    def nudge(self) -> None:
        """Something has changed that a verb may wait for. Any thread."""
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of unread wake-up calls, or closed

    def dial(self, address: tuple[str, int]) -> Link | None:
        """Connect to an app; None if nobody listens there."""
        try:
            sock = socket.create_connection(address, DIAL_TIMEOUT)
        except OSError:
            return None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = RealLink(self, len(self._links) + 1, sock)
        self._links.append(link)
        self._selector.register(link, selectors.EVENT_READ, link)
        return link

    def run(self, until: Callable[[], bool], deadline: int | None = None) -> bool:
        """Let things happen until ``until()`` holds; False if it didn't by ``deadline``.

        False as well if nothing is due and nobody is connected any more.
        """
        self.now = max(self.now, self._tell())
        while not until():
            due = self.next_due()
            if due is None and not self._links:
                return False
            if due is not None and due <= self.now:
                self.do_next()
                self._tidy()
                continue
            if deadline is not None and self.now >= deadline:
                return False
            moments = [moment for moment in (due, deadline) if moment is not None]
            wait = None if not moments else max(0.0, (min(moments) - self._tell()) / SECOND)
            ready = self._selector.select(wait)
            self.now = max(self.now, self._tell())
            for key, _ in ready:
                if key.data is None:
                    self._woken.recv(4096)
                else:
                    key.data.receive()
            self.flush()
            self._tidy()
        return True

    def _tidy(self) -> None:
        """Let go of the links that both sides have closed."""
        for link in [each for each in self._links if each.gone]:
            self._selector.unregister(link)
            self._links.remove(link)
            link.flush()
            link.dispose()
            link.ended = True

    def close(self) -> None:
        """Let go of everything."""
        for link in self._links:
            link.dispose()
        self._selector.close()
        self._wake.close()
        self._woken.close()
