"""Conversations without sockets and threads: the library's own code, from a peer in memory.

It stands on what `Outbound` does with an accepted connection, and on no more of its inside than
that: `_Server.serve_call`.
"""

from __future__ import annotations

import socket
import threading
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from eslsync import Outbound, Session
from eslsync.connection import Connection
from eslsync.outbound import _Server
from eslsync.reader import Reader

from .conversation import Conversation, SwitchClock
from .malformed import Ending

T = TypeVar("T")


class Memory:
    """A socket's place."""

    def __init__(self) -> None:
        self.incoming: list[bytes | Ending] = []
        self.sent = bytearray()
        self.app_has_ended = False
        self.connection: Connection | None = None

    def recv(self, size: int) -> bytes:
        said = self.incoming.pop(0) if self.incoming else Ending.END
        if said is Ending.RESET:
            raise ConnectionResetError("reset by peer")
        return b"" if isinstance(said, Ending) else said

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def shutdown(self, how: int) -> None:
        self.app_has_ended = True
        if how == socket.SHUT_RDWR:
            self.read(Ending.END)  # it is read at once, and has not come from the peer

    def read(self, said: bytes | Ending) -> None:
        """This has come: what the reader does then."""
        self.incoming.append(said)
        if self.connection is not None and not self.connection.ended:
            self.connection.receive()

    def close(self) -> None:
        self.app_has_ended = True

    def settimeout(self, timeout: float | None) -> None: ...

    def setsockopt(self, *option: int) -> None: ...

    def fileno(self) -> int:
        return -1


class InMemory(Conversation):
    """A conversation with a peer in memory."""

    def __init__(self, seed: int, mutation: str | None = None) -> None:
        super().__init__(seed, mutation)
        self.socket = Memory()

    def _hear(self) -> None:
        if self.socket.sent:
            self.switch.hear(bytes(self.socket.sent))
            self.socket.sent.clear()
        self.app_has_ended = self.socket.app_has_ended

    def _say(self, data: bytes, inbox: SimpleQueue[T]) -> None:
        self.socket.read(data)

    def _end(self, ending: Ending, inbox: SimpleQueue[T]) -> None:
        self.socket.read(ending)


class Watching:
    """The reader's place: what it is told to read is read when the switch speaks."""

    def __init__(self, conversation: InMemory) -> None:
        self._conversation = conversation

    def watch(self, connection: Connection) -> None:
        self._conversation.socket.connection = connection


class Serving:
    """The server's place, for one call."""

    def __init__(self, outbound: Outbound, conversation: InMemory) -> None:
        self.outbound = outbound
        self.reader = cast(Reader, Watching(conversation))
        self.threads: set[threading.Thread] = set()
        self.sessions: dict[threading.Thread, Session] = {}
        self._draining = False

    _prepare = _Server._prepare


def play(conversation: InMemory, clock: SwitchClock) -> None:
    """The conversation, from beginning to end, in this thread."""
    server: Any = Serving(Outbound(conversation.handle, port=0, clock=clock), conversation)
    me = threading.current_thread()
    name = me.name
    clock.serve(conversation)
    try:
        _Server.serve_call(server, cast(Any, conversation.socket), ("memory", conversation.seed))
    finally:
        me.name = name
        clock.serve(None)
    conversation.finish()
