"""A call's socket, and the queue of what arrived on it.

Three kinds of thread meet here. The reader calls `receive`: it frames bytes, hands each
reply to whoever sent its command, and puts the rest on the inbox. The handler's thread takes
from the inbox. Any thread sends. Who owns what:

- ``_parser``, and the writing of ``failure`` and ``ended``: the reader's thread;
- ``_replies``: appended to under ``_sending``, in the order of the sends, and popped by the
  reader in the order of the replies;
- ``_closing``: under ``_sending``;
- ``_queued`` and ``_paused``: under ``_flow``.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from .clock import REAL, Clock, Peer
from .exceptions import Disconnected, ESLError, ProtocolError
from .message import ApiResponse, CommandReply, Message
from .protocol import Parser

if TYPE_CHECKING:
    from .reader import Reader

#: Above this many bytes that the handler has not taken, its connection is not read, and TCP
#: holds the switch back; below the lower mark it is read again. A mean event is 5 KB.
HIGH_WATER = 1024 * 1024
LOW_WATER = 256 * 1024
#: Enough for a dozen events in one go.
READ_SIZE = 64 * 1024
#: A peer that takes nothing for so long (seconds) is gone.
SEND_TIMEOUT = 30.0
#: How long (seconds) an orderly close waits for the switch to close its side as well. It does
#: so within a tick; this is for a switch that has stopped answering.
CLOSE_TIMEOUT = 5.0
#: A peer whose machine is gone is noticed after about two minutes of silence.
KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


class Pending:
    """A command whose reply has not come; the reply goes to the inbox of who sent it."""

    __slots__ = ("command", "inbox", "reply")

    def __init__(self, command: str, inbox: SimpleQueue[Batch]) -> None:
        self.command = command
        self.inbox = inbox
        self.reply: CommandReply | ApiResponse | None = None


class Answer(NamedTuple):
    """A reply, and the command that it answers."""

    pending: Pending
    reply: CommandReply | ApiResponse


class End(NamedTuple):
    """Nothing more comes. ``reason`` says why."""

    reason: ESLError


Item = Message | Answer | End


class Batch(NamedTuple):
    """What one read brought: ``size`` bytes that said ``items``, and when."""

    size: int
    items: list[Item]
    at: float = 0.0


class Connection:
    """One control connection with a switch."""

    def __init__(self, sock: socket.socket, peer: Peer, clock: Clock, reader: Reader) -> None:
        self.peer = peer
        self.inbox: SimpleQueue[Batch] = SimpleQueue()
        self._sock = sock
        self._clock = clock
        self._reader = reader
        self._parser = Parser()
        self._sending = threading.Lock()
        self._replies: deque[Pending] = deque()
        #: Why nothing that is sent now would be answered: a ProtocolError, or the end.
        self.failure: ESLError | None = None
        #: Has the peer's end been read? Until then, even a broken connection is read on.
        self.ended = False
        self._closing = False
        self._flow = threading.Lock()
        self._queued = 0
        self._paused = False
        sock.settimeout(SEND_TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def fileno(self) -> int:
        return self._sock.fileno()

    # any thread

    def send(self, data: bytes, command: str, inbox: SimpleQueue[Batch]) -> Pending:
        """Send one command; its reply will be put on ``inbox``.

        Raises Disconnected if it can't be.
        """
        pending = Pending(command, inbox)
        with self._sending:
            if self._closing:
                raise Disconnected("nothing can be sent: the handler has ended")
            self._replies.append(pending)
            # After the append: at the end, the reader answers whatever stands in _replies.
            if self.failure is not None:
                raise Disconnected(f"nothing can be sent: {self.failure}") from self.failure
            self._clock.sending(self.peer, len(data))
            try:
                self._sock.sendall(data)
            except OSError as error:
                # Part of a command may be out: nothing can follow it.
                self._shutdown(socket.SHUT_RDWR)
                raise Disconnected(f"a command could not be sent: {error}") from error
        return pending

    def cut(self, reason: ESLError) -> None:
        """End every wait on this connection with ``reason``, without closing it."""
        self._put(0, [End(reason)])
        self._clock.received(self.peer, 0)

    # the handler's thread

    def taken(self, size: int) -> None:
        """What ``size`` bytes said has been taken off the inbox."""
        with self._flow:
            self._queued -= size
            resume = self._paused and self._queued < LOW_WATER
            if resume:
                self._paused = False
        if resume:
            self._reader.watch(self)

    def close(self) -> None:
        """Close in order: send the end, take what is still on its way, until the peer's end.

        Closing at once, with data unread, would be a reset, and a reset can overtake the last
        command on its way to the switch.
        """
        clock, deadline = self._clock, self._clock.deadline(CLOSE_TIMEOUT)
        with self._sending:
            self._closing = True
            if not self.ended:
                clock.sending(self.peer, 1)
                self._shutdown(socket.SHUT_WR)
        while not self.ended:
            try:
                self.taken(clock.get(self.inbox, deadline).size)
                late = deadline is not None and clock.now() >= deadline
            except Empty:
                late = True
            if late:
                # The reader sees an end of our own making, which takes no time worth telling.
                self._shutdown(socket.SHUT_RDWR)
                clock, deadline = REAL, None
        self._sock.close()

    def _shutdown(self, how: int) -> None:
        try:
            self._sock.shutdown(how)
        except OSError:
            pass  # the peer was first

    # the reader's thread

    def receive(self) -> bool:
        """Read what is there; False when this connection is not to be read for now."""
        try:
            data = self._sock.recv(READ_SIZE)
        except TimeoutError:
            return True  # readiness that came to nothing
        except OSError as error:
            return self.end(Disconnected(f"the connection broke: {error}"), 1)
        if not data:
            return self.end(Disconnected("the switch closed the connection"), 1)
        # After a ProtocolError there is nothing to understand, but still an end to wait for.
        paused = self.failure is None and self._queue(data)
        self._clock.received(self.peer, len(data))
        return not paused

    def _queue(self, data: bytes) -> bool:
        """Put what the bytes say where it belongs; True when the handler has to catch up."""
        items: list[Item] = []
        failure: ProtocolError | None = None
        try:
            for message in self._parser.feed(data):
                if isinstance(message, (CommandReply, ApiResponse)):
                    self._answer(message, items)
                else:
                    items.append(message)
            failure = self._parser.failure
        except ProtocolError as error:
            failure = error
        if failure is not None:
            self.failure = failure
            items.append(End(failure))
            self._abandon(failure)
        if not items:
            # A part of a message, or another thread's reply: nothing for the handler to take,
            # and so nothing that it could be late with.
            return False
        with self._flow:
            self._queued += len(data)
            self._paused = paused = self._queued > HIGH_WATER
        self._put(len(data), items)
        return paused

    def _put(self, size: int, items: list[Item]) -> None:
        self.inbox.put(Batch(size, items, self._clock.now()))

    def _answer(self, reply: CommandReply | ApiResponse, items: list[Item]) -> None:
        """Replies come in the order of the commands; each goes to the thread that sent its own."""
        try:
            pending = self._replies.popleft()
        except IndexError:
            raise ProtocolError("a reply that no command asked for", reply.head) from None
        if pending.inbox is self.inbox:
            items.append(Answer(pending, reply))
        else:
            pending.inbox.put(Batch(0, [Answer(pending, reply)]))

    def _abandon(self, reason: ESLError) -> None:
        """No reply will come any more: tell the other threads that wait for one."""
        while self._replies:
            inbox = self._replies.popleft().inbox
            if inbox is not self.inbox:
                inbox.put(Batch(0, [End(reason)]))

    def end(self, reason: Disconnected, size: int) -> bool:
        """Nothing more will come: tell everybody who waits."""
        self.failure = reason
        self.ended = True
        self._abandon(reason)
        self._put(0, [End(reason)])
        self._clock.received(self.peer, size)
        return False
