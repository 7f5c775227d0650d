"""A control connection, from the switch's end: the part common to virtual and real time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Literal, Protocol

from .agenda import Agenda

__all__ = ["Exchange", "Link", "Listener"]


class Listener(Protocol):
    """The switch's side of a control connection, called with what the app sends."""

    def received(self, data: bytes) -> None: ...

    def closed(self, *, reads: bool = False) -> None: ...


class Link:
    """A control connection, from the switch's end.

    Data written is sent at the end of the step (see `Exchange`). Subclasses for each kind of time
    send and receive.
    """

    def __init__(self, exchange: Exchange, number: int, sock: socket.socket) -> None:
        self.number = number
        self.sock = sock
        self.listener: Listener | None = None
        #: Called with the sender and the bytes of each transmission, in both directions.
        self.on_traffic: Callable[[Literal["app", "switch"], bytes], None] | None = None
        #: Called when the app's end is seen, and when the connection is gone for both sides.
        self.on_end: Callable[[], None] | None = None
        self.on_gone: Callable[[], None] | None = None
        #: The handler's thread, in virtual time, while it serves this connection.
        self.thread: threading.Thread | None = None
        self.outgoing: list[bytes] = []  #: data written in this step
        self.closing = False  #: the switch has asked for its side to be closed
        self.closed = False  #: the switch's side is closed
        self.gone = False  #: the app has closed its side
        self.reset = False  #: the app's side has reset the connection
        self.reset_at_once = False  #: ... instead of closing it
        self.unread = 0  #: bytes that the app's side does not take
        self.ended = False  #: the app's handler has ended, and released it
        self._exchange = exchange

    def write(self, data: bytes) -> None:
        """Send to the app, at the end of this step."""
        if not self.closing:
            self.outgoing.append(data)
            self._exchange.news[self] = None

    def close(self) -> None:
        """Close the switch's side, after the data written so far."""
        self.closing = True
        self._exchange.news[self] = None

    def cut(self) -> None:
        """Break the connection for both sides, as the death of the app's process does."""
        listener, self.listener = self.listener, None
        self.close()
        if listener is not None:
            self._exchange.at(self._exchange.now, listener.closed)

    def flush(self) -> None:
        """Send what this step has written."""
        raise NotImplementedError

    def receive(self) -> None:
        """Pass what the app has sent to the listener."""
        raise NotImplementedError

    def dispose(self) -> None:
        """Release the socket."""
        self.sock.close()


class Exchange(Agenda):
    """An agenda with links: data that a step writes to them is sent when the step ends."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        #: The links to flush at the end of the step, in order.
        self.news: dict[Link, None] = {}

    def do_next(self) -> None:
        super().do_next()
        self.flush()

    def flush(self) -> None:
        """Send what this step has written."""
        while self.news:
            news, self.news = self.news, {}
            for link in news:
                link.flush()
