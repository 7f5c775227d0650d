"""The callbacks that a handler has registered for events."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from ..wire.exceptions import Hangup
from ..wire.message import Event
from .posted import POSTED

__all__ = [
    "Callback",
    "CallbackT",
    "Callbacks",
    "DigitHandler",
    "DigitHandlerT",
    "HangupCallback",
    "HangupCallbackT",
    "OfLeg",
]

Callback = Callable[[Event], Any]
HangupCallback = Callable[[Hangup], Any]
DigitHandler = Callable[[str], Any]

CallbackT = TypeVar("CallbackT", bound=Callback)
HangupCallbackT = TypeVar("HangupCallbackT", bound=HangupCallback)
DigitHandlerT = TypeVar("DigitHandlerT", bound=DigitHandler)


class OfLeg:
    """A callback for the events of one leg."""

    __slots__ = ("_callback", "uuid")

    def __init__(self, uuid: str, callback: Callback) -> None:
        self.uuid = uuid
        self._callback = callback

    def __call__(self, event: Event) -> object:
        return self._callback(event) if event.is_about(self.uuid) else None


class Callbacks(list[tuple[str, Callback]]):
    """Pairs of an event and a callback, in order of registration.

    The event is a name, ``"CUSTOM <subclass>"``, or ``"ALL"``.
    """

    @property
    def names(self) -> set[str]:
        """The names of the events that have a callback."""
        return {name.partition(" ")[0] for name, _ in self}

    def forget(self, uuid: str) -> None:
        """Remove those for a leg."""
        self[:] = [
            each for each in self if not (isinstance(each[1], OfLeg) and each[1].uuid == uuid)
        ]

    def wake_for(self, wanted: Collection[str] | None) -> Collection[str] | None:
        """The events to wake up for: those wanted, and those with a callback. None for all."""
        names = self.names
        return None if wanted is None or "ALL" in names else names.union(wanted)

    def of(self, event: Event) -> list[Callback]:
        """The callbacks to call for an event."""
        if event.name == POSTED:
            return [callback for key, callback in self if key == POSTED]
        keys = {event.name, "ALL"}
        if event.name == "CUSTOM":
            keys.add(f"CUSTOM {event.get('Event-Subclass')}")
        return [callback for key, callback in self if key in keys]
