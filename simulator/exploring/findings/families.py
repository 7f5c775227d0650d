"""All families of findings.

A family is a module with `KINDS`, what each of its kinds means, and `find`, which yields findings.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import bridges, dead_keys, endings, incidents, no_way_out, prompts, second_calls, silence
from .finding import Evidence, Finding

__all__ = ["KINDS", "findings", "kinds"]

#: In the order of their findings.
FAMILIES = (incidents, no_way_out, silence, dead_keys, endings, bridges, second_calls, prompts)
#: The kinds, and the meaning of each.
KINDS: dict[str, str] = {
    kind: meaning for family in FAMILIES for kind, meaning in family.KINDS.items()
}


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
