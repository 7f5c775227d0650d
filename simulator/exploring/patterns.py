"""Texts that match a regular expression, made from its parts: one for each of its branches."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from eslsync.wire.arguments import KEYS

__all__ = ["made_from"]

#: The parser of `re`, which has no public name.
PARSER: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
#: The order in which made-up digits are taken, and the most texts that one pattern gives.
COUNTING, MOST = KEYS[1:10] + KEYS[0], 24
#: The most repetitions of a part that may be repeated for ever.
ENOUGH = 16


@lru_cache(maxsize=256)
def made_from(pattern: str) -> tuple[str, ...]:
    """Texts of keys that may match: the first branches, then each other one, then all the last.

    May, since what looks ahead or back is left out; none if it is no pattern.
    """
    try:
        tree = PARSER.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return ()
    first = _Maker({})
    found = [first.text(tree)]
    for number, options in enumerate(first.decisions):
        found += [_Maker({number: option}).text(tree) for option in range(1, options)]
    found.append(_Maker(None).text(tree))
    keys = set(KEYS)
    return tuple(dict.fromkeys(each for each in found if each and set(each) <= keys))[:MOST]


class _Maker:
    """Makes one text. ``chosen`` are options by the number of the decision; None for the last."""

    def __init__(self, chosen: dict[int, int] | None) -> None:
        self._chosen = chosen
        self.decisions: list[int] = []  #: the number of options of each
        self._groups: dict[int, str] = {}
        self._made = 0  # digits made up so far

    def text(self, tree: Any) -> str:
        return "".join(self._parts(tree))

    def _choose(self, options: int) -> int:
        number = len(self.decisions)
        self.decisions.append(options)
        return options - 1 if self._chosen is None else self._chosen.get(number, 0) % options

    def _parts(self, tree: Any) -> Iterator[str]:
        for operation, argument in tree:
            name = str(operation)
            if name == "LITERAL":
                yield chr(argument)
            elif name in ("ANY", "NOT_LITERAL"):
                yield self._one_of([each for each in COUNTING if ord(each) != argument])
            elif name == "IN":
                yield self._in_set(argument)
            elif name == "BRANCH":
                branches = argument[1]
                yield self.text(branches[self._choose(len(branches))])
            elif name == "SUBPATTERN":
                inner = self.text(argument[-1])
                self._groups[argument[0]] = inner
                yield inner
            elif name == "GROUPREF":
                yield self._groups.get(argument, "")
            elif name == "ATOMIC_GROUP":
                yield self.text(argument)
            elif name.endswith("_REPEAT"):
                least, most, inner = argument
                most = min(most, max(least, ENOUGH))
                times = (least, most)[self._choose(2)] if most > least else least
                for _ in range(times):
                    yield self.text(inner)

    def _in_set(self, members: Any) -> str:
        """A key of a set: the first, or the last; any digit of all of them."""
        kinds = [str(operation) for operation, _ in members]
        accepted = [each for each in COUNTING + KEYS[10:] if _is_in(each, members)]
        if "NEGATE" in kinds or len(accepted) >= len(COUNTING):
            return self._one_of([each for each in accepted if each.isdigit()] or accepted)
        if not accepted:
            return ""
        return sorted(accepted)[(0, -1)[self._choose(2)]]

    def _one_of(self, accepted: Sequence[str]) -> str:
        self._made += 1
        return accepted[(self._made - 1) % len(accepted)] if accepted else ""


def _is_in(key: str, members: Any) -> bool:
    """True if a set of the parser contains a key."""
    negated, found = False, False
    for operation, argument in members:
        name = str(operation)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found |= ord(key) == argument
        elif name == "RANGE":
            found |= argument[0] <= ord(key) <= argument[1]
        elif name == "CATEGORY":
            is_kind = key.isdigit() if "DIGIT" in str(argument) else key.isalnum()
            found |= is_kind is not ("NOT" in str(argument))
    return found is not negated
