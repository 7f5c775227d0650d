"""Conversations over real sockets, many at once, with one real `Outbound`."""

from __future__ import annotations

import gc
import logging
import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from eslsync import Outbound, Session
from eslsync.call.connection import Connection
from eslsync.clock import Peer as Address
from tests.support.peer import PATIENCE

from .conversation import Conversation, Log, SwitchClock
from .malformed import Ending

T = TypeVar("T")

#: Seconds after which to look whether the library still reads what the peer says.
A_WHILE = 2.0


class OnSocket(Conversation):
    """A conversation with a peer at the other end of a socket."""

    def __init__(self, seed: int, mutation: str | None = None) -> None:
        super().__init__(seed, mutation)
        self.socket = socket.socket()
        self.done = threading.Event()
        self._changed = threading.Condition()
        self._received = 0  # what the library has read, an end counting as one byte
        self._said = 0
        self._sent_by_app = 0  # by the same count
        self._heard = 0

    def connect(self, app: Outbound) -> Address:
        self.socket.settimeout(PATIENCE)
        self.socket.connect((app.host, app.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address: Address = self.socket.getsockname()
        return address

    # what the clock is told

    def sending(self, size: int) -> None:
        self._sent_by_app += size

    def received(self, size: int) -> None:
        with self._changed:
            self._received += size
            self._changed.notify()

    # the switch's side, in the handler's thread

    def _hear(self) -> None:
        while self._heard < self._sent_by_app and not self.app_has_ended:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            self._heard += len(data) or 1
            self.app_has_ended = not data
            self.switch.hear(data)

    def _say(self, data: bytes, inbox: SimpleQueue[T]) -> None:
        self._said += len(data)
        try:
            self.socket.sendall(data)
        except ConnectionError:
            self._ending = Ending.END  # the app has closed
            return
        self._await(inbox)

    def _end(self, ending: Ending, inbox: SimpleQueue[T]) -> None:
        self._said += 1
        try:
            if ending is Ending.RESET:
                no_time = struct.pack("ii", 1, 0)
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
                self.socket.close()
            else:
                self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the app has reset the connection
        self._await(inbox)

    def _await(self, inbox: SimpleQueue[T]) -> None:
        def heard() -> bool:
            return self._received >= self._said or not inbox.empty()

        with self._changed:
            if self._changed.wait_for(heard, A_WHILE):
                return
            self._unheard = self._is_ignored()
            assert self._unheard or self._changed.wait_for(heard, PATIENCE), (
                f"what the peer said has not been read: {self!r}"
            )

    def _is_ignored(self) -> bool:
        """True if the library reads no more of it, since it has said too much before admission."""
        return any(
            isinstance(each, Connection)
            and each.ignored is not None
            and each.peer == self.socket.getsockname()
            for each in gc.get_objects()
        )


class SocketClock(SwitchClock):
    """The clock of conversations on sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._conversations: dict[Address, OnSocket] = {}

    def expect(self, address: Address, conversation: OnSocket) -> None:
        with self._changed:
            self._conversations[address] = conversation
            self._changed.notify_all()

    def begun(self, peer: Address) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: peer in self._conversations, PATIENCE)
        self.serve(self._conversations[peer])

    def ended(self, peer: Address) -> None:
        self.serve(None)
        conversation = self._conversations.pop(peer)
        conversation.socket.close()
        conversation.done.set()

    def sending(self, peer: Address, size: int) -> None:
        self._conversations[peer].sending(size)

    def received(self, peer: Address, size: int) -> None:
        conversation = self._conversations.get(peer)
        if conversation is not None:
            conversation.received(size)


def play(
    conversations: Iterable[OnSocket], log: Log, clock: SocketClock, at_once: int = 8
) -> Iterator[OnSocket]:
    """Play them, that many at a time; yield each when it is over."""

    def handler(session: Session) -> None:
        assert isinstance(clock.here, OnSocket)
        clock.here.handle(session)

    playing: list[OnSocket] = []
    with log.kept(), Outbound(handler, port=0, clock=clock) as app:
        for conversation in conversations:
            clock.expect(conversation.connect(app), conversation)
            playing.append(conversation)
            if len(playing) >= at_once:
                yield over(playing.pop(0))
        while playing:
            yield over(playing.pop(0))


def over(conversation: OnSocket) -> OnSocket:
    assert conversation.done.wait(2 * PATIENCE), f"this one does not end: {conversation!r}"
    conversation.finish()
    return conversation


@contextmanager
def nothing_left() -> Iterator[None]:
    """Check that no threads, descriptors or sessions are left at the end."""
    gc.collect()
    before = what_there_is()
    yield
    gc.collect()
    after = what_there_is()
    assert after == before, f"{before} has become {after}; one is held by {holders()}"


def what_there_is() -> dict[str, int]:
    found = {"threads": threading.active_count(), "sessions": len(sessions())}
    if os.path.isdir("/proc/self/fd"):
        found["descriptors"] = len(os.listdir("/proc/self/fd"))
    return found


def sessions() -> list[object]:
    return [each for each in gc.get_objects() if isinstance(each, (Session, Connection))]


def holders() -> list[str]:
    """Who holds the last session or connection, and who those, five steps far: for the message."""
    found, told = sessions()[-1:], list[str]()
    for _ in range(5):
        found = [each for each in gc.get_referrers(*found) if each is not found]
        told.append(", ".join(sorted({type(each).__name__ for each in found})))
    return told


def defects_of(log: Log) -> list[str]:
    """The log records of the server's own threads."""
    formatter = logging.Formatter()
    return [
        formatter.format(record)
        for record in log.elsewhere
        if record.exc_info or record.levelno >= logging.WARNING
    ]
