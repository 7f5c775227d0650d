"""Waits of a handler: for events by name, states, digits, hangups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from ..callables import check_function, check_returned
from ..wire.enums import ChannelState
from ..wire.event_names import parse_event
from ..wire.message import Event
from ..wire.protocol import quote
from .connection import ALWAYS_WANTED
from .posted import POSTED
from .turns import KEPT

if TYPE_CHECKING:
    from .conversation import Conversation, Ready
    from .leg import Leg

__all__ = ["Expected", "check_event", "wait_for"]

#: The target of a wait: an event's name, a state, several of these, or a function of an event.
Expected = str | ChannelState | Iterable[str | ChannelState] | Callable[[Event], bool]


def wait_for(
    conversation: Conversation, what: Expected, timeout: float | None, leg: Leg | None
) -> Event:
    """Wait for an event of ``leg``, or of any leg if that is None. See `Channel.wait`."""
    deadline = None if timeout is None else conversation.clock.deadline(timeout)
    if type(what) is str:
        uuid = None if leg is None else leg.uuid
        usual = _usual(what, uuid)
        if usual is not None:
            if conversation.on_expected or (what, uuid) not in conversation.subscription.sure:
                conversation.expect(what, leg)
            return conversation.until(what, usual[0], deadline, leg, usual[1], looks_back=True)
    if isinstance(what, str):
        ready, wanted = _ready_for(conversation, what, leg)
        event = conversation.until(what, ready, deadline, leg, wanted, looks_back=True)
        if wanted is None:
            conversation.typeahead.taken(event)  # a wait for "ALL" takes digits, too
        return event
    if callable(what):
        check_function("a condition for wait()", what)
        conversation.subscription.check_any("this event")
        condition = _next_that(_as_a_callback(conversation, what), leg)
        event = conversation.until(what, condition, deadline, leg, looks_back=True)
        conversation.typeahead.taken(event)
        return event
    several = tuple(what)
    if not several:
        raise ValueError("wait: name an event or a state")
    readies = [
        _in_its_turn(ready, str(each)) if each in KEPT else ready
        for each, (ready, _) in ((each, _ready_for(conversation, each, leg)) for each in several)
    ]

    def any_ready(event: Event | None) -> Event | None:
        found = (ready(event) for ready in readies)
        return next((each for each in found if each is not None), None)

    event = conversation.until(several, any_ready, deadline, leg, looks_back=True)
    conversation.typeahead.taken(event)
    return event


def _ready_for(
    conversation: Conversation, what: str | ChannelState, leg: Leg | None
) -> tuple[Ready[Event], tuple[str] | None]:
    """Return the test that ends the wait, and the event that can end it (None: any)."""
    if isinstance(what, ChannelState):
        target, state = leg or conversation.own, what
        if target.reached(state) is None:
            conversation.subscription.check_state(state, target.uuid)
        return lambda _: target.reached(state), None
    if what == POSTED:
        return conversation.posts.take, (POSTED,)
    usual = _usual(str(what), None if leg is None else leg.uuid)
    conversation.expect(what, leg)
    if usual is not None:
        return usual
    name, _ = parse_event(what)
    if name == "ALL":
        return _next_that(lambda event: True, leg), None
    if name == "DTMF":
        typeahead = conversation.typeahead
        return lambda event: typeahead.take(event, leg), (name,)
    return _hangup_or_next(name, leg, leg or conversation.own), (name,)


def check_event(event: str) -> None:
    """Raise ValueError for an event that nobody knows."""
    if event != POSTED:
        parse_event(event)


def _in_its_turn(ready: Ready[Event], name: str) -> Ready[Event]:
    """Take what is kept only in its place among other events."""

    def in_its_turn(event: Event | None) -> Event | None:
        return ready(event) if event is not None and event.quick_name == name else None

    return in_its_turn


def _as_a_callback(
    conversation: Conversation, condition: Callable[[Event], bool]
) -> Callable[[Event], bool]:
    """A condition of the handler's, which may wait itself, as a callback may."""

    def ask(event: Event) -> bool:
        at_work, conversation.at_work = conversation.at_work, False
        try:
            return condition(event)
        finally:
            conversation.at_work = at_work

    return ask


def _next_that(wanted: Callable[[Event], bool], leg: Leg | None) -> Ready[Event]:
    def ready(event: Event | None) -> Event | None:
        if event is None or event.quick_name == POSTED:
            return None
        if leg is not None and not event.is_about(leg.uuid):
            return None
        answer = wanted(event)
        if not answer:
            return None
        check_returned("the condition", answer)
        return event

    return ready


def _hangup_or_next(name: str, leg: Leg | None, target: Leg) -> Ready[Event]:
    """A hangup that already happened satisfies the wait."""
    coming = _next_that(lambda event: event.name == name, leg)

    def ready(event: Event | None) -> Event | None:
        if event is not None:
            return coming(event)
        event = target.hangup_event
        # CHANNEL_HANGUP_COMPLETE serves for CHANNEL_HANGUP as well
        return event if event is not None and event.name.startswith(name) else None

    return ready


@lru_cache(maxsize=256)  # the same waits recur
def _usual(what: str, uuid: str | None) -> tuple[Ready[Event], tuple[str]] | None:
    """As `_ready_for`, for an event that is nothing but the next of its name; None for others."""
    name, subclass = ("", "") if what == POSTED else parse_event(what)
    if name in ALWAYS_WANTED or name in ("", "ALL"):
        return None
    return _named(name, subclass, uuid), (name,)


def _named(name: str, subclass: str, uuid: str | None) -> Ready[Event]:
    """Wait for the next event of that name; of any leg if ``uuid`` is None."""
    # FreeSWITCH writes the subclass first, where it is found without a search.
    first = f"Event-Subclass: {quote(subclass)}\n".encode()

    def ready(event: Event | None) -> Event | None:
        if event is None or event.quick_name != name:
            return None
        if subclass and not (
            event.raw.startswith(first) or event.get("Event-Subclass") == subclass
        ):
            return None
        return event if uuid is None or event.is_about(uuid) else None

    return ready
