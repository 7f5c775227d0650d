"""Digits that are looked for among keys, and that may be none: an empty text is in every text."""

from __future__ import annotations

from collections.abc import Iterator

from ..trees import tree_of
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "silence-as-key": "no digits at all count as one of several keys",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each place where a call looked for an empty text."""
    file = str(evidence.source.path)
    for line, way in evidence.search.looked_for_nothing.items():
        function = tree_of(file).function_at(line)
        place = Place(file, line, "" if function is None else function.name)
        text = "digits are looked for in a text, and with none it is found: '' in \"12\" is True"
        yield Finding("silence-as-key", text, place, way.then("wait"))
