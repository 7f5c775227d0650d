"""Parts of a handler that a caller can leave only by hanging up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...scripts.steps import Step
from ..attempts import CallEnd
from ..graph import Node
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "no-exit": "the caller hears prompts, or nothing, for ever, and nothing they do ends it",
    "no-end": "menus from which no way leads to an end",
}
#: Spots of a region that a finding names.
NAMED = 4
#: Simulated seconds that a caller waits for an end that seems never to come.
STAYS = 600


def find(evidence: Evidence) -> Iterator[Finding]:
    """Regions that a caller can enter but only leave by hanging up."""
    search = evidence.search
    seen: set[frozenset[str]] = set()
    ending = _can_end(search.nodes)
    stuck = [node for node in search.nodes if node.number not in ending]
    for region in _sinks(stuck):
        nodes = [search.nodes[number] for number in sorted(region)]
        first = nodes[0]
        way = first.here
        spots = frozenset(node.situation.spot for node in nodes)
        if spots in seen or search.ends_by_itself(way, STAYS):
            continue
        seen.add(spots)
        menus = [node for node in nodes if node.situation.asks]
        names = list(dict.fromkeys(node.title for node in nodes))
        titles = ", ".join(names[:NAMED])
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        kind = "no-end" if menus else "no-exit"
        text = (
            f"no key leads out of {titles}{more}"
            if menus
            else f"{titles}{more}: nothing ends it but the caller's own hangup"
        )
        waits = way.then(Step("wait", {"timeout": STAYS}))
        place = first.situation.place
        yield Finding(kind, text, place, waits, node=first.number, spots=spots)


def _can_end(nodes: Sequence[Node]) -> set[int]:
    """The nodes from which a way leads to an end, or to an untried node."""
    leads: dict[int, set[int]] = {}
    ending: set[int] = set()
    for node in nodes:
        if node.like is not None:
            leads.setdefault(node.like, set()).add(node.number)
        elif not node.edges:
            ending.add(node.number)
        if node.situation.kind == "connected":
            ending.add(node.number)
        if node.situation.far_end is not None:
            ending.add(node.number)
        for edge in node.edges:
            if isinstance(edge.target, CallEnd):
                if edge.target.how != "for ever":
                    ending.add(node.number)
            else:
                leads.setdefault(edge.target, set()).add(node.number)
    waiting = list(ending)
    while waiting:
        for source in leads.get(waiting.pop(), ()):
            if source not in ending:
                ending.add(source)
                waiting.append(source)
    return ending


def _sinks(nodes: Sequence[Node]) -> list[set[int]]:
    """The strongly connected regions of these nodes that no edge leaves."""
    numbers = {node.number for node in nodes}
    goes = {
        node.number: [
            edge.target
            for edge in node.edges
            if not isinstance(edge.target, CallEnd) and edge.target in numbers
        ]
        + ([] if node.like is None else [node.like])
        for node in nodes
    }
    comes: dict[int, list[int]] = {number: [] for number in goes}
    for number, targets in goes.items():
        for target in targets:
            comes[target].append(number)
    region: dict[int, set[int]] = {}
    # Whoever is left last, going backwards, is in a region that leads only to those before.
    for first in reversed(_left(comes)):
        if first in region:
            continue
        members, waiting = {first}, [first]
        while waiting:
            for target in goes[waiting.pop()]:
                if target not in region and target not in members:
                    members.add(target)
                    waiting.append(target)
        region.update(dict.fromkeys(members, members))
    found = {id(region[number]): region[number] for number in goes}
    return [
        members
        for members in found.values()
        if all(target in members for number in members for target in goes[number])
    ]


def _left(goes: Mapping[int, Sequence[int]]) -> list[int]:
    """The nodes of a graph in the order in which a search in depth leaves them."""
    left: list[int] = []
    seen: set[int] = set()
    for first in goes:
        waiting = [] if first in seen else [(first, iter(goes[first]))]
        seen.add(first)
        while waiting:
            number, targets = waiting[-1]
            target = next((each for each in targets if each not in seen), None)
            if target is None:
                left.append(number)
                waiting.pop()
            else:
                seen.add(target)
                waiting.append((target, iter(goes[target])))
    return left
