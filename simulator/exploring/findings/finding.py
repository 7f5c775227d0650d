"""A finding, and what the families look at to find one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from ..graph import Way
from ..rules import Rule
from ..search import Search
from ..source import HandlerSource
from ..whereabouts import Place

__all__ = ["Evidence", "Finding", "many"]


@dataclass(frozen=True, eq=False)
class Finding:
    """A problem, and the shortest way to see it."""

    kind: str
    text: str
    place: Place | None = None
    #: A caller's actions that show it; None if no caller can.
    way: Way | None = None
    #: The expectation (a script's ``expect``) that fails at the end of the way.
    expect: Mapping[str, object] = field(default_factory=dict)
    node: int | None = None  #: the situation it is about
    rule: str | None = None  #: the rule that it is about
    #: The spots that it explains: later families say nothing more about the keys there.
    spots: Set[str] = frozenset()

    def __str__(self) -> str:
        where = "" if self.place is None else f" ({self.place})"
        return f"{self.kind}: {self.text}{where}"


@dataclass(frozen=True)
class Evidence:
    """What an exploration has seen."""

    search: Search
    source: HandlerSource
    sounds: Path | None  #: the folder of sound files
    #: The dialplan's extensions: numbers, or regular expressions for them.
    extensions: Collection[str] = ()
    rules: Sequence[Rule] = ()  #: that calls must keep
    #: What was left out or supposed, for the summary: no finding, but good to know.
    remarks: list[str] = field(default_factory=list)
    #: The findings of the families before.
    found: list[Finding] = field(default_factory=list)


def many(number: int, what: str) -> str:
    """A number of things, in words: "1 call", "2 calls"."""
    return f"{number} {what}{'' if number == 1 else 's'}"
