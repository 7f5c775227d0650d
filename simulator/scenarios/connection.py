"""The connection from the switch to the app, whose every byte is recorded."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from threading import Condition, Thread
from typing import Any

from eslsync.exceptions import ProtocolError
from eslsync.protocol import Parser

from ..recordings.reading import Sent, sent

__all__ = ["RecordedConnection"]


class RecordedConnection:
    """Records what comes in on a thread of its own. Its methods are for one other thread."""

    def __init__(self, connected: socket.socket) -> None:
        self.lines: list[dict[str, Any]] = []  #: of the recording
        self.messages: list[Sent] = []  #: of the switch
        self.closed = False  #: by the switch, or by us
        self._began = time.monotonic()
        self._socket = connected
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._changed = Condition()
        self._parser = Parser()
        self._reader = Thread(target=self._read, name="recording", daemon=True)
        self._reader.start()

    @property
    def now(self) -> float:
        """Seconds since the connection."""
        return round(time.monotonic() - self._began, 6)

    def send(self, data: bytes) -> None:
        """Send, unless the connection is closed."""
        with self._changed:
            if self.closed:
                return
            self._record("app", data=data.decode("latin-1"))
        try:
            self._socket.sendall(data)
        except OSError:
            pass  # the reader sees the end

    def close(self) -> None:
        """Close the connection, as an app does; what comes in is recorded no longer."""
        with self._changed:
            if not self.closed:
                self._record("app", eof=True)
                self.closed = True
        self.stop()

    def close_half(self) -> None:
        """Close our direction, and go on recording the other."""
        with self._changed:
            if not self.closed:
                self._record("app", eof=True)
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the reader sees the end

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, or the connection is closed; true if it is so."""
        with self._changed:
            self._changed.wait_for(lambda: until() or self.closed, seconds)
            return until()

    def stop(self) -> None:
        """Close the connection, and end the thread."""
        with self._changed:
            self.closed = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.join()
        self._socket.close()

    def _record(self, side: str, **said: Any) -> None:
        self.lines.append({"t": self.now, "from": side, **said})

    def _read(self) -> None:
        while not self.closed:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            with self._changed:
                if not self.closed:
                    self._take(data)
                self._changed.notify_all()

    def _take(self, data: bytes) -> None:
        if not data:
            self.closed = True
            self._record("switch", eof=True)
            return
        self._record("switch", data=data.decode("latin-1"))
        try:
            self.messages += [sent(each, self.now) for each in self._parser.feed(data)]
        except ProtocolError:
            # It is recorded all the same, and whoever reads the recording is told.
            self._parser = Parser()
