"""Transfers to extensions that the dialplan doesn't have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .finding import Evidence, Finding

__all__ = ["KINDS", "find", "known_extensions"]

KINDS = {
    "no-extension": "a transfer to an extension that isn't in the dialplan",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each such extension once; none if nobody said which there are."""
    known = known_extensions(evidence)
    for extension, (way, place) in evidence.search.transfers.items():
        if known and not any(re.fullmatch(each, extension) for each in known):
            text = f"the call is transferred to {extension}, which isn't in the dialplan"
            yield Finding("no-extension", text, place, way.then("wait"))


def known_extensions(evidence: Evidence) -> list[str]:
    """The extensions that the user has named, and those that circumstances define."""
    defined = (each.get("extensions", {}) for each in evidence.search.circumstances)
    return [*evidence.extensions, *(number for each in defined for number in each)]
