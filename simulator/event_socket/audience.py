"""Who listens to a switch: of hundreds of connections, the few that an event may concern.

Most connections have filtered for their own call's uuid. They are found by that; asking each of
200 of them about each event took more time than all the rest of 200 calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model.events import Event
    from .listener import Control

__all__ = ["Audience"]

#: A header and its value, in lower case.
Key = tuple[str, str]


class Audience:
    """The connections that are open, in the order in which they joined."""

    def __init__(self) -> None:
        self._serial = itertools.count()
        self._numbers: dict[Control, int] = {}
        self._keys: dict[Control, list[Key]] = {}  # by which it is found; none: always asked
        self._asked: dict[int, Control] = {}  # about every event
        self._found: dict[str, dict[str, dict[int, Control]]] = {}  # by header, and its value

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
        """Its filters are others now."""
        if control in self._numbers:
            self._strike(control)
            self._enter(control)

    def of(self, event: Event) -> list[Control]:
        """Those that may want it, in order."""
        may = self._asked
        for name, by_value in self._found.items():
            value = event.get(name)
            found = by_value.get(value.lower()) if value is not None else None
            if found:
                may = {**may, **found} if may else found
        return [may[number] for number in sorted(may)] if len(may) > 1 else list(may.values())

    def _enter(self, control: Control) -> None:
        number = self._numbers[control]
        keys = self._keys[control] = keys_of(control.filters)
        if not keys:
            self._asked[number] = control
        for name, value in keys:
            self._found.setdefault(name, {}).setdefault(value, {})[number] = control

    def _strike(self, control: Control) -> None:
        number = self._numbers[control]
        self._asked.pop(number, None)
        for name, value in self._keys.pop(control):
            by_value = self._found[name]
            by_value[value].pop(number, None)  # a filter may stand there twice
            if not by_value[value]:
                del by_value[value]
            if not by_value:
                del self._found[name]


def keys_of(filters: list[tuple[str, str]]) -> list[Key]:
    """One of these an event must have; none where that can't be said so simply.

    Values may begin with a sign or a blank, or be a regular expression.
    """
    if any(value[:1] in "+- /" for _, value in filters):
        return []
    return list(dict.fromkeys((name.lower(), value.lower()) for name, value in filters))
