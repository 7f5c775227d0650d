"""A control connection, from the switch's end: what virtual and real time have in common."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Literal, Protocol

from .agenda import Agenda

__all__ = ["Exchange", "Link", "Listener"]


class Listener(Protocol):
    """The switch's side of a control connection, told what the app does."""

    def received(self, data: bytes) -> None: ...

    def closed(self, *, reads: bool = False) -> None: ...


class Link:
    """A control connection, from the switch's end.

    What is written is sent at the end of the step (see `Exchange`). How, and what is received,
    is up to the kind of time.
    """

    def __init__(self, exchange: Exchange, number: int, sock: socket.socket) -> None:
        self.number = number
        self.sock = sock
        self.listener: Listener | None = None
        #: Called with the sender and the bytes of all that goes either way.
        self.on_traffic: Callable[[Literal["app", "switch"], bytes], None] | None = None
        #: The handler's thread, in virtual time and while it serves this connection.
        self.thread: threading.Thread | None = None
        self.outgoing: list[bytes] = []  #: what this step has written
        self.closing = False  #: the switch has asked for its side to be closed
        self.closed = False  #: the switch's side is closed
        self.ended = False  #: the app's handler has ended, and let go of it
        self._exchange = exchange

    def write(self, data: bytes) -> None:
        """Send to the app, at the end of this step."""
        if not self.closing:
            self.outgoing.append(data)
            self._exchange.has_news(self)

    def close(self) -> None:
        """Close the switch's side, after what has been written."""
        self.closing = True
        self._exchange.has_news(self)

    def flush(self) -> None:
        """Send what this step has written."""
        raise NotImplementedError

    def receive(self) -> None:
        """Tell the listener what the app has sent."""
        raise NotImplementedError

    def dispose(self) -> None:
        """Let go of the socket."""
        self.sock.close()


class Exchange(Agenda):
    """An agenda with links: what a step writes to them is sent when the step ends."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self._news: dict[Link, None] = {}

    def do_next(self) -> None:
        super().do_next()
        self.flush()

    def has_news(self, link: Link) -> None:
        """Flush ``link`` at the end of the step."""
        self._news[link] = None

    def flush(self) -> None:
        """Send what this step has written."""
        while self._news:
            news, self._news = self._news, {}
            for link in news:
                link.flush()
