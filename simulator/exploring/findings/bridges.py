"""What callers hear after a bridge, and whether it depends on who took the call."""

from __future__ import annotations

from collections.abc import Iterator

from ...scripts.steps import Step
from ..attempts import AttemptOutcome
from ..graph import Edge, Way
from ..search import Search
from ..variants import ANSWERS
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

#: Simulated seconds that a caller stays: longer than phones are left to ring, one after the other.
STAYS = 240

KINDS = {
    "no-word": "nobody takes the call, and the caller is hung up on without a word",
    "bridge-ignored": "the caller hears the same whether somebody took the call or not",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each far end once, in the calls of a caller who does nothing from there on."""
    search = evidence.search
    if not search.bridged:
        return  # far ends were called otherwise, and what follows tells nothing
    varied: dict[object, list[Edge]] = {}
    for edge in search.edges:
        if edge.far_end is not None:
            where, _ = edge.far_end
            varied.setdefault((where, edge.source, edge.what, edge.keys), []).append(edge)
    search.foresee(
        (edge.way, STAYS) for edges in varied.values() for edge in edges if _comes_to_an_end(edge)
    )
    told: set[object] = set()
    for edges in varied.values():
        for finding in _judged(search, edges):
            which = (finding.kind, finding.place)
            if which not in told:
                told.add(which)
                yield finding


def _judged(search: Search, edges: list[Edge]) -> Iterator[Finding]:
    taken: AttemptOutcome | None = None
    failed: list[tuple[Edge, AttemptOutcome]] = []
    for edge in edges:
        if not _comes_to_an_end(edge):
            continue
        outcome = search.in_silence(edge.way, STAYS)
        if not outcome.bridges or outcome.astray:
            continue
        if edge.far_end is not None and edge.far_end[1] == ANSWERS:
            taken = outcome if outcome.bridges[-1].answered else None
        elif not any(each.answered for each in outcome.bridges):
            failed.append((edge, outcome))
    for edge, outcome in failed:
        last, place = outcome.bridges[-1], outcome.bridges[-1].place
        ended = outcome.ended
        if last.up and not last.heard and ended is not None and ended.how == "hangup":
            where, words = edge.far_end or ("", "")
            text = f"{where} {words}, and the caller is hung up on without a word"
            way = edge.way.then("wait")
            yield Finding("no-word", text, place, way, node=edge.source)
            return
    if taken is None or not failed:
        return
    heard = taken.bridges[-1].heard
    for edge, outcome in failed if heard else ():
        if outcome.bridges[-1].heard == heard and outcome.ended == taken.ended:
            place = outcome.bridges[-1].place
            where, words = edge.far_end or ("", "")
            text = (
                f"the caller hears {', '.join(heard)} whether {where} has taken the call or {words}"
            )
            way = Way(edge.way.call, (*edge.way.steps, Step("wait")))
            yield Finding("bridge-ignored", text, place, way, node=edge.source)
            return


def _comes_to_an_end(edge: Edge) -> bool:
    return edge.ends is None or edge.ends.how != "for ever"
