"""One malformed conversation: who waits for what, what time it is, and how it ended.

The switch's side runs inside the handler's own waits: when the handler has read everything and
waits for more, the switch sends its next thing. So nothing waits on real time. Time
stands still, and jumps to the handler's deadline where the switch stays silent. A wait that has
no deadline and goes on after the peer's end is a hang: it would last for ever.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from random import Random
from typing import TypeVar

from eslsync import Disconnected, Hangup, Session, TimeoutError
from eslsync.clock import Clock
from eslsync.exceptions import CommandError, ProtocolError

from .handlers import handler
from .malformed import MUTATIONS, Ending
from .switch import Switch

T = TypeVar("T")

#: How a conversation may end. That these are all is what is to be shown. (Where the peer is
#: silent and stays, a TimeoutError as well: of the handshake, or of what `exit` asks.)
ALLOWED = (ProtocolError, Disconnected, Hangup, CommandError)


class Hang(BaseException):
    """A wait that would never end."""


class Conversation:
    """One conversation, and everything that happens in it."""

    def __init__(self, seed: int, mutation: str | None = None) -> None:
        self.seed = seed
        self.chance = Random(seed)
        #: decides what the handler does
        self.handler = Random(seed + 1)
        self.mutation = mutation or self.chance.choice(list(MUTATIONS))
        self.switch = Switch(self.chance, None if mutation == "none" else self.mutation)
        #: How often what is said is sent in pieces, of how many bytes.
        self._piece = self.chance.choice([10**9, 10**9, 10**9, 1, 50, 1500])
        #: Does the peer close when the app has closed? (The app may be long gone by then.)
        self._closes = self.chance.random() < 0.95
        self._unsent: list[bytes] = []
        self._ending: Ending | None = None
        self._now = 0.0
        self._unheard = False  # the app reads no more of a call that it has not admitted
        self._kept_waiting = False  # by a peer that is silent, until a deadline
        self._waited_in_vain = 0.0  # seconds, after the peer's end
        self.app_has_ended = False
        self.called = False
        self.ended_by: BaseException | None = None
        self.records: list[logging.LogRecord] = []
        self.hung = False
        #: How it ended, in a word or two; and what must not have been.
        self.ending = "not yet"
        self.defects: list[str] = []

    # time

    def now(self) -> float:
        return self._now

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        """The next item in the inbox; while it is empty, the switch speaks."""
        while True:
            try:
                return inbox.get_nowait()
            except Empty:
                if deadline is not None and deadline <= self._now:
                    raise
            if not self._step(inbox, deadline is not None):
                if deadline is None:
                    self.hung = True
                    raise Hang
                if self._ending is None:
                    self._kept_waiting = True
                else:
                    self._waited_in_vain += deadline - self._now
                self._now = deadline

    def _step(self, inbox: SimpleQueue[T], patient: bool) -> bool:
        """Send one thing and have the app read it; False if there is nothing to send."""
        if self._unheard or self._ending in (Ending.END, Ending.RESET):
            return False
        self._hear()
        if self._unsent:
            self._say(self._unsent.pop(0), inbox)
            return True
        said: bytes | Ending
        if self.app_has_ended:
            said = Ending.END if self._closes or not patient else Ending.SILENCE
        else:
            said = self._next(patient)
        if said is Ending.SILENCE:
            return False
        if isinstance(said, Ending):
            self._ending = said
            self._end(said, inbox)
        else:
            size = min(65536, max(self._piece, len(said) // 20))
            self._unsent = [said[at : at + size] for at in range(0, len(said), size)]
            self._say(self._unsent.pop(0), inbox)
        return True

    def _next(self, patient: bool) -> bytes | Ending:
        """What the switch sends now."""
        return self.switch.next(patient=patient)

    @abstractmethod
    def _hear(self) -> None:
        """Read everything that the app has sent, and note its end."""

    @abstractmethod
    def _say(self, data: bytes, inbox: SimpleQueue[T]) -> None:
        """Send this; return when it has been read, or when something is in the inbox."""

    @abstractmethod
    def _end(self, ending: Ending, inbox: SimpleQueue[T]) -> None:
        """The same, for the peer's end."""

    # the handler

    def handle(self, session: Session) -> None:
        self.called = True
        try:
            handler(session, self.handler)
        except BaseException as error:
            self.ended_by = error
            raise

    # how it ended

    def finish(self) -> None:
        """Note how it ended, and drop the rest."""
        self.ending = self._ending_in_a_word()
        self.defects = list(self._find_defects())
        self.ended_by = None
        self.records.clear()

    def _ending_in_a_word(self) -> str:
        if self.hung:
            return "HANG"
        if self.called:
            return "returned" if self.ended_by is None else type(self.ended_by).__name__
        errors = [each for record in self.records for each in errors_in(record)]
        return f"no call: {type(errors[-1]).__name__}" if errors else "no call"

    def _find_defects(self) -> Iterator[str]:
        """Defects: other exceptions, tracebacks in the log, endless waits."""
        if self.hung:
            yield "a wait that nothing ends"
        if self._waited_in_vain > 1.0:
            yield f"waits of {self._waited_in_vain} seconds after the peer's end"
        allowed = (*ALLOWED, TimeoutError) if self._kept_waiting else ALLOWED
        if self.ended_by is not None and not isinstance(self.ended_by, allowed):
            yield f"the handler ended by {self.ended_by!r:.300}"
        for record in self.records:
            if len(record.getMessage()) > 5000:
                yield f"a log record of {len(record.getMessage())} characters"
            # What the handler raised may be in the log as it was raised: a refused command, say.
            if record.exc_info and not isinstance(record.exc_info[1], allowed):
                text = logging.Formatter().formatException(record.exc_info)
                yield f"in the log: {record.getMessage()}\n{text}"

    def __repr__(self) -> str:
        return f"<Conversation {self.seed} {self.mutation!r}: {self.ending}>"


def errors_in(record: logging.LogRecord) -> Iterator[BaseException]:
    for each in (*(record.args or ()), *(record.exc_info or ())):
        if isinstance(each, BaseException):
            yield each


class SwitchClock(Clock):
    """The clock of all conversations."""

    def __init__(self) -> None:
        self._here = threading.local()

    def serve(self, conversation: Conversation | None) -> None:
        """Have this thread serve that conversation from now on."""
        self._here.conversation = conversation

    @property
    def here(self) -> Conversation | None:
        found: Conversation | None = getattr(self._here, "conversation", None)
        return found

    def now(self) -> float:
        return 0.0 if self.here is None else self.here.now()

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        assert self.here is not None
        return self.here.get(inbox, deadline)


class Log(logging.Handler):
    """Keeps log records with the conversation that they are about."""

    def __init__(self, clock: SwitchClock) -> None:
        super().__init__()
        self._clock = clock
        #: records of the server's own threads
        self.elsewhere: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        here = self._clock.here
        (self.elsewhere if here is None else here.records).append(record)

    @contextmanager
    def kept(self) -> Iterator[None]:
        logger = logging.getLogger("eslsync")
        level, propagate = logger.level, logger.propagate
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = propagate
            logger.setLevel(level)  # a logger remembers for which levels it is enabled
