"""The audience of a switch's events: finds the few connections, of hundreds, that want one.

Most connections filter for their own call's uuid, and are looked up by it. Asking each of 200
connections about each event took more time than everything else in 200 calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model.events import SwitchEvent
    from ..model.switch import Switch
    from .listener import Control

__all__ = ["Audience"]

UNIQUE_ID = "unique-id"
#: A header and its value, in lower case.
Key = tuple[str, str]


class Audience:
    """The open connections of a switch, in the order in which they joined."""

    def __init__(self, switch: Switch) -> None:
        switch.consumers.append(self.deliver)
        self._serial = itertools.count()
        self._numbers: dict[Control, int] = {}
        self._keys: dict[Control, list[Key]] = {}  # empty for one that is asked about every event
        self._asked: dict[int, Control] = {}  # asked about every event
        # the others: nearly all are found by a channel's uuid, and by other keys as well
        self._by_uuid: dict[str, dict[int, Control]] = {}
        self._found: dict[str, dict[str, dict[int, Control]]] = {}

    def __iter__(self) -> Iterator[Control]:
        return iter(list(self._numbers))

    def __contains__(self, control: Control) -> bool:
        return control in self._numbers

    def join(self, control: Control) -> None:
        self._numbers[control] = next(self._serial)
        self._enter(control)

    def leave(self, control: Control) -> None:
        self._strike(control)
        del self._numbers[control]

    def filtered(self, control: Control) -> None:
        """Note that a connection's filters have changed."""
        if control in self._numbers:
            self._strike(control)
            self._enter(control)

    def deliver(self, event: SwitchEvent) -> None:
        """Give an event to every connection that wants it."""
        may = self._asked
        found = self._by_uuid.get((event.uuid or event.get(UNIQUE_ID) or "").lower())
        if found:
            may = {**may, **found} if may else found
        if self._found and len(may) < len(self._numbers):
            for name, by_value in self._found.items():
                found = by_value.get((event.get(name) or "").lower())
                if found:
                    may = {**may, **found}
        for number in sorted(may):  # in the order in which they joined
            control = may[number]
            # Whom a key has found has a filter that matches, and none that is more complex.
            if control.selection.wants(event, number not in self._asked):
                control.deliver(event)

    @property
    def wants_heartbeat(self) -> bool:
        """True while a connection has subscribed to HEARTBEAT by name."""
        return any(control.selection.wants_heartbeat for control in self._numbers)

    def shut_down(self) -> None:
        """End every connection at once, without a notice: ``fsctl shutdown now`` (recording 16)."""
        for control in self:
            control.shut_down()

    def _enter(self, control: Control) -> None:
        number = self._numbers[control]
        keys = self._keys[control] = keys_of(control.selection.filters)
        if not keys:
            self._asked[number] = control
        for name, value in keys:
            by_value = self._by_uuid if name == UNIQUE_ID else self._found.setdefault(name, {})
            by_value.setdefault(value, {})[number] = control

    def _strike(self, control: Control) -> None:
        number = self._numbers[control]
        self._asked.pop(number, None)
        for name, value in self._keys.pop(control):
            by_value = self._by_uuid if name == UNIQUE_ID else self._found[name]
            by_value[value].pop(number, None)  # None for a duplicate filter
            if not by_value[value]:
                del by_value[value]
            if not by_value and name != UNIQUE_ID:
                del self._found[name]


def keys_of(filters: list[tuple[str, str]]) -> list[Key]:
    """The keys of which an event must match one; empty if the filters are more complex.

    A value may also begin with a sign or a blank, or be a regular expression.
    """
    if any(value[:1] in "+- /" for _, value in filters):
        return []
    return list(dict.fromkeys((name.lower(), value.lower()) for name, value in filters))
