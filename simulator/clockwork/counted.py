"""Counters of virtual time: running handler threads, and bytes in flight on each connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple, Protocol, TypeVar

from .link import Exchange, Link

__all__ = ["Participant", "VirtualLink"]

T = TypeVar("T")

#: Maximum bytes sent to an app in one step.
MOUTHFUL = 256 * 1024


class Held(Protocol):
    """A lock that a participant waits for."""

    @property
    def holder(self) -> Participant | None: ...


class Participant:
    """A handler's thread: it runs, or it is parked in the clock."""

    __slots__ = (
        "errand",
        "error",
        "gate",
        "held",
        "inbox",
        "lock",
        "moment",
        "number",
        "parked",
        "questions",
        "since",
        "thread",
        "turns",
    )

    def __init__(self, number: int, thread: threading.Thread) -> None:
        self.number = number
        self.thread = thread
        self.gate = Lock()  # stays real (see `replaced`)
        self.gate.acquire()
        self.parked = False
        self.error: BaseException | None = None  # to be raised where it is parked
        self.inbox: SimpleQueue[Any] | None = None  # what it is parked on, unless it sleeps
        self.held = False  # it waits for another thread (see `held_threads`)
        self.lock: Held | None = None  # the lock that it waits for
        self.questions = 0  # waits without time, in a row
        self.moment = 0  # the virtual time at which it last resumed
        self.since = 0.0  # the real time at which it first resumed at that moment
        self.turns = 0  # how often it has resumed at that moment
        self.errand: Callable[[], None] | None = None  # to run before it resumes

    def wait(self) -> None:
        """Wait at the gate, on the participant's own thread; run errands meanwhile."""
        self.gate.acquire()
        while self.errand is not None:
            errand, self.errand = self.errand, None
            errand()
            self.gate.acquire()

    def ask(self, question: Callable[[], T]) -> T:
        """Run ``question`` on the parked thread; return its answer, or raise its exception."""
        answers: SimpleQueue[T | Failure] = SimpleQueue()

        def answer() -> None:
            try:
                answers.put(question())
            except BaseException as error:  # noqa: BLE001 - it is the asker's
                answers.put(Failure(error))

        self.errand = answer
        self.gate.release()
        answered = answers.get()
        if isinstance(answered, Failure):
            raise answered.error
        return answered


class Failure(NamedTuple):
    """The exception that a question raised."""

    error: BaseException


class VirtualLink(Link):
    """A control connection whose bytes in flight are counted, both ways.

    Calls ``flies`` with the number of bytes added in flight to the app, and ``landed`` with the
    number received from it (0: its end).
    """

    def __init__(
        self,
        exchange: Exchange,
        number: int,
        sock: socket.socket,
        flies: Callable[[VirtualLink, int], None],
        landed: Callable[[VirtualLink, int], None],
    ) -> None:
        super().__init__(exchange, number, sock)
        self.to_app = 0  #: bytes in flight to the app
        self.to_switch = 0  #: bytes in flight from the app; a side's end counts as one byte
        self.participant: Participant | None = None
        self._exchange = exchange
        self._flies = flies
        self._landed = landed

    def flush(self) -> None:
        if self.closed:
            return
        data, rest = b"".join(self.outgoing), b""
        self.outgoing.clear()
        if len(data) > MOUTHFUL:
            # The app stops reading until its handler has caught up.
            data, rest = data[:MOUTHFUL], data[MOUTHFUL:]
            self.outgoing.append(rest)
            self._exchange.at(self._exchange.now, self._go_on)
        closes = self.closing and not rest
        self._flies(self, len(data) + closes)
        try:
            if data:
                if self.on_traffic is not None:
                    self.on_traffic("switch", data)
                self.sock.sendall(data)
            if closes:
                self.closed = True
                self._let_go()
                self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            # The app's side was reset.
            self._flies(self, -self.to_app)

    def _go_on(self) -> None:
        self._exchange.news[self] = None

    def receive(self) -> None:
        while self.to_switch:
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                data = b""
            self._landed(self, len(data))
            if self.listener is None:
                continue
            if data:
                if self.on_traffic is not None:
                    self.on_traffic("app", data)
                self.listener.received(data)
            else:
                self.listener.closed()

    def dispose(self) -> None:
        super().dispose()
        self._let_go()

    def _let_go(self) -> None:
        """Release the switch's side once both sides are closed, and no report will follow."""
        if self.closed and self.ended:
            self.listener = self.on_traffic = None
