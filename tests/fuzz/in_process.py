"""Conversations without sockets and threads: the library's own code, from a peer in memory.

It stands on what `Outbound` does with an accepted connection, and on no more of its inside than
that: `Reception.serve`.
"""

from __future__ import annotations

import socket
import threading
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from eslsync import Disconnected, Outbound
from eslsync.call.connection import Connection
from eslsync.call.reader import Reader
from eslsync.serving.connections import Connections
from eslsync.serving.reception import Reception

from .conversation import Conversation, SwitchClock
from .malformed import Ending

T = TypeVar("T")


class Memory:
    """Stands in for a socket."""

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

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def shutdown(self, how: int) -> None:
        self.app_has_ended = True
        if how == socket.SHUT_RDWR:
            self.read(Ending.END)  # it is read at once, and has not come from the peer

    def read(self, said: bytes | Ending) -> None:
        """Do what the reader does when this arrives."""
        self.incoming.append(said)
        if self.connection is None:
            return
        self.connection.rests = False  # a rest takes no time here
        while self.incoming and self.connection.interest:
            reason = self.connection.receive()
            if reason is not None:
                self.connection.end(reason, 1)
            self.connection.rests = False

    def close(self) -> None:
        self.app_has_ended = True

    def setblocking(self, blocks: bool) -> None: ...

    def setsockopt(self, *option: int) -> None: ...

    def fileno(self) -> int:
        return -1


class InMemory(Conversation):
    """A conversation whose peer is in memory."""

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
    """Stands in for the reader: connections are read when the switch speaks."""

    def __init__(self, conversation: InMemory) -> None:
        self._conversation = conversation

    def watch(self, connection: Connection) -> None:
        self._conversation.socket.connection = connection
        if connection.is_done_with:
            connection.end(Disconnected("the connection was not read to its end"), 0)


def play(conversation: InMemory, clock: SwitchClock) -> None:
    """Run the whole conversation in this thread."""
    outbound = Outbound(conversation.handle, port=0, clock=clock)
    reader = cast(Reader, Watching(conversation))
    reception = Reception(outbound, Connections(nudge=lambda: None), reader, None, None)
    me = threading.current_thread()
    name = me.name
    clock.serve(conversation)
    try:
        # in a context of its own, as a connection's thread has one
        address = ("127.0.0.1", conversation.seed)
        copy_context().run(reception.serve, cast(Any, conversation.socket), address)
    finally:
        me.name = name
        clock.serve(None)
    conversation.finish()
