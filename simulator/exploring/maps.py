"""The map of a handler: what was found, made small enough to be looked at.

Situations that behave the same are one node, and what leads the same way is one edge.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .actions import ALL_KEYS
from .attempts import End
from .findings import Finding
from .graph import Edge, Node, pattern_of

__all__ = ["Map", "Spot", "Street"]

#: Entries that an edge names.
NAMED = 3


@dataclass
class Street:
    """What leads from a spot to another, or to an end."""

    target: int | End
    label: str
    edges: list[Edge]
    #: what happens when the caller does nothing
    by_itself: bool = False


@dataclass
class Spot:
    """Situations that behave the same."""

    number: int
    node: Node  #: the first of them
    nodes: list[Node]
    streets: list[Street] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.node.title

    @property
    def time(self) -> float:
        """Seconds in which a caller can be here."""
        return min(node.situation.time for node in self.nodes)


class Map:
    """Spots and streets; and where the call begins."""

    def __init__(
        self,
        nodes: Sequence[Node],
        starts: Iterable[Edge],
        findings: Iterable[Finding],
        keys: str = ALL_KEYS,
    ) -> None:
        classes = pattern_of(nodes)
        self.numbers = {
            first: number for number, first in enumerate(dict.fromkeys(classes.values()), 1)
        }
        self.spots: dict[int, Spot] = {}
        for node in nodes:
            number = self.numbers[classes[node.number]]
            spot = self.spots.setdefault(number, Spot(number, node, []))
            spot.nodes.append(node)
        self._keys = keys
        self._of = {number: self.numbers[first] for number, first in classes.items()}
        for spot in self.spots.values():
            spot.streets = list(self._streets(spot.node))
        self.starts = list(self._grouped(starts))
        self.others: list[Finding] = []  #: findings that are about no spot
        for finding in findings:
            if finding.node is None:
                self.others.append(finding)
            else:
                self.spots[self._of[finding.node]].findings.append(finding)

    def _streets(self, node: Node) -> Iterator[Street]:
        asks = node.situation.asks
        for street in self._grouped(node.edges):
            labels = [edge.label for edge in street.edges if edge.label != "silence"]
            silent = any(edge.label == "silence" for edge in street.edges)
            street.by_itself = silent
            if silent and not asks:
                told = [e.label for e in street.edges if e.what in ("far end", "silence")]
                street.label = in_a_row([e for e in told if e != "silence"], self._keys)
            else:
                street.label = in_a_row([*labels, *(["silence"] if silent else [])], self._keys)
            yield street

    def _grouped(self, edges: Iterable[Edge]) -> Iterator[Street]:
        groups: dict[object, Street] = {}
        for edge in edges:
            target = edge.target if isinstance(edge.target, End) else self._of[edge.target]
            street = groups.setdefault(target, Street(target, "", []))
            street.edges.append(edge)
            if not street.label:
                street.label = edge.label
        yield from groups.values()

    def leads(self, finding: Finding) -> Spot | None:
        return None if finding.node is None else self.spots[self._of[finding.node]]


def in_a_row(labels: Sequence[str], keys: str = ALL_KEYS) -> str:
    """Labels as one: keys in ranges, and of others the first."""
    labels = _together(labels, keys)
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
    """What somebody else presses, as one label."""
    joined: dict[str, list[str]] = {}
    for label in labels:
        who, presses, key = label.partition(" presses ")
        joined.setdefault(who if presses else label, []).append(key)
    return [
        f"{who} presses {', '.join(ranges(pressed))}" if any(pressed) else who
        for who, pressed in joined.items()
    ]


def ranges(keys: Sequence[str]) -> list[str]:
    """0, 1, 2, 3, 5 as 0-3, 5."""
    digits = sorted(int(key) for key in keys if key.isdigit())
    said: list[str] = []
    for _, group in itertools.groupby(enumerate(digits), lambda pair: pair[1] - pair[0]):
        run = [digit for _, digit in group]
        said += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else list(map(str, run))
    return said + [key for key in keys if not key.isdigit()]


# As text


def as_tree(drawn: Map, *, branch: Mapping[str, str] | None = None) -> list[str]:
    """The map as a tree, each spot once; a way back names the spot it leads to."""
    signs = branch or {"fork": "├─ ", "last": "└─ ", "line": "│  ", "none": "   ", "back": "↩"}
    seen: set[int] = set()
    lines: list[str] = []

    def named(spot: Spot) -> str:
        return f"[{spot.number}] {spot.title}"

    def put(streets: Sequence[Street], indent: str, since: float) -> None:
        for place, street in enumerate(streets):
            last = place == len(streets) - 1
            sign = signs["last" if last else "fork"]
            label = f"{street.label}: " if street.label else ""
            below = indent + signs["none" if last else "line"]
            if isinstance(street.target, End):
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
