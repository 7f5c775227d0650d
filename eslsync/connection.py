"""A call's socket, and the queue of what arrived on it.

Three kinds of thread meet here. The reader calls `receive` and `flush`: it frames bytes, hands
each reply to whoever sent its command, puts the rest on the inbox, and sends on what the switch
did not take at once. The handler's thread takes from the inbox. Any thread sends, and none waits
in it. What they share is changed under ``_lock``; ``_parser`` is the reader's alone, but for its
bounds.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from .clock import REAL, Clock, Peer
from .exceptions import Disconnected, ESLError, ProtocolError
from .message import ApiResponse, CommandReply, Message
from .protocol import MAX_BODY, Parser
from .redaction import Redactor

if TYPE_CHECKING:
    from .reader import Reader
    from .recorder import Tape

#: Above this many bytes that the handler has not taken, its connection is not read, and TCP
#: holds the switch back; below the lower mark it is read again. A mean event is 5 KB.
HIGH_WATER = 1024 * 1024
LOW_WATER = 256 * 1024
#: The same while another thread waits for a reply, which stands behind what is untaken.
FLOOD_WATER = 16 * 1024 * 1024
#: What a message weighs besides its bytes, so that a flood of tiny ones is bounded as well.
MESSAGE_WEIGHT = 512
#: The largest body that is taken of a peer before it is known to be a switch that may call.
MAX_FIRST_BODY = 64 * 1024
#: Enough for a dozen events in one go.
READ_SIZE = 64 * 1024
#: A switch that takes nothing for so long (seconds) is gone.
SEND_TIMEOUT = 30.0
#: What may wait to be sent: the largest command that FreeSWITCH takes, and some more.
MAX_UNSENT = MAX_BODY + HIGH_WATER
#: Commands that may wait for their replies. A thread waits for one before it sends the next, so
#: only a switch that answers nothing, to somebody who tries again and again, ever comes here.
MAX_UNANSWERED = 1000
#: How long (seconds) an orderly close waits for the switch to close its side as well. It does
#: so within a tick; this is for a switch that has stopped answering.
CLOSE_TIMEOUT = 5.0
#: A peer whose machine is gone is noticed after two minutes, whether it owes us an answer
#: (milliseconds, TCP_USER_TIMEOUT) or both sides are silent (seconds).
KEEP_ALIVE = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 120_000,
}


class Pending:
    """A command whose reply has not come; the reply goes to the inbox of who sent it."""

    __slots__ = ("command", "inbox", "reply")

    def __init__(self, command: object, inbox: SimpleQueue[Batch]) -> None:
        self.command = command  # its text, or what gives that when somebody asks
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
    """What one read brought: ``items`` that weigh ``size``, and when."""

    size: int
    items: list[Item]
    at: float = 0.0


UNTAKEN = Disconnected("the handler has not taken what has arrived, and no reply can come")


class Connection:
    """One control connection with a switch."""

    def __init__(
        self,
        sock: socket.socket,
        peer: Peer,
        clock: Clock,
        reader: Reader,
        redact: Redactor | None = None,
        tape: Tape | None = None,
    ) -> None:
        self.peer = peer
        self._tape = tape
        self.inbox: SimpleQueue[Batch] = SimpleQueue()
        self._sock = sock
        self._clock = clock
        self._reader = reader
        self._redact = redact or Redactor()
        self._parser = Parser(max_body=MAX_FIRST_BODY)
        self._lock = threading.Lock()
        self._replies: deque[Pending] = deque()  # in the order of the commands
        self._unsent = bytearray()
        self._progress = 0.0  # when the switch last took some of that: real time
        self._queued = 0  # what is in the inbox weighs so much
        self._paused = False  # not read, until the handler has taken some of it
        self._closing = False  # nothing more is sent, but for what is unsent
        self._cut: ESLError | None = None
        #: Why nothing that is sent now would be answered: a ProtocolError, or the end.
        self._failure: ESLError | None = None
        #: Has the peer's end been read? Until then, even a broken connection is read on.
        self._ended = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def fileno(self) -> int:
        return self._sock.fileno()

    # any thread

    def send(self, data: bytes, command: object, inbox: SimpleQueue[Batch]) -> Pending:
        """Send one command; its reply will be put on ``inbox``. Waits for nothing.

        Raises Disconnected if it can't be sent, or would not be answered. In the handler's
        thread the connection's own end is none of these reasons: it stands on the inbox, behind
        what may tell why (a hangup, perhaps).
        """
        pending = Pending(command, inbox)
        with self._lock:
            if self._failure is not None and inbox is self.inbox:
                return pending
            self._check_sendable(len(data), inbox)
            self._replies.append(pending)
            self._clock.sending(self.peer, len(data))
            if self._tape is not None:
                self._tape.note("app", data)
            waits = bool(self._unsent)  # the reader is at it
            self._unsent += data
            if not waits:
                self._progress = REAL.now()
                self._push()
            resumes = self._pause_or_resume()
            news = resumes or (not waits and bool(self._unsent))
        if news:
            self._reader.watch(self)
        return pending

    def _check_sendable(self, size: int, inbox: SimpleQueue[Batch]) -> None:
        reason: object = self._failure
        if self._closing:
            reason = "the handler has ended"
        elif reason is None and inbox is not self.inbox:
            reason = self._cut or (UNTAKEN if self._queued > FLOOD_WATER else None)
        if reason is None and len(self._replies) >= MAX_UNANSWERED:
            reason = f"{len(self._replies)} commands have not been answered"
        if reason is None and self._unsent and len(self._unsent) + size > MAX_UNSENT:
            reason = f"{len(self._unsent)} bytes have not been taken by the switch"
        if reason is not None:
            cause = reason if isinstance(reason, ESLError) else None
            raise Disconnected(f"nothing can be sent: {reason}") from cause

    def _push(self) -> None:
        """Send what the switch takes at once."""
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except BlockingIOError:
                return
            except OSError:
                # Part of a command may be out, so nothing can follow it. The reader tells why.
                self._unsent.clear()
                self._shutdown(socket.SHUT_RDWR)
                return
            del self._unsent[:sent]
            self._progress = REAL.now()

    def cut(self, reason: ESLError) -> None:
        """End every wait on this connection with ``reason``, without closing it."""
        with self._lock:
            self._cut = reason
            self._tell_elsewhere(reason)
        self._put(0, [End(reason)])
        self._clock.received(self.peer, 0)

    # the handler's thread

    def admit(self) -> None:
        """It is a switch's that may call: from now on it may say more."""
        self._parser.max_body = MAX_BODY
        if self._tape is not None:
            self._tape.admit()

    def taken(self, size: int) -> None:
        """What weighs ``size`` has been taken off the inbox."""
        with self._lock:
            self._queued -= size
            resumes = self._pause_or_resume()
        if resumes:
            self._reader.watch(self)

    def _pause_or_resume(self) -> bool:
        """Is the switch to be held back? True if it was, and is no longer."""
        was, queued = self._paused, self._queued
        self._paused = queued > (LOW_WATER if was else HIGH_WATER) and not (
            queued <= FLOOD_WATER and self._elsewhere()
        )
        return was and not self._paused

    def close(self) -> None:
        """Close in order: send the end, take what is still on its way, until the peer's end.

        Closing at once, with data unread, would be a reset, and a reset can overtake the last
        command on its way to the switch.
        """
        clock, deadline = self._clock, self._clock.deadline(CLOSE_TIMEOUT)
        with self._lock:
            self._closing = True
            ended = self._ended
            if not ended:
                clock.sending(self.peer, 1)
                if self._tape is not None:
                    self._tape.note("app", b"")
                self._end_sending()
        while not ended:
            try:
                self.taken(clock.get(self.inbox, deadline).size)
                late = deadline is not None and clock.now() >= deadline
            except Empty:
                late = True
            if late:
                # The reader sees an end of our own making, which takes no time worth telling.
                self._shutdown(socket.SHUT_RDWR)
                clock, deadline = REAL, None
            with self._lock:
                ended = self._ended
        self._sock.close()

    def _end_sending(self) -> None:
        if not self._unsent:
            self._shutdown(socket.SHUT_WR)

    def _shutdown(self, how: int) -> None:
        try:
            self._sock.shutdown(how)
        except OSError:
            pass  # the peer was first

    # the reader's thread

    @property
    def interest(self) -> int:
        """What to watch it for: something to read, or that the switch takes more."""
        with self._lock:
            if self._ended:
                return 0
            reads = 0 if self._paused else selectors.EVENT_READ
            return reads | (selectors.EVENT_WRITE if self._unsent else 0)

    def flush(self) -> None:
        """Send what the switch takes now; and then our end, where that is due."""
        with self._lock:
            self._push()
            if self._closing:
                self._end_sending()

    def give_up_sending(self, now: float) -> Disconnected | None:
        """The reason to end this connection, if the switch has taken nothing for too long."""
        with self._lock:
            if self._unsent and now - self._progress > SEND_TIMEOUT:
                return Disconnected(f"the switch has taken nothing for {SEND_TIMEOUT:g} s")
        return None

    def receive(self) -> Disconnected | None:
        """Read what is there; the reason to `end` it if nothing more will come."""
        try:
            data = self._sock.recv(READ_SIZE)
        except BlockingIOError:
            return None  # readiness that came to nothing
        except OSError as error:
            return Disconnected(f"the connection broke: {error}")
        if self._tape is not None:
            self._tape.note("switch", data)
        if not data:
            return Disconnected("the switch closed the connection")
        with self._lock:
            failed = self._failure is not None
        if not failed:  # else there is nothing to understand, but still an end to wait for
            self._queue(data)
        self._clock.received(self.peer, len(data))
        return None

    def _queue(self, data: bytes) -> None:
        """Put what the bytes say where it belongs."""
        messages: list[Message] = []
        failure: ProtocolError | None = None
        try:
            messages = self._parser.feed(data)
            failure = self._parser.failure
        except ProtocolError as error:
            failure = error
        items: list[Item] = []
        with self._lock:
            for message in messages:
                if not isinstance(message, (CommandReply, ApiResponse)):
                    items.append(message)
                elif self._replies:
                    self._answer(self._replies.popleft(), message, items)
                else:
                    failure = ProtocolError("a reply that no command asked for", message.head)
                    break
            if failure is not None:
                failure = self._redact.error(failure)
                items.append(End(failure))
                self._fail(failure)
            if not items:
                # A part of a message, or another thread's reply: nothing for the handler to
                # take, and so nothing that it could be late with.
                return
            # with all its bytes, of which this read may have brought the last
            size = sum(len(each.head) + len(each.content) + MESSAGE_WEIGHT for each in messages)
            self._queued += size
            self._pause_or_resume()
            if self._queued > FLOOD_WATER:
                self._tell_elsewhere(UNTAKEN)
        self._put(size, items)

    def _answer(
        self, pending: Pending, reply: CommandReply | ApiResponse, items: list[Item]
    ) -> None:
        """Each reply goes to the thread that sent its command."""
        if pending.inbox is self.inbox:
            items.append(Answer(pending, reply))
        else:
            pending.inbox.put(Batch(0, [Answer(pending, reply)]))

    def _put(self, size: int, items: list[Item]) -> None:
        self.inbox.put(Batch(size, items, self._clock.now()))

    def _fail(self, reason: ESLError) -> None:
        """No reply will come any more: other threads that wait for one are told."""
        self._failure = reason
        self._tell_elsewhere(reason)
        self._replies.clear()

    def _tell_elsewhere(self, reason: ESLError) -> None:
        for inbox in self._elsewhere():
            inbox.put(Batch(0, [End(reason)]))

    def _elsewhere(self) -> list[SimpleQueue[Batch]]:
        """Where other threads than the handler's wait for replies."""
        return [each.inbox for each in self._replies if each.inbox is not self.inbox]

    def end(self, reason: Disconnected, size: int) -> None:
        """Nothing more will come: tell everybody who waits.

        The last that the reader does with it: the handler's thread may close the socket next.
        """
        with self._lock:
            self._ended = True
            if self._unsent:
                # FreeSWITCH waits for the rest of a command, and for nothing else meanwhile.
                self._unsent.clear()
                self._shutdown(socket.SHUT_RDWR)
            self._fail(reason)
        self._put(0, [End(reason)])
        self._clock.received(self.peer, size)
