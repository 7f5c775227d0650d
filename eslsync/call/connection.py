"""A call's socket, and what arrived on it.

Three kinds of thread meet here. The reader calls `receive` and `flush`: it frames bytes, hands
each reply to the thread that sent the command, queues the rest for the handler's thread, and wakes
that only for what it waits for. The reader also sends what the switch did not take at once. The
handler's thread takes what has arrived. Any thread may send; sending never waits. Shared state
changes under ``_lock``, and whoever holds that is busy; ``_parser`` belongs to the reader, except
for its bounds. What the program posts takes no lock.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Literal, NamedTuple, Protocol

from .. import forks
from ..clock import REAL, Clock, Peer, check_may_wait, here
from ..wire.exceptions import Disconnected, ESLError, ProtocolError
from ..wire.message import ApiResponse, CommandReply, Event, Message, Reply
from ..wire.protocol import MAX_BODY, Parser
from ..wire.redaction import Redactor
from ..wire.secrets import Secrets
from .probation import Probation

#: Above this many bytes that the handler has not taken, its connection is not read, and TCP holds
#: the switch back; below the lower mark reading resumes. An average event is 5 KB.
HIGH_WATER = 1024 * 1024
LOW_WATER = 256 * 1024
#: The upper mark while another thread waits for a reply, which arrives behind those bytes.
FLOOD_WATER = 16 * 1024 * 1024
#: Bytes added to each message's size, to bound a flood of tiny messages as well.
MESSAGE_WEIGHT = 512
#: Above this many bytes the handler is woken to take them, whatever it waits for.
SLEEPS_THROUGH = 64 * 1024
#: Events that wake a handler whatever it waits for: they can end or change any wait.
ALWAYS_WANTED = frozenset({"CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "DTMF"})
#: Events that may tell that somebody else has taken the channel away (taken_away.py).
TAKEN_AWAY = frozenset({"CHANNEL_EXECUTE_COMPLETE", "CHANNEL_UNBRIDGE", "CHANNEL_UNPARK"})
WAKING = ALWAYS_WANTED | TAKEN_AWAY
#: Bytes of blank lines in a row after which reads rest. One or two may precede a message.
MAX_BLANK = 1024 * 1024
#: Bytes to read at once: a dozen events, or fifty after a read that was full.
READ_SIZE = 64 * 1024
LARGE_READ_SIZE = 256 * 1024
#: Seconds without taking a byte after which a switch counts as gone.
SEND_TIMEOUT = 30.0
#: Bytes that may wait to be sent: the largest command that FreeSWITCH accepts, and some more.
MAX_UNSENT = MAX_BODY + HIGH_WATER
#: Commands that may wait for their replies. A thread waits for each before it sends the next, so
#: only retries to a switch that never answers reach this.
MAX_UNANSWERED = 1000
#: Seconds that an orderly close waits for the switch to close its side. It does so within a
#: tick; this is for a switch that has stopped answering.
CLOSE_TIMEOUT = 5.0


class Taping(Protocol):
    """Records a connection. Called in any thread; must not wait."""

    def note(self, side: Literal["app", "switch"], data: bytes) -> None:
        """``side`` has sent ``data``, or has ended (b"")."""

    def admit(self) -> None:
        """The connection is a call that may be recorded."""


class NothingMore(NamedTuple):
    """Nothing more comes. ``reason`` says why."""

    reason: ESLError


#: A thread other than the handler's waits here for the reply to its command.
Inbox = SimpleQueue[Reply | NothingMore]


class Pending:
    """A command that waits for its reply.

    The reply goes to the inbox of the thread that sent the command. The handler's thread has no
    inbox: for it, the command itself arrives with its ``reply``, and is ``told`` in its turn; a
    ``quiet`` command arrives only if it was refused.

    ``str()`` gives the command as it may be shown, redacted on demand since few are ever shown.
    """

    __slots__ = ("_headers", "_line", "_redact", "execution", "inbox", "quiet", "reply", "told")

    def __init__(
        self,
        redact: Secrets,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        inbox: Inbox | None = None,
        quiet: bool = False,
    ) -> None:
        self._redact = redact
        self._line = line
        self._headers = headers
        self.inbox = inbox
        self.quiet = quiet
        self.reply: Reply | None = None
        self.told = False
        self.execution = ""  # the Event-UUID of the application that it executes

    def __str__(self) -> str:
        return self._redact.command(self._line, self._headers)


Item = Message | Pending | NothingMore
#: The time of reading (by the clock), and the item.
Arrived = tuple[float, Item]


UNTAKEN = Disconnected("no reply can come: the handler does not take the messages before it")


LEFT = Disconnected("the server has stopped, and given the call back")


FORKED = Disconnected("this process is a forked child, and the call is its parent's")


class Connection:
    """One control connection with a switch."""

    def __init__(
        self,
        sock: socket.socket,
        peer: Peer,
        clock: Clock,
        watch: Callable[[Connection], None],
        redact: Secrets | None = None,
        tape: Taping | None = None,
    ) -> None:
        self.peer = peer
        self._tape = tape
        #: Wakes the handler's thread when something that it waits for has arrived.
        self.doorbell: SimpleQueue[None] = SimpleQueue()
        self._sock = sock
        self._clock = clock
        self._watch = watch  # has the reader look at it
        self._redact = redact or Secrets(Redactor())
        self._probation: Probation | None = Probation()  # until `admit`
        self._parser = Parser(max_body=self._probation.max_body)
        self._read_size = READ_SIZE
        self._lock = forks.lock()
        self._replies: list[Pending] = []  # in the order of the commands
        self._unsent = bytearray()
        self._progress = 0.0  # when the switch last took some of `_unsent`, in real time
        self._arrived: list[Arrived] = []  # not yet taken by the handler's thread
        # What the program itself has posted, and behind how many of which `_arrived`.
        self._posted: list[tuple[list[Arrived], int, Arrived]] = []
        self._queued = 0  # the weight of these, in bytes
        self._sleeps = False  # the handler's thread sleeps until the bell rings
        self._wanted: Collection[str] | None = None  # the events it sleeps for; None for all
        #: True while reading pauses, until the handler has taken some of what arrived.
        self.paused = False
        self._closing = False  # only what is unsent is still sent
        self._left: SimpleQueue[None] | None = None  # told of the peer's end, after `leave`
        #: Why it is not read any more: it has cost too much before `admit`.
        self.ignored: str | None = None
        #: True while the next read has to wait a little, since the last ones brought too little.
        self.rests = False
        self._blank = 0  # bytes of blank lines in a row
        #: The reason given to `cut`, which ended every wait on it.
        self.cut_by: ESLError | None = None
        #: Why no command will be answered any more: a ProtocolError, or the end.
        self._failure: ESLError | None = None
        #: True once the peer's end was read. Until then reading goes on, even after an error.
        self._ended = False
        sock.setblocking(False)

    def fileno(self) -> int:
        return self._sock.fileno()

    # any thread

    def send(self, data: bytes, *commands: Pending) -> None:
        """Send these commands, and wait for nothing; each gets its reply.

        Raises Disconnected if they can't be sent, or would not be answered. When the connection
        has ended, raises nothing in the handler's thread: that finds the end in its queue, behind
        messages that may say why (a hangup, perhaps). Raises RuntimeError where nobody may wait
        for the reply.
        """
        check_may_wait()
        elsewhere = commands[0].inbox is not None
        with here.busy, self._lock:
            if self._failure is not None and not elsewhere:
                return
            if self._closing or self._unsent or elsewhere or len(self._replies) >= MAX_UNANSWERED:
                self._check_sendable(len(data), elsewhere)
            self._replies.extend(commands)
            self._clock.sending(self.peer, len(data))
            if self._tape is not None:
                self._tape.note("app", data)
            news = False
            if self._unsent:  # the reader is sending it
                self._unsent += data
            else:
                sent = self._push(data)
                if sent < len(data):
                    self._unsent += data[sent:]
                    self._progress = REAL.now()
                    news = True
            if self.paused:
                news = self._pause_or_resume() or news
        if news:
            self._watch(self)

    def _check_sendable(self, size: int, elsewhere: bool) -> None:
        reason: object = self._failure
        if self._closing:
            reason = "the handler has ended"
        elif reason is None and elsewhere:
            reason = self.cut_by or (UNTAKEN if self._queued > FLOOD_WATER else None)
        if reason is None and len(self._replies) >= MAX_UNANSWERED:
            reason = f"{len(self._replies)} commands have not been answered"
        if reason is None and self._unsent and len(self._unsent) + size > MAX_UNSENT:
            reason = f"{len(self._unsent)} bytes have not been taken by the switch"
        if reason is not None:
            cause = reason if isinstance(reason, ESLError) else None
            raise Disconnected(f"nothing can be sent: {reason}") from cause

    def _push(self, data: bytes | bytearray) -> int:
        """Send what the switch takes at once; return how many bytes that was."""
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            # Part of a command may be out, so nothing can follow. The reader finds the reason.
            self._shutdown(socket.SHUT_RDWR)
            return len(data)

    def post(self, event: Event) -> bool:
        """Queue an event of the program's own, behind what has arrived. False after the end.

        Takes no lock, since a signal handler or a finalizer may post whatever it has interrupted.
        """
        if self._failure is not None or self._closing or self.cut_by is not None:
            return False
        arrived = self._arrived
        self._posted.append((arrived, len(arrived), (self._clock.now(), event)))
        if self.doorbell.empty():  # or the handler's thread looks once more anyway
            self.doorbell.put(None)
        self._clock.received(self.peer, 0)
        return True

    def cut(self, reason: ESLError) -> None:
        """End every wait on this connection with ``reason``, without closing it."""
        with here.busy, self._lock:
            self.cut_by = reason
            self._tell_elsewhere(reason)
            self._tell(NothingMore(reason))
        self._clock.received(self.peer, 0)

    def leave(self, words: bytes) -> bool:
        """Send these last commands and our end, in place of a handler that is stuck.

        Nothing else is sent any more, every wait ends, and of what still arrives only the end
        counts. False if the connection had ended, or is being closed.
        """
        with here.busy, self._lock:
            if self._failure is not None or self._closing:
                return False
            self._left = SimpleQueue()
            self._fail(LEFT)
            self._tell(NothingMore(LEFT))
            self._clock.sending(self.peer, len(words) + 1)
            if self._tape is not None and words:
                self._tape.note("app", words)
            if self._tape is not None:
                self._tape.note("app", b"")
            sent = 0 if self._unsent or not words else self._push(words)
            if sent < len(words):
                self._progress = self._progress if self._unsent else REAL.now()
                self._unsent += words[sent:]
            self._closing, self.paused = True, False
            self._end_sending()
        self._watch(self)  # which may have been paused, or have something to send now
        return True

    def await_end(self, deadline: float | None) -> None:
        """After `leave`, wait until the peer has ended, too, or until the deadline."""
        if self._left is not None:
            with suppress(Empty):
                REAL.get(self._left, deadline)

    def let_go(self) -> None:
        """In a forked child: the call is the parent's, so every wait on it ends."""
        with self._lock:
            self._ended = True
            self._unsent.clear()
            self._fail(FORKED)
            self._tell(NothingMore(FORKED))
        self._sock.close()

    # the handler's thread

    def admit(self) -> None:
        """The peer is a switch that may call: accept larger messages from now on."""
        self._probation = None
        self._parser.max_body = MAX_BODY

    def record(self) -> None:
        """The connection is a call that may be recorded."""
        if self._tape is not None:
            with here.busy:
                self._tape.admit()

    def take(
        self, wanted: Collection[str] | None, deadline: float | None, clock: Clock | None = None
    ) -> list[Arrived]:
        """Take all that has arrived; if there is nothing, sleep until something wanted arrives.

        ``wanted`` names events (None for all); anything but an event is always wanted. Raises
        `queue.Empty` at the deadline.
        """
        check_may_wait()
        while True:
            arrived = None
            with here.busy, self._lock:
                if self._arrived or self._posted:
                    arrived, self._arrived, self._queued = self._arrived, [], 0
                    if self._posted:
                        self._insert_posted(arrived)
                    resumes = self.paused and self._pause_or_resume()
                else:
                    self._wanted = wanted
                    self._sleeps = True
            if arrived is not None:
                if resumes:
                    self._watch(self)
                return arrived
            # The bell may have rung for something already taken: then look again.
            try:
                (clock or self._clock).get(self.doorbell, deadline)
            except Empty:
                # Unwanted events have arrived meanwhile; take them.
                if not (self._arrived or self._posted):
                    raise

    def _insert_posted(self, arrived: list[Arrived]) -> None:
        """Put what was posted behind what had arrived by then. Called with ``_lock``."""
        posted = [self._posted.pop(0) for _ in range(len(self._posted))]
        for among, place, each in reversed(posted):  # earlier places stay the same
            arrived.insert(place if among is arrived else 0, each)

    @property
    def has_news(self) -> bool:
        """True if something has arrived that the handler's thread has not taken."""
        return bool(self._arrived)

    @property
    def untaken(self) -> list[Item]:
        """The items that the handler's thread has not taken yet. Any thread.

        Copied in one operation and without the lock: signal handlers may ask.
        """
        return [item for _, item in self._arrived.copy()]

    def _pause_or_resume(self) -> bool:
        """Decide whether to hold the switch back. Returns True if reading resumes."""
        was, queued = self.paused, self._queued
        self.paused = queued > (LOW_WATER if was else HIGH_WATER) and not (
            queued <= FLOOD_WATER and self._elsewhere()
        )
        return was and not self.paused

    def close(self) -> None:
        """Close in order: send our end, and take what still arrives until the peer's end.

        Closing at once, with data unread, would reset the connection, and a reset can overtake
        the last command on its way to the switch.
        """
        clock, deadline = self._clock, self._clock.deadline(CLOSE_TIMEOUT)
        with here.busy, self._lock:
            self._closing = True
            ended = self._ended
            if not ended:
                clock.sending(self.peer, 1)
                if self._tape is not None:
                    self._tape.note("app", b"")
                self._end_sending()
        if self.ignored is not None:
            self._watch(self)
        while not ended:
            try:
                self.take(None, deadline, clock)
                late = deadline is not None and clock.now() >= deadline
            except Empty:
                late = True
            if late:
                # The reader now sees our own end, which takes no time worth counting.
                self._shutdown(socket.SHUT_RDWR)
                clock, deadline = REAL, None
            with here.busy, self._lock:
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
        """The selector's events to watch for: readable, or writable while something is unsent."""
        with self._lock:
            if self._ended:
                return 0
            unread = self.paused or self.rests or self.ignored is not None
            reads = 0 if unread else selectors.EVENT_READ
            return reads | (selectors.EVENT_WRITE if self._unsent else 0)

    @property
    def is_done_with(self) -> bool:
        """True if it closes, and nothing more of it is read."""
        return self._closing and self.ignored is not None and not self._ended

    def flush(self) -> None:
        """Send what the switch takes now, then our end if due."""
        with self._lock:
            sent = self._push(self._unsent)
            if sent:
                del self._unsent[:sent]
                self._progress = REAL.now()
            if self._closing:
                self._end_sending()

    def give_up_sending(self, now: float) -> Disconnected | None:
        """The reason to `end` the connection, if the switch has taken nothing for too long."""
        with self._lock:
            if self._unsent and now - self._progress > SEND_TIMEOUT:
                return Disconnected(f"the switch has taken nothing for {SEND_TIMEOUT:g} s")
        return None

    def receive(self) -> Disconnected | None:
        """Read what has arrived. Returns the reason to `end` if nothing more will come."""
        try:
            data = self._sock.recv(self._read_size)
        except BlockingIOError:
            return None  # a spurious wake-up
        except OSError as error:
            return Disconnected(f"the connection broke: {error}")
        if self._tape is not None:
            self._tape.note("switch", data)
        if not data:
            return Disconnected("the switch closed the connection")
        if self._probation is not None:
            all_there_is = len(data) < self._read_size
            self.ignored = self._probation.note_read(len(data), all_there_is=all_there_is)
            self.rests = self._probation.needs_rest
            if self.ignored is not None or self.rests:
                self._watch(self)
        self._read_size = LARGE_READ_SIZE if len(data) >= READ_SIZE else READ_SIZE
        if self._failure is None and self.ignored is None:  # else only the end of it counts
            self._understand(data)
        self._clock.received(self.peer, len(data))
        return None

    def _understand(self, data: bytes) -> None:
        """Parse the bytes and hand on each message."""
        parser, begun = self._parser, len(self._parser.rest)
        messages: list[Message] = []
        failure: ProtocolError | None = None
        try:
            messages = parser.feed(data)
            failure = parser.failure
        except ProtocolError as error:
            failure = error.with_traceback(None)  # whose frames would keep the whole call
        if self._probation is not None:
            self.ignored = self._probation.note_messages(len(messages))
            if self.ignored is not None:
                self._watch(self)
                return
        if messages or parser.rest:
            self._blank = 0
        elif failure is None:
            self._blank += len(data)
            if self._blank > MAX_BLANK:
                self.rests = True
                self._watch(self)
        now = self._clock.now()
        with self._lock:
            arrived, wanted = self._arrived, self._wanted or ()
            before, wakes = len(arrived), self._wanted is None
            for message in messages:
                if type(message) is Event:
                    if not wakes:
                        # Not decoded in this thread: a name elsewhere wakes the handler.
                        name = message.quick_name
                        wakes = name is None or name in wanted or name in WAKING
                    arrived.append((now, message))
                elif not isinstance(message, (CommandReply, ApiResponse)):
                    wakes = True
                    arrived.append((now, message))
                elif self._replies:
                    command = self._replies.pop(0)
                    command.reply = message
                    if command.inbox is not None:
                        command.inbox.put(message)
                    elif not (command.quiet and type(message) is CommandReply and message.ok):
                        wakes = True
                        arrived.append((now, command))
                else:
                    failure = ProtocolError("a reply that no command asked for", message.head)
                    break
            if failure is not None:
                failure = self._redact.error(failure)
                arrived.append((now, NothingMore(failure)))
                wakes = True
                self._fail(failure)
            if len(arrived) == before:
                # Part of a message, or another thread's reply: nothing for the handler to take.
                return
            # count all bytes of the messages; this read may have brought only the last of them
            whole = begun + len(data) - len(parser.rest)
            self._queued += whole + MESSAGE_WEIGHT * len(messages)
            if wakes or self._queued > SLEEPS_THROUGH:
                self._ring()
            if self._queued > HIGH_WATER:
                self._pause_or_resume()
                if self._queued > FLOOD_WATER:
                    self._tell_elsewhere(UNTAKEN)

    def _tell(self, end: NothingMore) -> None:
        """Queue the end for the handler's thread. Called with ``_lock``."""
        self._arrived.append((self._clock.now(), end))
        self._ring()

    def _ring(self) -> None:
        """Wake the handler's thread if it sleeps. Called with ``_lock``."""
        if self._sleeps:
            self._sleeps = False
            self.doorbell.put(None)

    def _fail(self, reason: ESLError) -> None:
        """Tell the other threads that wait for a reply that none will come."""
        self._failure = reason
        self._tell_elsewhere(reason)
        self._replies.clear()

    def _tell_elsewhere(self, reason: ESLError) -> None:
        for inbox in self._elsewhere():
            inbox.put(NothingMore(reason))

    def _elsewhere(self) -> list[Inbox]:
        """The inboxes of the threads, other than the handler's, that wait for replies."""
        return [each.inbox for each in self._replies if each.inbox is not None]

    def end(self, reason: Disconnected, size: int) -> None:
        """Tell everybody who waits that nothing more will come.

        The reader's last act here: the handler's thread may close the socket next.
        """
        with self._lock:
            self._ended = True
            if self._unsent:
                # FreeSWITCH would wait for the rest of a command, and do nothing else.
                self._unsent.clear()
                self._shutdown(socket.SHUT_RDWR)
            self._fail(reason)
            self._tell(NothingMore(reason))
            if self._left is not None:
                self._left.put(None)
        self._clock.received(self.peer, size)
