"""Variables of the channel that the code reads, and that nothing sets."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Fact
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "unset-variable": "a variable is read under another name than the code sets it",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Those whose names are a slip; the others are what somebody else is supposed to set."""
    supposed = []
    for each, place in evidence.source.unset():
        if any(Fact("variables", each.name).among(call) for call in evidence.search.circumstances):
            continue
        if each.meant is None:
            supposed.append(each.name)
            continue
        text = f"nothing sets the variable {each.name} (did you mean {each.meant!r}?)"
        yield Finding("unset-variable", text, place)
    if supposed:
        evidence.remarks.append(f"supposes that something sets {', '.join(supposed)}")
