"""The one thread that reads every call's socket.

One reader for all calls, and not one a call: measured with thousands of held calls, half the
threads and less than half the memory, and a key pressed on all of them at once is answered
in a second, where a thousand readers woken together convoy on the interpreter lock.

It frames bytes and appends to queues. It runs no user code and decodes nothing.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections import deque

from .connection import Connection
from .exceptions import Disconnected

logger = logging.getLogger("eslsync")


class Reader:
    """Reads connections as they have something to say; one thread, started at once."""

    def __init__(self, name: str) -> None:
        self._selector = selectors.DefaultSelector()
        # Other threads leave connections in _arriving and write a byte to wake the reader: the
        # selector itself belongs to the reader's thread alone.
        self._arriving: deque[Connection] = deque()
        self._stopping = False
        self._stopped = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def watch(self, connection: Connection) -> None:
        """Read this connection from now on (also: again, after it was paused). Any thread."""
        self._arriving.append(connection)
        self._nudge()
        if self._stopped:
            self._turn_away()

    def stop(self) -> None:
        """End the thread. What is still connected is told that nothing more will come."""
        self._stopping = True
        self._nudge()
        self._thread.join()
        self._wake.close()
        self._woken.close()
        self._selector.close()

    def _nudge(self) -> None:
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of unread wake-up calls, or closed: nobody needs another

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._take_arriving()
                else:
                    self._read(key.data)
        self._stopped = True
        # Either we see what watch() has appended, or watch() sees that we have stopped.
        self._turn_away()
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.data.end(Disconnected("the server has stopped"), 0)

    def _turn_away(self) -> None:
        while True:
            try:
                connection = self._arriving.popleft()
            except IndexError:  # and not `while self._arriving`: two threads may be here at once
                return
            connection.end(Disconnected("the server has stopped"), 0)

    def _take_arriving(self) -> None:
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            pass
        while self._arriving:
            connection = self._arriving.popleft()
            if not connection.ended:
                try:
                    self._selector.register(connection, selectors.EVENT_READ, connection)
                except OSError as error:  # the system's limit on watched descriptors
                    connection.end(Disconnected(f"the connection can't be read: {error}"), 0)

    def _read(self, connection: Connection) -> None:
        try:
            goes_on = connection.receive()
        except Exception as error:  # a defect of ours ends one call, never the reader
            logger.exception("the reader failed on a connection from %s", connection.peer)
            goes_on = connection.end(Disconnected(f"the reader failed: {error}"), 0)
        if not goes_on:
            self._selector.unregister(connection)
