"""Digits pressed before a wait asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Protocol

from ..bounds import DIGITS
from ..wire.message import Event
from .backlog import Backlog
from .losses import Losses

__all__ = ["TypeAhead"]


class Pressed(Protocol):
    """What digits need of the leg that they were pressed on."""

    @property
    def uuid(self) -> str: ...

    @property
    def hangup_event(self) -> Event | None: ...


class Pulls(Protocol):
    """What digits need of arrivals."""

    def pull(self) -> None: ...


class Queues(Protocol):
    """What digits need of a conversation: the queues in which they wait for their turn."""

    backlog: Backlog
    losses: Losses

    @property
    def own(self) -> Pressed: ...

    @property
    def arrivals(self) -> Pulls: ...

    @property
    def in_callback(self) -> bool: ...


class TypeAhead:
    """The digits of one conversation that no wait has taken.

    It keeps digits whose turn has come, and whose handlers have run. Digits that still wait for
    their turn are in the conversation's backlog.
    """

    __slots__ = ("_conversation", "_digits")

    def __init__(self, conversation: Queues) -> None:
        self._conversation = conversation
        self._digits = Backlog(DIGITS)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._digits)

    def keep(self, event: Event) -> None:
        """Keep a digit whose turn has come."""
        self._digits.append(event)
        while self._digits.overfull:
            dropped = self._digits.popleft()
            self._conversation.losses.count(self._digits.bound, f"a digit of {dropped.uuid}")

    def take(self, event: Event | None, leg: Pressed | None) -> Event | None:
        """Take the oldest digit of a leg, or of any leg; None if there is none.

        Inside a callback only digits that wait for their turn count; ``event`` is one that has
        just arrived.
        """
        conversation = self._conversation
        if (leg or conversation.own).hangup_event is not None:
            return None  # the leg has gone
        if conversation.in_callback:
            for waiting in conversation.backlog if event is None else (event,):
                if is_digit(waiting, leg):
                    conversation.backlog.remove(waiting)
                    return waiting
            return None
        for event in self._digits:
            if leg is None or event.uuid == leg.uuid:
                self._digits.remove(event)
                return event
        return None

    def taken(self, event: Event) -> None:
        """A wait returns this event; if it is a digit, no other wait will."""
        if event.quick_name == "DTMF":
            self._forget([event])

    def has(self, event: Event) -> bool:
        """True for a digit that no wait has taken, and for any event that is no digit to take."""
        return event.quick_name != "DTMF" or event.collected or event in self._digits

    @contextmanager
    def unless_it_fails(self) -> Iterator[list[Event]]:
        """Yield a list for the digits that are taken; if the block raises, they are put back."""
        taken: list[Event] = []
        try:
            yield taken
        except BaseException:
            conversation = self._conversation
            (conversation.backlog if conversation.in_callback else self._digits).put_back(taken)
            raise

    def of(self, leg: Pressed) -> list[Event]:
        """A leg's digits whose turn has come, the oldest first."""
        return [event for event in self._digits if event.uuid == leg.uuid]

    def untaken(self, leg: Pressed) -> list[Event]:
        """A leg's digits that a wait could take now, the oldest first."""
        conversation = self._conversation
        conversation.arrivals.pull()
        waiting = [event for event in conversation.backlog if is_digit(event, leg)]
        return waiting if conversation.in_callback else [*self.of(leg), *waiting]

    def forget_first(self, leg: Pressed, keys: str) -> None:
        """Forget a leg's oldest digits, up to the first that is not among ``keys``."""
        untaken = self.untaken(leg)
        self._forget(list(takewhile(lambda event: (event.digit or "") in keys, untaken)))

    def forget_last(self, leg: Pressed, key: str) -> None:
        """Forget the digit that was pressed last, if it is ``key``."""
        last = self.untaken(leg)[-1:]
        self._forget(event for event in last if event.digit == key)

    def forget(self, leg: Pressed) -> None:
        """Discard every digit of a leg."""
        untaken = self.untaken(leg)
        self._forget([*untaken, *(each for each in self.of(leg) if each not in untaken)])

    def _forget(self, digits: Iterable[Event]) -> None:
        for event in digits:
            if event in self._digits:
                self._digits.remove(event)
            elif event in self._conversation.backlog:
                self._conversation.backlog.remove(event)


def is_digit(event: Event, leg: Pressed | None) -> bool:
    """True for a digit of this leg (None: of any) that no application has collected."""
    if event.name != "DTMF" or event.collected:
        return False
    return leg is None or event.uuid == leg.uuid
