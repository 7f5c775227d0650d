"""How a handler leaves its call."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "left-up": "the handler returns, and the call is still up",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    search = evidence.search
    seen: set[object] = set()
    for edge in search.edges:
        end = edge.ends
        if end is None or end.how != "left" or not edge.answered or edge.way.call.get("after"):
            continue
        place = None
        if edge.source is not None:
            places = search.nodes[edge.source].situation.places
            place = places[0] if places else None
        if place in seen:
            continue
        seen.add(place)
        text = "the handler returns and leaves the call up: hang up, or say session.exit()"
        way = edge.way.then("wait")
        yield Finding("left-up", text, place, way, {"given_back": False}, edge.source)
