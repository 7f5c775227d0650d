"""The values at which comparisons in the code turn: of numbers, of lengths, and of the clock."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

__all__ = ["Numbers", "numbers_in"]

#: Names by which code reads the parts of a time: what is compared with them is no entry.
CLOCK = frozenset(
    "hour minute second microsecond day month year weekday isoweekday tm_hour tm_min tm_sec "
    "tm_mday tm_mon tm_year tm_wday tm_yday".split()
)
#: Looks up the value of a name or an attribute: an expression, if the code assigns one.
Lookup = Callable[[ast.expr], "ast.expr | None"]


class Numbers:
    """The integers that code compares with values, and with lengths of texts."""

    def __init__(self) -> None:
        self.values: set[int] = set()
        self.lengths: set[int] = set()


def numbers_in(nodes: Iterable[ast.AST], lookup: Lookup) -> Numbers:
    """The integers in comparisons, `match`, `range`, keys of dicts, and members of an Enum."""
    found = Numbers()
    for node in nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_asks_clock(side) for side in sides):
                continue
            here = {number for side in sides for number in integers(side, lookup)}
            (found.lengths if any(map(_is_length, sides)) else found.values).update(here)
        elif isinstance(node, ast.MatchValue):
            found.values.update(integers(node.value, lookup))
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                if key is not None:
                    found.values.update(integers(key, lookup))
        elif isinstance(node, ast.ClassDef):
            if any("Enum" in ast.unparse(base) for base in node.bases):
                for each in node.body:
                    if isinstance(each, ast.Assign):
                        found.values.update(integers(each.value, lookup))
    return found


def integers(node: ast.expr, lookup: Lookup) -> Iterator[int]:
    """The integers that an expression can mean: a literal, a constant, members, a range's ends."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            yield node.value
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for each in node.elts:
            yield from integers(each, lookup)
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("range", "set", "frozenset", "tuple", "list"):
            for each in node.args:
                yield from integers(each, lookup)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        value = lookup(node)
        if value is not None and not isinstance(value, (ast.Name, ast.Attribute)):
            yield from integers(value, lookup)


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "len"


def _asks_clock(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr in CLOCK for each in ast.walk(node))
