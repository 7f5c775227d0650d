"""The one thread that reads every call's socket.

One reader serves all calls. Compared with one per call, thousands of held calls took half the
threads and less than half the memory, and a key pressed on all of them at once was answered in a
second, whereas a thousand readers that wake together queue for the interpreter lock.

It frames bytes, appends to queues, and sends what a switch did not take at once. It runs no user
code, decodes nothing, and waits only for its selector.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Iterable

from .. import forks
from ..clock import REAL
from ..wire.exceptions import Disconnected
from .connection import Connection

logger = logging.getLogger("eslsync")

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

#: Seconds between checks for switches that take nothing.
CHECK_INTERVAL = 1.0


class Reader:
    """Reads every connection, in one thread that it starts at once."""

    def __init__(self, name: str) -> None:
        # Other threads put connections into _to_look_at, under _lock, and write a byte to wake
        # the reader: the selector itself belongs to the reader's thread.
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Connection, int] = {}  # and for which events; the reader's thread only
        self._stalled: set[Connection] = set()  # with bytes that the switch has not taken
        self._lock = forks.lock()
        self._to_look_at: list[Connection] = []
        self._stopping = False
        self._stopped = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, READ, None)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def watch(self, connection: Connection) -> None:
        """Watch this connection, by its current `interest`. Any thread."""
        with self._lock:
            late = self._stopped
            if not late:
                self._to_look_at.append(connection)
        if late:
            connection.end(STOPPED, 0)
        else:
            self._nudge()

    def stop(self) -> None:
        """End the thread, and every remaining connection."""
        with self._lock:
            self._stopping = True
        self._nudge()
        self.thread.join()
        self._wake.close()
        self._woken.close()
        self._selector.close()

    def let_go(self) -> None:
        """In a forked child, where nobody reads."""
        self._stopped = True
        for each in (self._selector, self._wake, self._woken):
            each.close()

    def _nudge(self) -> None:
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of unread wake-up calls, or closed

    # the reader's thread

    def _run(self) -> None:
        while True:
            woken = False
            for key, events in self._selector.select(CHECK_INTERVAL if self._stalled else None):
                if key.data is not None:
                    self._serve(key.data, events)
                else:  # emptied before looking: a later request wakes the reader again
                    self._woken.recv(4096)
                    woken = True
            if woken:
                with self._lock:
                    news, self._to_look_at = self._to_look_at, []
                    if self._stopping:
                        self._stopped = True
                        break
                for connection in news:
                    self._look_at(connection)
            if self._stalled:
                self._give_up_stalled()
        self._end_all(news)

    def _serve(self, connection: Connection, events: int) -> None:
        try:
            if events & WRITE:
                connection.flush()
            reason = connection.receive() if events & READ else None
        except Exception as error:  # a bug of ours ends one call, never the reader
            logger.exception("the reader failed on a connection from %s", connection.peer)
            self._end(connection, Disconnected(f"the reader failed: {error}"), 0)
            return
        if reason is not None:
            self._end(connection, reason, 1)
        elif events != READ or connection.paused:
            self._look_at(connection)

    def _look_at(self, connection: Connection) -> None:
        """Have the selector watch the connection by its current `interest`."""
        wanted = connection.interest
        watched = self._watched.get(connection, 0)
        if wanted == watched:
            return
        (self._stalled.add if wanted & WRITE else self._stalled.discard)(connection)
        try:
            if not watched:
                self._selector.register(connection, wanted, connection)
            elif not wanted:
                self._selector.unregister(connection)
            else:
                self._selector.modify(connection, wanted, connection)
        except OSError as error:  # the system's limit on watched descriptors
            self._end(connection, Disconnected(f"the connection can't be read: {error}"), 0)
            return
        self._watched[connection] = wanted

    def _give_up_stalled(self) -> None:
        now = REAL.now()
        for connection in tuple(self._stalled):
            reason = connection.give_up_sending(now)
            if reason is not None:
                self._end(connection, reason, 0)

    def _end(self, connection: Connection, reason: Disconnected, size: int) -> None:
        self._stalled.discard(connection)
        if self._watched.pop(connection, 0):
            try:
                self._selector.unregister(connection)
            except KeyError:
                pass  # a selector whose modify() failed has unregistered it already
        connection.end(reason, size)

    def _end_all(self, news: Iterable[Connection]) -> None:
        for connection in dict.fromkeys([*self._watched, *news]):
            connection.end(STOPPED, 0)


STOPPED = Disconnected("the server has stopped")
