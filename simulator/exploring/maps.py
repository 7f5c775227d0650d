"""The map of a handler: the graph, reduced to a readable size.

Situations at the same lines with the same prompt are one spot; all edges from one spot to
another are one street.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from eslsync.wire.arguments import KEYS

from .attempts import CallEnd
from .findings.finding import Finding
from .graph import Edge, Node

__all__ = ["Map", "Spot", "Street"]

#: Maximum spots of a map in which every street is drawn; in others, maximum streets to a spot.
SMALL, BUSY = 16, 3
#: Maximum entries in a street's label.
NAMED = 3


@dataclass
class Street:
    """The edges from a spot to another, or to an end."""

    target: int | CallEnd
    label: str
    edges: list[Edge]
    by_itself: bool = False  #: True if silence leads along it
    sometimes: bool = False  #: True if the same actions lead elsewhere, too


@dataclass
class Spot:
    """Situations at the same lines, with the same prompt, whatever came before."""

    number: int
    node: Node  #: the first of them
    nodes: list[Node]
    streets: list[Street] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    time: float = math.inf  #: the minimum seconds to get here

    @property
    def title(self) -> str:
        return self.node.title

    @property
    def in_callback(self) -> bool:
        """True if a callback runs there."""
        return self.node.situation.drawn != self.node.situation.spot


class Map:
    """Spots and streets, and the beginning of the call."""

    def __init__(
        self,
        nodes: Sequence[Node],
        edges: Iterable[Edge],
        findings: Iterable[Finding],
        keys: str = KEYS,
    ) -> None:
        numbers: dict[str, int] = {}
        self._of = {
            node.number: numbers.setdefault(node.situation.drawn, len(numbers) + 1)
            for node in nodes
        }
        self._keys = keys
        self.spots: dict[int, Spot] = {}
        for node in nodes:
            number = self._of[node.number]
            self.spots.setdefault(number, Spot(number, node, [])).nodes.append(node)
        for spot in self.spots.values():
            spot.streets = list(self._streets(spot))
        edges = list(edges)
        self.starts = list(self._grouped(edge for edge in edges if edge.source is None))
        for street in self.starts:
            labels = dict.fromkeys(edge.label for edge in street.edges if edge.label)
            street.label = in_a_row(list(labels), keys)
        for edge in edges:
            if not isinstance(edge.target, CallEnd):
                spot = self.spots[self._of[edge.target]]
                spot.time = min(spot.time, edge.time)
        self._busy: Counter[int] = Counter()
        self._first_to: dict[int, int] = {}  # the spot that first leads to it
        for spot in self.spots.values():
            for street in spot.streets:
                if not isinstance(street.target, CallEnd):
                    self._busy[street.target] += 1
                    self._first_to.setdefault(street.target, spot.number)
        self.others: list[Finding] = []  #: findings without a spot
        for finding in findings:
            if finding.node is None:
                self.others.append(finding)
            else:
                self.spots[self._of[finding.node]].findings.append(finding)

    @property
    def small(self) -> bool:
        return len(self.spots) <= SMALL

    def is_far(self, spot: Spot, street: Street) -> bool:
        """True if the street's target should be named instead of drawn to.

        In a large map, too many streets lead back to the main menu to tell them apart.
        """
        if self.small or isinstance(street.target, CallEnd):
            return False
        if street.target == spot.number or self._first_to.get(street.target) == spot.number:
            return False
        return street.target < spot.number or self._busy[street.target] > BUSY

    def spot_of(self, node: int) -> Spot:
        """The spot of a situation."""
        return self.spots[self._of[node]]

    def _streets(self, spot: Spot) -> Iterator[Street]:
        streets = list(self._grouped(edge for node in spot.nodes for edge in node.edges))
        leads: dict[str, set[int]] = {}
        for place, street in enumerate(streets):
            for edge in street.edges:
                leads.setdefault(edge.label, set()).add(place)
        if spot.in_callback:  # keys with callbacks work everywhere, and are not drawn
            streets = [street for street in streets if not self._listened_to(spot, street)]
        for street in streets:
            single = spot.node.situation.kind == "digit"
            pressed = {edge.label for edge in street.edges}
            labels = list(
                dict.fromkeys(
                    edge.label
                    for edge in street.edges
                    if not (edge.what == "wrong" and edge.label.split()[0] in pressed)
                    and not (single and edge.what == "entry" and edge.label[0] in pressed)
                )
            )
            street.by_itself = "silence" in labels
            street.sometimes = all(len(leads[label]) > 1 for label in labels)
            if street.by_itself and not spot.node.situation.asks:
                told = [e.label for e in street.edges if e.what in ("far end", "silence")]
                labels = [label for label in dict.fromkeys(told) if label != "silence"]
                street.label = in_a_row(labels, self._keys)
            else:
                street.label = in_a_row(labels, self._keys)
            yield street

    def _listened_to(self, spot: Spot, street: Street) -> bool:
        return all(edge.label in spot.node.situation.handled for edge in street.edges)

    def _grouped(self, edges: Iterable[Edge]) -> Iterator[Street]:
        groups: dict[object, Street] = {}
        for edge in edges:
            target = edge.target if isinstance(edge.target, CallEnd) else self._of[edge.target]
            groups.setdefault(target, Street(target, edge.label, [])).edges.append(edge)
        yield from groups.values()


def in_a_row(labels: Sequence[str], keys: str = KEYS) -> str:
    """Labels as one: keys in ranges, and the first of the others."""
    alone = [label for label in labels if "; " not in label]
    labels = _together(alone or labels, keys)
    pressed = [label for label in labels if len(label) == 1 and label in keys]
    others = [
        label for label in labels if label not in pressed and "during the prompt" not in label
    ]
    if "silence" in others:
        others.remove("silence")
        others.append("silence")
    said: list[str] = []
    if pressed and len(pressed) == len(keys) > 1:
        said.append("any key")
    else:
        said += ranges(pressed)
    if len(others) > NAMED + 1:
        last = others[-1:] if others[-1] == "silence" else []
        rest = others[: len(others) - len(last)]
        others = [*rest[:NAMED], *(["…"] if len(rest) > NAMED else []), *last]
    if not said and not others:
        return ", ".join(labels[:1])
    return ", ".join([*said, *others])


def _together(labels: Sequence[str], keys: str) -> list[str]:
    """The keys and other actions of a far end, as one label."""
    joined: dict[str, list[str]] = {}
    for label in labels:
        who, presses, key = label.partition(" presses ")
        joined.setdefault(f"{who} presses" if presses else label, []).append(key)
    said = [
        f"{what} {', '.join(ranges(pressed))}" if any(pressed) else what
        for what, pressed in joined.items()
    ]
    together: dict[str, list[str]] = {}
    for what in said:
        who, blank, does = what.partition(" ")
        far = blank and "/" in who and ";" not in what
        together.setdefault(who if far else what, []).append(does if far else "")
    return [f"{who} {' or '.join(does)}".strip() for who, does in together.items()]


def ranges(keys: Sequence[str]) -> list[str]:
    """Keys in ranges: 0, 1, 2, 3, 5 are 0-3, 5."""
    digits = sorted(int(key) for key in keys if key.isdigit())
    said: list[str] = []
    for _, group in itertools.groupby(enumerate(digits), lambda pair: pair[1] - pair[0]):
        run = [digit for _, digit in group]
        said += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else list(map(str, run))
    return said + [key for key in keys if not key.isdigit()]


# As text


def as_tree(drawn: Map, *, branch: Mapping[str, str] | None = None) -> list[str]:
    """The map as a tree, with each spot once; a street back names its target."""
    signs = branch or {"fork": "├─ ", "last": "└─ ", "line": "│  ", "none": "   ", "back": "↩"}
    seen: set[int] = set()
    lines: list[str] = []

    def named(spot: Spot) -> str:
        return f"[{spot.number}] {spot.title}"

    def put(streets: Sequence[Street], indent: str, since: float) -> None:
        for place, street in enumerate(streets):
            last = place == len(streets) - 1
            sign = signs["last" if last else "fork"]
            label = f"{street.label}{' (sometimes)' if street.sometimes else ''}".strip()
            label = f"{label}: " if label else ""
            below = indent + signs["none" if last else "line"]
            if isinstance(street.target, CallEnd):
                lines.append(f"{indent}{sign}{label}{street.target.text}")
                continue
            spot = drawn.spots[street.target]
            if spot.number in seen:
                lines.append(f"{indent}{sign}{label}{signs['back']} {named(spot)}")
                continue
            seen.add(spot.number)
            lines.append(f"{indent}{sign}{label}{named(spot)}  {spot.time:.1f} s")
            lines.extend(f"{below}! {finding.kind}: {finding.text}" for finding in spot.findings)
            put(spot.streets, below, spot.time)

    put(drawn.starts, "", 0.0)
    return lines
