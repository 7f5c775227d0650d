"""What the handler uses of FreeSWITCH that the simulated switch does not model."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "not-modelled": "something in FreeSWITCH that the simulated switch does not model",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each application, api command, variable and option once."""
    seen: set[object] = set()
    for lack in evidence.search.lacks:
        part = lack.part
        if (part.kind, part.name) in seen:
            continue
        seen.add((part.kind, part.name))
        where = f" ({part.where})" if part.where else ""
        text = f"the {part}{where} had no effect: allow it, or model it in a test"
        yield Finding("not-modelled", text, lack.place, lack.way, node=lack.node)
