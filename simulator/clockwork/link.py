"""A control connection, from the switch's end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

from .agenda import Agenda

if TYPE_CHECKING:
    from .virtual_time import Participant

__all__ = ["Exchange", "Link", "Listener"]

#: Bytes that are sent to an app in one step, at most.
MOUTHFUL = 256 * 1024


class Listener(Protocol):
    """The switch's side of a control connection: what the world tells of the app."""

    def received(self, data: bytes) -> None: ...

    def closed(self, *, reads: bool = False) -> None: ...


class Link:
    """A control connection, from the switch's end; what is in flight on it, both ways."""

    def __init__(self, world: Exchange, number: int, sock: socket.socket) -> None:
        self.number = number
        self.participant: Participant | None = None
        self.listener: Listener | None = None
        #: Called with the sender and the bytes of all that goes either way.
        self.on_traffic: Callable[[Literal["app", "switch"], bytes], None] | None = None
        self.to_app = 0
        self.to_switch = 0
        self._world = world
        self._sock = sock
        self._outgoing: list[bytes] = []
        self._closing = False
        self.closed = False  # by the switch
        self.ended = False  # the app's handler has ended, and let go of it

    def write(self, data: bytes) -> None:
        """Send to the app, at the end of this step."""
        if not self._closing:
            self._outgoing.append(data)
            self._world.has_news(self)

    def close(self) -> None:
        """Close the switch's side, after what has been written."""
        self._closing = True
        self._world.has_news(self)

    def flush(self) -> None:
        """Put on the wire what this step has written."""
        if self.closed:
            return
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        if len(data) > MOUTHFUL:
            # The app reads no further than its own bound, until its handler has caught up.
            data, rest = data[:MOUTHFUL], data[MOUTHFUL:]
            self._outgoing.append(rest)
            self._world.at(self._world.now, lambda: self._world.has_news(self))
        closes = self._closing and not self._outgoing
        self._world.flies(self, len(data) + closes)
        try:
            if data:
                if self.on_traffic is not None:
                    self.on_traffic("switch", data)
                self._sock.sendall(data)
            if closes:
                self.closed = True
                self._let_go()
                self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            # The app's side is gone without an orderly close.
            self._world.flies(self, -self.to_app)

    def receive(self) -> None:
        """Take what the app has sent, and let the switch act on it."""
        while self.to_switch:
            try:
                data = self._sock.recv(65536)
            except ConnectionError:
                data = b""
            self._world.landed(self, len(data))
            if self.listener is None:
                continue
            if data:
                if self.on_traffic is not None:
                    self.on_traffic("app", data)
                self.listener.received(data)
            else:
                self.listener.closed()

    def dispose(self) -> None:
        self._sock.close()
        self._let_go()

    def _let_go(self) -> None:
        """With both sides closed, nothing will be told any more."""
        if self.closed and self.ended:
            self.listener = self.on_traffic = None


class Exchange(Agenda):
    """An agenda with links: what a step has written is sent at its end."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self._news: dict[Link, None] = {}

    def do_next(self) -> None:
        super().do_next()
        self.flush()

    def has_news(self, link: Link) -> None:
        """Something is to be sent on this link at the end of the step."""
        self._news[link] = None

    def flush(self) -> None:
        """Send what this step has written."""
        while self._news:
            news, self._news = self._news, {}
            for link in news:
                link.flush()

    def flies(self, link: Link, size: int) -> None:
        """So many bytes more are on their way to the app."""

    def landed(self, link: Link, size: int) -> None:
        """So many bytes have been received from the app; 0: its end."""
