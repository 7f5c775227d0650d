"""Keys that a handler takes, and that change nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ...scripts.steps import Step
from ..actions import is_valid
from ..attempts import CallEnd
from ..graph import Edge, Node, Way
from ..situations import Situation
from ..source import HandlerSource
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "dead-key": "a key that the handler takes, and that changes nothing",
}
#: Keys that by custom repeat a menu, and so may lead back to it.
REPEATS = "*#"
#: Maximum simulated seconds that a caller listens for the effect of a key.
LISTENS = 60


def find(evidence: Evidence) -> Iterator[Finding]:
    """Keys that change nothing, except at spots that an earlier finding explains."""
    search = evidence.search
    explained = frozenset[str]().union(*(each.spots for each in evidence.found))
    seen: set[object] = set()
    effective: dict[str, set[str]] = {}  # at each spot, the keys with an effect at an earlier visit
    for node in search.nodes:
        situation = node.situation
        if (
            situation.kind == "speech"
            or not situation.asks
            or not node.expanded
            or situation.spot in seen
        ):
            continue
        if node.like is not None:
            continue
        if situation.collects is not None and situation.collects.most > 1:
            continue
        silence = next((edge for edge in node.edges if edge.what == "silence"), None)
        keys = [edge for edge in node.edges if edge.what == "key"]
        if silence is None or not keys:
            continue
        if silence.ends is not None and silence.ends.how == "stuck":
            continue  # whatever the key is, the handler gets no further
        ignored = [edge for edge in keys if _as_silence(edge, silence)]
        back = [edge for edge in keys if _comes_back(edge, node, search.nodes)]
        has = effective.setdefault(situation.spot, set())
        nothing = [
            edge for edge in keys if (edge in ignored or edge in back) and edge.keys not in has
        ]
        has |= {edge.keys for edge in keys if edge not in nothing}
        if len(nothing) == len(keys) > 1:
            if situation.collects is not None and situation.collects.pattern is not None:
                if not any(is_valid(situation.collects, edge.keys) for edge in keys):
                    continue  # no valid key was tried
            seen.add(situation.spot)
            if situation.spot in explained:
                continue
            text = f"no key changes anything at {node.title}"
            yield Finding("dead-key", text, situation.place, _listening(keys[0]), node=node.number)
            continue
        offered = _offered(node, keys, nothing, evidence.source)
        repeats = {*REPEATS}
        if situation.place is not None:
            repeats |= evidence.source.repeats(situation.place.line)
        dead = [
            edge
            for edge in nothing
            if edge.keys in offered and (edge in ignored or edge.keys not in repeats)
        ]
        if dead:
            seen.add(situation.spot)
            names = ", ".join(edge.keys for edge in dead)
            changes = "changes" if len(dead) == 1 else "change"
            text = f"{names} {changes} nothing at {node.title}"
            yield Finding("dead-key", text, situation.place, _listening(dead[0]), node=node.number)


def _listening(edge: Edge) -> Way:
    """The way along an edge, until the caller hears that nothing has changed."""
    return edge.way.then(Step("say_nothing", {"seconds": min(math.ceil(edge.seconds), LISTENS)}))


def _as_silence(edge: Edge, silence: Edge) -> bool:
    """True if the call continues as if the key had not been pressed, and no sooner."""
    same = (edge.target, edge.said, edge.did) == (silence.target, silence.said, silence.did)
    return same and edge.time >= silence.time


def _comes_back(edge: Edge, node: Node, nodes: Sequence[Node]) -> bool:
    """True if the caller is back where they were, and heard nothing else.

    Or at a prompt heard just before, at which the menu begins anew. Tries may have been counted.
    """
    if isinstance(edge.target, CallEnd) or edge.said or len(edge.did) > 1:
        return False
    now = nodes[edge.target].situation
    return any(
        now.spot == before.spot and _but_numbers(now) == _but_numbers(before)
        for before in _just_heard(node, nodes)
    )


def _just_heard(node: Node, nodes: Sequence[Node]) -> Iterator[Situation]:
    """A situation, and those from which silence led there."""
    yield node.situation
    while node.by is not None and node.by.label == "silence" and node.by.source is not None:
        node = nodes[node.by.source]
        yield node.situation
        if node.situation.kind != "prompt":
            return


def _but_numbers(situation: Situation) -> dict[str, str]:
    return {
        name: value
        for name, value in situation.variables.items()
        if not value.startswith("many") and not value.lstrip("-").isdecimal()
    }


def _offered(
    node: Node, keys: Sequence[Edge], nothing: Sequence[Edge], source: HandlerSource
) -> set[str]:
    """The keys that a handler accepts, as far as known."""
    situation = node.situation
    collects = situation.collects
    if collects is not None and collects.pattern is not None:
        return {edge.keys for edge in keys if is_valid(collects, edge.keys)}
    offered = set(situation.handled)
    if situation.place is not None:
        offered |= source.compared(situation.place.line)
    # If most keys lead to the same place, such as "that was wrong", the handler knows the others.
    groups: dict[object, int] = {}
    for edge in keys:
        if edge not in nothing:
            groups[(str(edge.target), edge.said)] = groups.get((str(edge.target), edge.said), 0) + 1
    if groups and max(groups.values()) > len(nothing):
        offered |= {edge.keys for edge in nothing}
    return offered
