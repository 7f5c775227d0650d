"""What goes wrong in a single call: the handler raises, hangs, or goes on after its end."""

from __future__ import annotations

from collections.abc import Iterator

from ..troubles import FORGOTTEN
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "raises": "the handler raises",
    "unknown-application": "an application that FreeSWITCH doesn't have, so that it hangs up",
    "stuck": "the handler waits for something that is not the call",
    "outlives": "the handler goes on after the call has ended",
    "after-hangup": "what the handler does after the hangup fails, or is skipped",
    "swallowed": "the handler catches a Hangup, and goes on as if the call were up",
    "transfer-lost": "the handler transfers the call, and hangs it up all the same",
    "answer": "a caller is never answered, or answered twice",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    seen: set[object] = set()
    kinds = {each.kind for each in evidence.search.incidents}
    for incident in evidence.search.incidents:
        kind = incident.kind
        if kind == FORGOTTEN:
            if "swallowed" in kinds:
                continue  # where the handler goes on, more is to be seen
            kind = "swallowed"
        what = incident.text.partition(":")[0]
        which = (kind, incident.place, what)
        if which in seen:
            continue
        seen.add(which)
        place = incident.place if isinstance(incident.place, Place) else None
        way = incident.way
        if not way.steps or way.steps[-1].verb not in ("hangup", "wait"):
            way = way.then("wait")
        yield Finding(kind, incident.text, place, way, node=incident.node)
