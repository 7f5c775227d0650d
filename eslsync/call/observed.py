"""What happens in one call, as its observers are told; on the handler's thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from ..bounds import APPLICATIONS
from ..clock import Clock
from ..observers import (
    End,
    ObservedApplication,
    ObservedCall,
    ObservedWait,
    Outcome,
)
from ..wire.enums import ChannelState, HangupCause
from ..wire.exceptions import (
    CommandError,
    Disconnected,
    Hangup,
    ProtocolError,
    TimeoutError,
    Transferred,
)
from ..wire.message import Event
from .ending import Stopped

__all__ = ["ANY_EVENT", "Observed", "how_it_ended"]

#: What a loop over `Session.events` waits for.
ANY_EVENT = "an event"

#: Tells all observers of a moment: the method's name and its arguments.
Tell = Callable[..., None]

#: How a wait ended, by what it raised; else it has failed.
OUTCOMES: tuple[tuple[type[BaseException], Outcome], ...] = (
    (TimeoutError, "timeout"),
    (Transferred, "transferred"),
    (Hangup, "hangup"),
    (Disconnected, "disconnected"),
    (CommandError, "refused"),
)
#: How a handler ended, by what it raised; else it has failed.
ENDS: tuple[tuple[type[BaseException], End], ...] = (
    (Transferred, "transferred"),
    (Hangup, "hangup"),
    (Stopped, "cut"),
    (Disconnected, "disconnected"),
    (ProtocolError, "disconnected"),
)

CREATED, ANSWERED = "Caller-Channel-Created-Time", "Caller-Channel-Answered-Time"


class RunsOn(Protocol):
    """A leg, as far as it is told of."""

    uuid: str
    hangup_serial: int | None
    transferred: Event | None


class Sent(Protocol):
    """An application that was sent."""

    application: str
    uuid: str
    hung_up: bool

    @property
    def leg(self) -> RunsOn: ...


class Waits(Protocol):
    """A wait of the handler's (`Wait`)."""

    @property
    def what(self) -> object: ...

    @property
    def since(self) -> float: ...

    @property
    def inside(self) -> Event | None: ...

    @property
    def kind(self) -> str: ...

    @property
    def events(self) -> frozenset[str]: ...


class Observed:
    """Tells the observers of one call. What has begun, it tells the end of.

    It watches the waits, as `Session.watch` describes, for itself and for another watcher.
    """

    __slots__ = (
        "_answered",
        "_clock",
        "_ended",
        "_hung_up",
        "_left",
        "_lock",
        "_open",
        "_tell",
        "_waits",
        "beside",
        "call",
    )

    def __init__(self, call: ObservedCall, tell: Tell, clock: Clock) -> None:
        self.call = call
        #: The watcher that `Session.watch` was given.
        self.beside: Any = None
        self._tell = tell
        self._clock = clock
        # So that nothing is told after the end; a handler's own threads may go on.
        self._lock = threading.RLock()
        self._ended = False
        self._open: dict[str, ObservedApplication] = {}  # by Application-UUID
        self._waits: list[tuple[Waits, ObservedWait | None, BaseException | None]] = []
        self._answered = False
        self._hung_up = False
        self._left = False

    def tell(self, moment: str, *arguments: Any) -> None:
        """Tell of a moment of this call, now."""
        self._at(self._clock.now(), moment, *arguments)

    def _at(self, when: float, moment: str, *arguments: Any) -> None:
        with self._lock:
            if not self._ended:
                self._tell(moment, self.call, *arguments, when)

    # Applications

    def sent(self, under_way: Sent) -> None:
        """An application is about to be sent."""
        now = self._clock.now()
        application = ObservedApplication(
            under_way.application, under_way.uuid, under_way.leg.uuid, now
        )
        with self._lock:
            if not self._left:
                self._open[application.uuid] = application
                self._at(now, "application_began", application)
        if len(self._open) > APPLICATIONS.most:
            self.over(next(iter(self._open)), "dropped")

    def over(self, uuid: str, outcome: Outcome) -> None:
        """An application, by its Application-UUID, has ended."""
        application = self._open.pop(uuid, None)
        if application is not None:
            self.tell("application_ended", application, outcome)

    def raised(self, uuid: str, error: BaseException) -> None:
        """An application was refused, or it is unknown whether it was taken."""
        self.over(uuid, outcome_of(error))

    def completed(self, under_way: Sent, event: Event) -> None:
        """The completion of an application has arrived."""
        if not self._answered:
            self.note_answer(event)
        outcome: Outcome = "completed"
        if under_way.hung_up or under_way.leg.hangup_serial is not None:
            outcome = "hangup"
        elif under_way.leg.transferred is not None:
            outcome = "transferred"
        self.over(under_way.uuid, outcome)

    # Waits

    def begins(self, wait: Waits) -> None:
        """A wait begins (see `Watcher`)."""
        told = observed(wait)
        with self._lock:
            if told is not None:
                self._at(wait.since, "wait_began", told)
            self._waits.append((wait, told, sys.exc_info()[1]))
        self.waits()
        if self.beside is not None:
            self.beside.begins(wait)

    def ends(self, wait: Waits) -> None:
        """It has ended, or raises."""
        _, told, before = self._waits.pop()
        if wait.inside is not None or not self._waits:
            self.runs()
        if told is not None:
            error = sys.exc_info()[1]
            outcome = "completed" if error is before or error is None else outcome_of(error)
            self.tell("wait_ended", told, outcome)
        if self.beside is not None:
            self.beside.ends(wait)

    def runs(self) -> None:
        """The handler, or a callback, runs code of its own from now on."""
        self.call.runs_since = self._clock.now()

    def waits(self) -> None:
        """It waits in a method of ours."""
        self.call.runs_since = None

    # What the switch tells

    def note_answer(self, event: Event) -> None:
        """Note whether an event of the call's own leg says that it is answered."""
        answered = event.get(ANSWERED, "0")
        if answered.isdecimal() and int(answered) and event.uuid == self.call.uuid:
            self._answered = True
            created = event.get(CREATED, "")
            after = (int(answered) - int(created)) / 1e6 if created.isdecimal() else 0.0
            self.tell("answered", max(after, 0.0))

    def note_hangup(self, cause: HangupCause | str | None, event: Event | None = None) -> None:
        """Note that the call's own leg has hung up; once."""
        if not self._hung_up:
            self._hung_up = True
            if event is not None and not self._answered:
                self.note_answer(event)
            self.tell("hung_up", cause or HangupCause.NONE)

    # Its end

    def leave(self) -> None:
        """The handler has ended: what still runs is broken off, the rest is the library's own."""
        with self._lock:
            self._left = True
            self.waits()
            for uuid in list(self._open):
                self.over(uuid, "hangup" if self._hung_up else "dropped")

    def end(self, how: End) -> None:
        """The server has finished with it. Tells nothing afterwards.

        A handler that is stuck in a callback has waits that have not ended.
        """
        with self._lock:
            self.leave()
            for _, told, _ in reversed(self._waits):
                if told is not None:
                    self.tell("wait_ended", told, "dropped")
            self._ended = True
            self._tell("ended", self.call, how, self._clock.now())


def observed(wait: Waits) -> ObservedWait | None:
    """A wait, without what could be anything; None for one that is not told."""
    kind, what = wait.kind, wait.what
    if kind in ("application", "reply"):
        return None
    if kind == "state":
        return ObservedWait(str(what), wait.since, "state")
    if kind == "job":
        return ObservedWait("job", wait.since, "job")
    if what == ANY_EVENT:
        return ObservedWait("ALL", wait.since)
    if kind == "end":  # a part of `hangup`, if not of a bridge
        return ObservedWait("bridge", wait.since, "bridge") if "bridge" in str(what) else None
    if isinstance(what, tuple):
        named = [str(each) for each in what if isinstance(each, ChannelState)]
        return ObservedWait(" or ".join(sorted({*wait.events, *named})), wait.since)
    return ObservedWait("condition" if callable(what) else " ".join(wait.events), wait.since)


def outcome_of(error: BaseException) -> Outcome:
    """How a wait ended that raises this."""
    return next((outcome for kind, outcome in OUTCOMES if isinstance(error, kind)), "failed")


def how_it_ended(error: BaseException | None) -> End:
    """How a handler ended that has raised this, or returned, if it is None."""
    if error is None:
        return "returned"
    for kind, how in ENDS:
        if isinstance(error, kind):
            return how
    return "failed"
