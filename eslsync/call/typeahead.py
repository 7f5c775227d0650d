"""Digits pressed before a wait asks for them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import takewhile
from typing import Protocol

from ..wire.message import Event
from .backlog import Backlog

__all__ = ["TypeAhead"]

#: The maximum number of digits to keep, of all legs, and of their events' bytes.
MAX_DIGITS = 100
MAX_DIGITS_BYTES = 1024 * 1024


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
    dropped: int
    logger: logging.LoggerAdapter[logging.Logger]

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
        self._digits = Backlog(MAX_DIGITS, MAX_DIGITS_BYTES)

    def keep(self, event: Event) -> None:
        """Keep a digit whose turn has come."""
        self._digits.append(event)
        while self._digits.overfull:
            self._digits.popleft()
            self._conversation.dropped += 1
            self._conversation.logger.warning(
                "more than %d digits typed ahead; dropping the oldest", MAX_DIGITS
            )

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
            else:
                self._conversation.backlog.remove(event)


def is_digit(event: Event, leg: Pressed | None) -> bool:
    """True for a digit of this leg (None: of any) that no application has collected."""
    if event.name != "DTMF" or event.collected:
        return False
    return leg is None or event.uuid == leg.uuid
