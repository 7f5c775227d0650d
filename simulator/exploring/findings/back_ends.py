"""What callers hear while the handler asks something outside, and when nobody answers it."""

from __future__ import annotations

from collections.abc import Iterator

from ..attempts import CallEnd
from ..graph import Edge
from ..search import Search
from .finding import Evidence, Finding
from .no_way_out import STAYS

__all__ = ["KINDS", "find"]

KINDS = {
    "dead-air": "the caller hears nothing while the handler waits for something outside",
    "held": "something outside that never answers holds the caller for ever",
}
#: Seconds of a wait without a sound that no caller takes for a call that is up.
DEAD = 10


def find(evidence: Evidence) -> Iterator[Finding]:
    """For each look-up, what a slow one, one that fails, and one that never returns show."""
    told: set[object] = set()
    for edge in evidence.search.edges:
        if edge.back_end is None:
            continue
        asked, _ = edge.back_end
        finding = _judged(evidence.search, edge)
        place = asked.places[-1:]
        if finding is not None and (place, finding.kind) not in told:
            told |= {(place, finding.kind), (place, "held")}
            yield finding


def _judged(search: Search, edge: Edge) -> Finding | None:
    assert edge.back_end is not None
    asked, how = edge.back_end
    place = asked.places[-1] if asked.places else None
    if how == "is slow" and edge.answered and not isinstance(edge.target, CallEnd):
        node = search.nodes[edge.target]
        waits = next((each.seconds for each in node.edges if each.label == "silence"), DEAD)
        if node.situation.prompt is None and not node.situation.application and waits >= DEAD:
            text = f"the caller hears nothing as long as {asked.name} takes"
            return Finding("dead-air", text, place, edge.way.then("wait"), node=edge.source)
    if how == "fails" and edge.ends is not None and edge.ends.how == "hangup":
        if edge.answered and not edge.said:
            text = f"{asked.name} fails, and the caller is hung up on without a word"
            return Finding("no-word", text, place, edge.way.then("wait"), node=edge.source)
    if how == "never returns" and search.in_silence(edge.way, STAYS).up:
        text = f"{asked.name} never returns, and nothing ends the call: give it a timeout"
        return Finding("held", text, place, edge.way.then("wait"), node=edge.source)
    return None
