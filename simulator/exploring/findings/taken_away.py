"""Callers whom the far end of a bridge transfers: the handler no longer serves them."""

from __future__ import annotations

from collections.abc import Iterator

from ...scripts.steps import Step
from ..graph import Edge, Way
from ..search import Search
from ..variants import ANSWERS
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

#: Seconds after its answer when the far end's phone transfers the caller, and where to.
TRANSFERS = {"after": 5, "to": "elsewhere"}
#: Simulated seconds that the caller stays: longer than phones are left to ring.
STAYS = 240

KINDS = {
    "taken-away": "somebody else transfers the caller, and the handler goes on with the call",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each far end that takes the call once; it then sends the caller elsewhere."""
    search = evidence.search
    ways = list(_ways(search))
    search.foresee((way, STAYS) for way, _ in ways)
    told: set[object] = set()
    for way, edge in ways:
        for trouble in search.in_silence(way, STAYS).troubles:
            if trouble.kind in KINDS and trouble.place not in told:
                told.add(trouble.place)
                shown = Way(way.call, (*way.steps, Step("wait")))
                yield Finding("taken-away", trouble.text, trouble.place, shown, node=edge.source)


def _ways(search: Search) -> Iterator[tuple[Way, Edge]]:
    """The way of each far end that takes the call, which transfers the caller there."""
    tried: set[object] = set()
    for edge in search.edges:
        where, words = edge.far_end or ("", "")
        which = (where, edge.source)
        if words != ANSWERS or which in tried:
            continue
        tried.add(which)
        endpoints = dict(edge.way.call.get("endpoints", {}))
        behaviour = {**endpoints[where], "transfers": TRANSFERS}
        behaviour.pop("hangs_up_after", None)
        call = {**edge.way.call, "endpoints": {**endpoints, where: behaviour}}
        yield Way(call, edge.way.steps), edge
