"""What the handler asks for that has no effect: not modelled, or refused by FreeSWITCH."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.evidence import Basis
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "not-modelled": "something in FreeSWITCH that the simulated switch does not model",
    "refused": "something that FreeSWITCH refuses with no more than a line in its log",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each of them once."""
    seen: set[object] = set()
    for lack in evidence.search.lacks:
        part = lack.part
        if (part.kind, part.name) in seen:
            continue
        seen.add((part.kind, part.name))
        if part.basis is Basis.REFUSED:
            yield Finding("refused", part.lack, lack.place, lack.way, node=lack.node)
            continue
        where = f" ({part.where})" if part.where else ""
        text = f"the {part}{where} had no effect: allow it, or model it in a test"
        yield Finding("not-modelled", text, lack.place, lack.way, node=lack.node)
