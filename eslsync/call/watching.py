"""Describes waits of a handler: as text, as the error of one that timed out, and to a watcher."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple, Protocol

from ..clock import Deadline
from ..wire.enums import ChannelState
from ..wire.event_names import EVENT_NAMES
from ..wire.exceptions import TimeoutError
from ..wire.message import Event
from ..wire.shown import in_a_log
from .connection import Pending
from .execution import UnderWay
from .job import Job
from .leg import Leg
from .observed import ANY_EVENT
from .posted import POSTED

__all__ = ["Wait", "Watcher", "described", "too_late"]


def described(what: object) -> str:
    """The target of a wait, in a few words."""
    return in_a_log(_described(what))


def _described(what: object) -> str:
    if isinstance(what, UnderWay):
        return what.application
    if isinstance(what, tuple):
        return " or ".join(map(str, what))
    if callable(what):
        return getattr(what, "__name__", ANY_EVENT)
    return str(what)


def too_late(what: object, deadline: Deadline | None, leg: Leg) -> TimeoutError:
    """Return the error to raise when something did not arrive by the deadline."""
    seconds = 0.0 if deadline is None else deadline.seconds
    within = f"within {round(seconds, 3):g} s"
    if isinstance(what, Pending):
        said = f"no reply to {str(what)!r} {within}"
    elif isinstance(what, (UnderWay, Job)):
        said = f"{described(what)} did not complete {within}; it continues"
    elif isinstance(what, ChannelState):
        said = f"{what} was not reached {within}"
    else:
        arrive = "arrive" if is_event(what) else "come"
        said = f"{described(what)} did not {arrive} {within}"
        if what == "DTMF" and not leg.conversation.subscription.is_async:
            said += ": without async in the dialplan, digits come after the next application"
    return TimeoutError(f"{said} (leg {leg.uuid})" if leg.uuid else said)


def events_of(what: object) -> frozenset[str]:
    """The names of the events waited for, "CUSTOM" without its subclass."""
    several = what if isinstance(what, tuple) else (what,)
    names = {each.partition(" ")[0] for each in several if isinstance(each, str)}
    return frozenset(names & (EVENT_NAMES | {POSTED}))


def is_event(what: object) -> bool:
    """True for events by name, for several events or states, and for a function of an event."""
    return isinstance(what, tuple) or callable(what) or bool(events_of(what))


class Wait(NamedTuple):
    """A wait of the handler, as passed to a watcher."""

    #: The target: an event's name, a `ChannelState`, a tuple of these, a function of an
    #: event, an application (`UnderWay`), a `Job`, a command that waits for its reply (`Pending`),
    #: or a few words.
    what: object
    #: The leg whose hangup ends the wait; the call's own leg for a reply.
    leg: Leg
    #: When it began, and when it raises TimeoutError (None: never), on the session's clock.
    since: float
    deadline: float | None
    #: The names of the events that can end it; None for any, empty for a reply.
    wanted: Collection[str] | None
    #: The event whose callback or digit handler waits; None outside of callbacks.
    inside: Event | None

    @property
    def kind(self) -> Literal["application", "job", "reply", "state", "event", "end"]:
        """The kind of `what`; "end" stands for the end of a leg or of a bridge."""
        what = self.what
        if isinstance(what, UnderWay):
            return "application"
        if isinstance(what, Job):
            return "job"
        if isinstance(what, Pending):
            return "reply"
        if isinstance(what, ChannelState):
            return "state"
        return "event" if is_event(what) else "end"

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that the handler asked for, "CUSTOM" without its subclass."""
        return events_of(self.what)

    def __str__(self) -> str:
        return described(self.what)


class Watcher(Protocol):
    """Observes a session's waits: see `Session.watch`."""

    def begins(self, wait: Wait) -> None:
        """The handler begins to wait. Called in its thread, below the method that waits."""

    def ends(self, wait: Wait) -> None:
        """The wait has ended or raised. Called in the handler's thread; inner waits end first."""
