"""A caller who does nothing, and whom nobody ever lets go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eslsync.wire.declared import declared

from ...scripts.steps import Step
from ..graph import Node
from ..search import Search
from .finding import Evidence, Finding
from .no_way_out import STAYS

__all__ = ["KINDS", "find"]

KINDS = {
    "silence": "a caller who does nothing never comes to an end, or waits for long, and for nobody",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each round of silence, except at spots that an earlier finding explains."""
    search = evidence.search
    seen = set[str]().union(*(each.spots for each in evidence.found))
    rounds = [
        [search.nodes[number] for number in sorted(cycle)] for cycle in search.silent_rounds()
    ]
    for nodes in [*rounds, *([node] for node in search.nodes if node.waits_for_ever)]:
        spots = {node.situation.spot for node in nodes}
        if spots & seen or any(map(_is_with_others, nodes)):
            continue
        if _looks_for_somebody(search, nodes) or search.ends_by_itself(nodes[0].here, STAYS):
            continue
        seen |= spots
        asks = [node for node in nodes if node.situation.asks]
        place = (asks or nodes)[0].situation.place
        titles = ", ".join(dict.fromkeys(node.title for node in asks or nodes))
        text = f"nothing ends the call of a caller who does nothing at {titles}"
        way = nodes[0].here.then(Step("wait", {"timeout": STAYS}))
        yield Finding("silence", text, place, way, node=nodes[0].number)
    for edge in search.edges:
        if edge.source is None or edge.what != "silence" or edge.seconds <= STAYS:
            continue
        node = search.nodes[edge.source]
        situation = node.situation
        if situation.spot in seen or not situation.asks or _is_with_others(node):
            continue
        seen.add(situation.spot)
        does = "says" if situation.kind == "speech" else "presses"
        text = f"a caller who {does} nothing at {node.title} waits for {edge.seconds:.0f} s"
        waits = node.here.then(Step("wait", {"timeout": STAYS}))
        yield Finding("silence", text, situation.place, waits, node=node.number)


def _is_with_others(node: Node) -> bool:
    """True if somebody else decides how long this lasts."""
    return node.situation.kind == "connected" or node.situation.far_end is not None


def _looks_for_somebody(search: Search, nodes: Sequence[Node]) -> bool:
    """True if the handler calls a far end again and again meanwhile, as a queue does."""
    began = [search.in_silence(nodes[0].here, seconds) for seconds in (0, STAYS)]
    return any(declared(name).joins for name in began[1].did) or (
        began[1].dialled > began[0].dialled
    )
