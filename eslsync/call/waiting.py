"""What a handler waits for: events by name, states, digits, hangups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

from ..wire.enums import ChannelState, check_event_name
from ..wire.message import Event
from .connection import ALWAYS_WANTED
from .conversation import Conversation, Ready

if TYPE_CHECKING:
    from .leg import Leg

__all__ = ["Expected", "Waiting"]

#: What can be waited for: an event's name or a state, several of those, or a function of an event.
Expected = str | ChannelState | Iterable[str | ChannelState] | Callable[[Event], bool]


class Waiting(Conversation):
    """A conversation in which one can wait."""

    __slots__ = ()

    def _wait(self, what: Expected, timeout: float | None, leg: Leg | None) -> Event:
        """Wait for an event of ``leg``, or of any leg where that is None."""
        deadline = None if timeout is None else self._deadline(timeout)
        if isinstance(what, str):
            ready, wanted = self._ready_for(what, leg)
            return self._until(what, ready, deadline, leg, wanted)
        if callable(what):
            self._subscription.check("this event")
            ready = self._next_that(what, leg)
            return self._until(getattr(what, "__name__", "an event"), ready, deadline, leg)
        several = list(what)
        if not several:
            raise ValueError("wait: name an event or a state")
        readies = [self._ready_for(each, leg)[0] for each in several]

        def any_ready(event: Event | None) -> Event | None:
            found = (ready(event) for ready in readies)
            return next((each for each in found if each is not None), None)

        return self._until(" or ".join(map(str, several)), any_ready, deadline, leg)

    def _ready_for(
        self, what: str | ChannelState, leg: Leg | None
    ) -> tuple[Ready[Event], tuple[str] | None]:
        """What tells that the wait is over, and the event that it can end with; None for any."""
        if isinstance(what, ChannelState):
            target, state = leg or self.channel, what
            return lambda _: target._reached(state), None
        name, subclass = parsed(what)
        if not self._subscription.on:
            self._subscription.check(what)
        if name == "ALL":
            return self._next_that(lambda event: True, leg), None
        if name not in ALWAYS_WANTED:
            return named(name, subclass, None if leg is None else leg.uuid), (name,)
        if name == "DTMF":
            return lambda event: self._take_digit(event, leg), (name,)
        return self._hangup_or_next(name, leg), (name,)

    def _next_that(self, wanted: Callable[[Event], bool], leg: Leg | None) -> Ready[Event]:
        def ready(event: Event | None) -> Event | None:
            if event is None or (leg is not None and event.uuid != leg.uuid):
                return None
            return event if wanted(event) else None

        return ready

    def _hangup_or_next(self, name: str, leg: Leg | None) -> Ready[Event]:
        """A hangup that is past is told still."""
        coming = self._next_that(lambda event: event.name == name, leg)

        def ready(event: Event | None) -> Event | None:
            if event is not None:
                return coming(event)
            event = (leg or self.channel).hangup_event
            # CHANNEL_HANGUP_COMPLETE answers for CHANNEL_HANGUP, once both are past
            return event if event is not None and event.name.startswith(name) else None

        return ready

    def _take_digit(self, event: Event | None, leg: Leg | None) -> Event | None:
        """The oldest digit that nobody has taken. Inside a callback: of those that wait."""
        if (leg or self.channel).hangup_event is not None:
            return None  # nobody is there any more
        if self._in_callback:
            for waiting in self._backlog if event is None else (event,):
                if is_digit(waiting, leg):
                    self._backlog.remove(waiting)
                    return waiting
            return None
        for event in self._digits:
            if leg is None or event.uuid == leg.uuid:
                self._digits.remove(event)
                return event
        return None

    # Digits that have arrived and that nobody has taken

    def _untaken(self, leg: Leg) -> list[Event]:
        """Those that a wait could take now, the oldest first."""
        self._pull_available()
        waiting = [event for event in self._backlog if is_digit(event, leg)]
        return waiting if self._in_callback else [*self._typed_ahead(leg), *waiting]

    def _typed_ahead(self, leg: Leg) -> list[Event]:
        return [event for event in self._digits if event.uuid == leg.uuid]

    def _forget(self, digits: Iterable[Event]) -> None:
        for event in digits:
            if event in self._digits:
                self._digits.remove(event)
            else:
                self._backlog.remove(event)

    def _forget_first_digits(self, leg: Leg, keys: str) -> None:
        """Forget these, where they are the next to be taken."""
        self._forget(list(takewhile(lambda event: (event.digit or "") in keys, self._untaken(leg))))

    def _forget_last_digit(self, leg: Leg, key: str) -> None:
        """Forget the one that was pressed last, if it is this."""
        last = self._untaken(leg)[-1:]
        self._forget(event for event in last if event.digit == key)

    def _forget_digits(self, leg: Leg) -> None:
        untaken = self._untaken(leg)
        self._forget([*untaken, *(e for e in self._typed_ahead(leg) if e not in untaken)])


@lru_cache(maxsize=256)  # the same waits come again and again
def named(name: str, subclass: str, uuid: str | None) -> Ready[Event]:
    """Tells the next event of that name; of any leg where there is no ``uuid``."""

    def ready(event: Event | None) -> Event | None:
        if event is None or event._name != name:
            return None
        if subclass and event.get("Event-Subclass") != subclass:
            return None
        return event if uuid is None or event.uuid == uuid else None

    return ready


@lru_cache(maxsize=256)
def parsed(what: str) -> tuple[str, str]:
    """An event's name, and the subclass of a custom one. Raises ValueError for what is none."""
    name, _, subclass = what.partition(" ")
    return check_event_name(name), subclass


def is_digit(event: Event, leg: Leg | None) -> bool:
    """Is it a digit of this leg, or of any, that no application of FreeSWITCH's has taken?"""
    event = event
    if event.name != "DTMF" or event._collected:
        return False
    return leg is None or event.uuid == leg.uuid
