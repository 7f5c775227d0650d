"""A channel's variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import compress

from eslsync.protocol import ARRAY, ARRAY_SEPARATOR
from eslsync.wire.separation import separate

from .events import Block, Headers, elements, line_each, plain_line

__all__ = ["OrderedVariables", "as_header", "exported", "is_false", "is_true"]

#: The prefix of their headers in an event.
PREFIX = "variable_"


def is_true(value: str | None) -> bool:
    """True if FreeSWITCH counts the value as true (switch_true)."""
    if not value:
        return False
    word = value.lower()
    if word in ("yes", "on", "true", "t", "enabled", "active", "allow"):
        return True
    return word.lstrip("-").isdigit() and int(word) != 0


def exported(get: Callable[[str], str | None], listed_in: str) -> dict[str, str]:
    """What a channel passes on to another leg: the list itself, and the variables in it.

    ``get`` reads the channel's variables (switch_channel_process_export).
    """
    names = get(listed_in)
    if not names:
        return {}
    passed = {listed_in: names}
    for name in separate(names, ",", 256):
        value = get(name)
        if value:
            passed[re.sub("^(?i:nolocal:|_nolocal_)", "", name)] = value
    return passed


def is_false(value: str | None) -> bool:
    """True if FreeSWITCH counts the value as false; an empty one is neither (switch_false)."""
    if not value:
        return False
    word = value.lower()
    if word in ("no", "off", "false", "f", "disabled", "inactive", "disallow"):
        return True
    return word.lstrip("-").isdigit() and int(word) == 0


class OrderedVariables:
    """A channel's variables, in the order in which events list them.

    Names are compared without regard to letter case, and listed as they were set. Setting a
    variable moves it to the end (switch_event.c, EF_UNIQ_HEADERS), so the ``variable_`` headers of
    an event are in the order in which they were last set.
    """

    def __init__(self) -> None:
        #: Header and value, by name in lower case; `set` alone changes them.
        self.pairs: dict[str, tuple[str, str]] = {}
        self._lines: dict[str, bytes] = {}  # the same, as plain events send them
        #: The elements of arrays whose text doesn't tell them: an array of one looks like any other
        #: value, and one of which an element was set keeps its text as a whole.
        self._elements: dict[str, list[str]] = {}
        self._block: Block | None = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((header[len(PREFIX) :], value) for header, value in self.pairs.values())

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.pairs

    def get(self, name: str) -> str | None:
        """The value, or None."""
        pair = self.pairs.get(name.lower())
        return None if pair is None else pair[1]

    def element(self, name: str, index: int) -> str | None:
        """An element of an array; None if it has no such one. An index below 0 is all of it.

        A value that was set is no array, not even of one (switch_event_get_header_idx).
        """
        value = self.get(name)
        if value is None or index < 0:
            return value
        found = self._array(name.lower())
        return found[index] if index < len(found) else None

    def _array(self, key: str) -> list[str]:
        """The elements of an array; none if the variable is not one."""
        if key in self._elements:
            return list(self._elements[key])
        value = self.pairs[key][1] if key in self.pairs else ""
        return elements(value) if value.startswith(ARRAY) else []

    def beginning(self, prefix: str) -> dict[str, str]:
        """The variables whose names begin with ``prefix``, both in lower case."""
        if f"\n{prefix}" not in "\n".join(["", *self.pairs]):  # the usual case, and soon said
            return {}
        return {name: value for name, (_, value) in self.pairs.items() if name.startswith(prefix)}

    def set(self, name: str, value: str | None) -> None:
        """Set a variable; None or an empty value unsets it. A name can't be empty."""
        if value and "[" in name:
            self._set_element(name, value)
            return
        key = name.lower()
        self._block = None
        if self.pairs.pop(key, None) is not None:
            del self._lines[key]
            if self._elements:
                self._elements.pop(key, None)
        if value and name:
            if not value.startswith(ARRAY):  # nearly all
                header = PREFIX + name
                self.pairs[key] = header, value
                self._lines[key] = plain_line(header, value)
                return
            value = as_header(value)
            if value:
                self._put(key, PREFIX + name, value, array=True)

    def set_all(self, variables: Mapping[str, str]) -> None:
        """Set each of these variables, in their order; their names are plain ones.

        This is for dozens of them, and costs less if no text is among numbers and names.
        """
        values = variables.values()
        if ARRAY in "".join(values):  # hardly ever
            for name, value in variables.items():
                self.set(name, value)
            return
        keys, headers = _spelled(tuple(variables))
        self._block = None
        for key in self.pairs.keys() & keys:
            del self.pairs[key], self._lines[key]
            if self._elements:
                self._elements.pop(key, None)
        pairs = [*zip(headers, values, strict=True)]
        if not all(values):
            keys, pairs = [*compress(keys, values)], [*compress(pairs, values)]
        self.pairs.update(zip(keys, pairs, strict=True))
        self._lines.update(zip(keys, line_each(pairs), strict=True))

    def _put(self, key: str, header: str, value: str, *, array: bool = False) -> None:
        self._block = None
        self._elements.pop(key, None)
        if array and not value.startswith(ARRAY):
            self._elements[key] = [value]
        self.pairs[key] = (header, value)
        shown = as_header(value)
        self._lines[key] = plain_line(header, shown) if shown else b""

    def push(self, name: str, value: str, *, first: bool = False) -> None:
        """Append a value to the variable, which becomes an array; with ``first``, prepend it."""
        key = name.lower()
        if name not in self:
            if value and name:
                self._put(key, PREFIX + name, value, array=True)
            return
        header, old = self.pairs[key]
        values = self._array(key) or [old]
        values.insert(0 if first else len(values), value)
        # an array that grows keeps its place
        self._put(key, header, ARRAY + ARRAY_SEPARATOR.join(values))

    def _set_element(self, name: str, value: str) -> None:
        name, _, index = name.partition("[")
        number, key = _leading_number(index), name.lower()
        values = self._array(key)
        if number < len(values):
            values[number] = value
            self._elements[key] = values
            return
        values += [""] * (number + 1 - len(values))
        values[number] = value
        joined = ARRAY_SEPARATOR.join(values)
        joined = ARRAY + joined if len(values) > 1 else joined
        header = self.pairs[key][0] if key in self.pairs else PREFIX + name
        self._put(key, header, joined, array=True)

    @property
    def block(self) -> Block:
        """The ``variable_`` headers."""
        if self._block is None:
            self._block = Block(
                partial(_shown, self.pairs.copy()),
                plain=b"".join(self._lines.values()),
                prefix=PREFIX,
            )
        return self._block


@lru_cache(maxsize=64)
def _spelled(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Names in lower case, and their headers."""
    return [name.lower() for name in names], [PREFIX + name for name in names]


def _shown(pairs: Mapping[str, tuple[str, str]]) -> Headers:
    headers = ((header, as_header(value)) for header, value in pairs.values())
    return tuple(pair for pair in headers if pair[1])


def as_header(value: str) -> str:
    """A value as a header stores it: ``ARRAY::one|:two`` unchanged, ``ARRAY::one`` as ``one``
    (switch_event_base_add_header, switch_event_add_array).
    """
    if not value.startswith(ARRAY):
        return value
    kept: list[str] = []
    for element in elements(value):
        if kept:
            kept.append(element)
        elif element:
            kept += elements(as_header(element))
    return ARRAY + ARRAY_SEPARATOR.join(kept) if len(kept) > 1 else "".join(kept)


def _leading_number(text: str) -> int:
    digits = ""
    for character in text:
        if not character.isdigit():
            break
        digits += character
    return int(digits or 0)
