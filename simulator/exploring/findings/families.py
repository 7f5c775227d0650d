"""All families of findings.

A family is a module with `KINDS`, what each of its kinds means, and `find`, which yields findings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from . import (
    back_ends,
    bridges,
    dead_keys,
    empty_texts,
    endings,
    expected,
    incidents,
    no_way_out,
    overwritten,
    prompts,
    recordings,
    second_calls,
    silence,
    taken_away,
    transfers,
    unmodelled,
    unreached,
    untried,
    variables,
)
from .finding import Evidence, Finding

__all__ = ["INCOMPLETE", "KINDS", "check_kinds", "findings", "kinds", "named"]

#: In the order of their findings.
FAMILIES = (
    incidents,
    no_way_out,
    silence,
    dead_keys,
    empty_texts,
    endings,
    bridges,
    back_ends,
    taken_away,
    recordings,
    second_calls,
    overwritten,
    transfers,
    variables,
    expected,
    prompts,
    unmodelled,
    untried,
    unreached,
)
#: The kinds, and the meaning of each.
KINDS: dict[str, str] = {
    kind: meaning for family in FAMILIES for kind, meaning in family.KINDS.items()
}
#: Those that say what was not tried. Together they are called "incomplete".
INCOMPLETE = frozenset(["not-modelled", *untried.KINDS, *unreached.KINDS, expected.IDLE])


def check_kinds(names: Iterable[str]) -> None:
    """Raise ValueError for a name that is neither a kind nor "incomplete"."""
    for name in names:
        if name not in KINDS and name != "incomplete":
            known = ", ".join([*KINDS, "incomplete"])
            raise ValueError(f"there is no kind of finding {name!r}; there are {known}")


def named(names: Collection[str]) -> frozenset[str]:
    """The kinds with these names; "incomplete" stands for several."""
    return frozenset(names) | (INCOMPLETE if "incomplete" in names else frozenset())


def findings(evidence: Evidence) -> list[Finding]:
    """All problems, each once, in the order of `KINDS`."""
    for family in FAMILIES:
        evidence.found.extend(family.find(evidence))
    order = list(KINDS)
    return sorted(evidence.found, key=lambda each: order.index(each.kind))


def kinds(found: Iterable[Finding]) -> dict[str, int]:
    """The number of findings of each kind."""
    count: dict[str, int] = {}
    for each in found:
        count[each.kind] = count.get(each.kind, 0) + 1
    return count
