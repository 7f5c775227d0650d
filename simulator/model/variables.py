"""A channel's variables, in the order in which events list them."""

from __future__ import annotations

from collections.abc import Iterator

from .events import Block, plain_line

__all__ = ["Variables", "as_header", "is_true"]

ARRAY = "ARRAY::"
SEPARATOR = "|:"
#: What their headers begin with.
PREFIX = "variable_"


def is_true(value: str | None) -> bool:
    """switch_true: what FreeSWITCH takes for a yes."""
    if not value:
        return False
    word = value.lower()
    if word in ("yes", "on", "true", "t", "enabled", "active", "allow"):
        return True
    return word.lstrip("-").isdigit() and int(word) != 0


class Variables:
    """Names are compared without regard to letter case, and keep the one they were set with.

    To set a variable is to take it out and put it in at the end (switch_event.c, EF_UNIQ_HEADERS),
    so the order of an event's ``variable_`` headers tells what was set last.
    """

    def __init__(self) -> None:
        self._pairs: dict[str, tuple[str, str]] = {}  # header and value
        self._lines: dict[str, bytes] = {}  # the same, as plain events send them
        self._block: Block | None = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((header[len(PREFIX) :], value) for header, value in self._pairs.values())

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._pairs

    def get(self, name: str) -> str | None:
        """The value; an element of an array variable is named ``name[index]``."""
        name, bracket, index = name.lower().partition("[")
        pair = self._pairs.get(name)
        if pair is None:
            return None
        if not bracket:
            return pair[1]
        elements = _elements(pair[1])
        number = _leading_number(index)
        return elements[number] if number < len(elements) else None

    def set(self, name: str, value: str | None) -> None:
        """Set a variable; an empty value unsets it."""
        if value and "[" in name:
            self._set_element(name, value)
            return
        key = name.lower()
        if key in self._pairs:
            self._block = None
            del self._pairs[key], self._lines[key]
        if value:
            value = as_header(value)
        if value:
            self._put(name, value)

    def _put(self, name: str, value: str) -> None:
        self._block = None
        key = name.lower()
        header = PREFIX + name
        self._pairs[key] = (header, value)
        self._lines[key] = plain_line(header, value)

    def push(self, name: str, value: str, *, first: bool = False) -> None:
        """Make the variable an array, and ``value`` its last element (or its first)."""
        if name not in self:
            self.set(name, value)
            return
        header, old = self._pairs[name.lower()]
        elements = _elements(old)
        elements.insert(0 if first else len(elements), value)
        # an array that grows keeps its place
        self._put(header[len(PREFIX) :], ARRAY + SEPARATOR.join(elements))

    def _set_element(self, name: str, value: str) -> None:
        name, _, index = name.partition("[")
        number = _leading_number(index)
        elements = _elements(self.get(name) or "") if name in self else []
        elements += [""] * (number + 1 - len(elements))
        elements[number] = value
        joined = SEPARATOR.join(elements)
        self._put(name, ARRAY + joined if len(elements) > 1 else joined)

    @property
    def block(self) -> Block:
        """The ``variable_`` headers."""
        if self._block is None:
            self._block = Block(
                tuple(self._pairs.values()),
                plain=b"".join(self._lines.values()),
                prefix=PREFIX,
            )
        return self._block


def as_header(value: str) -> str:
    """A value as a header keeps it: ``ARRAY::one|:two`` as it is, ``ARRAY::one`` as ``one``.

    (switch_event.c, switch_event_base_add_header and switch_event_add_array.)
    """
    if not value.startswith(ARRAY):
        return value
    kept: list[str] = []
    for element in value[len(ARRAY) :].split(SEPARATOR):
        if kept:
            kept.append(element)
        elif element:
            kept += _elements(as_header(element))
    return ARRAY + SEPARATOR.join(kept) if len(kept) > 1 else "".join(kept)


def _elements(value: str) -> list[str]:
    return value[len(ARRAY) :].split(SEPARATOR) if value.startswith(ARRAY) else [value]


def _leading_number(text: str) -> int:
    digits = ""
    for character in text:
        if not character.isdigit():
            break
        digits += character
    return int(digits or 0)
