"""The map of a handler: the graph, reduced to a readable size.

Situations at the same lines with the same prompt are one spot; all edges from one spot to
another are one street.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from eslsync.wire.arguments import KEYS

from ..ladders.rungs import ANY_UUID
from .attempts import CallEnd
from .findings.finding import Finding
from .graph import Edge, Node
from .variants import ANSWERS, RINGS

__all__ = ["Map", "Spot", "Street"]

#: Maximum entries in a street's label.
NAMED = 3
#: Maximum values of a variable, and characters of one, that a street's condition names.
VALUES, LONG = 4, 24


@dataclass
class Street:
    """The edges from a spot to another, or to an end."""

    target: int | CallEnd
    edges: list[Edge]
    labels: list[str]  #: what leads along it, each once
    keys: str  #: all that were tried
    by_itself: bool = False  #: True if silence leads along it
    sometimes: bool = False  #: True if the same actions lead elsewhere, too
    #: What decides in that case, if it can be told: "if user/1000 answers".
    condition: str = ""

    @property
    def label(self) -> str:
        """What leads along it, in a row."""
        return in_a_row(self.labels, self.keys)


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
        self._nodes = nodes
        self.spots: dict[int, Spot] = {}
        for node in nodes:
            number = self._of[node.number]
            self.spots.setdefault(number, Spot(number, node, [])).nodes.append(node)
        for spot in self.spots.values():
            spot.streets = list(self._streets(spot))
        edges = list(edges)
        self.starts = list(self._grouped(edge for edge in edges if edge.source is None))
        for street in self.starts:
            labels = dict.fromkeys(edge.label for edge in street.edges)
            street.labels = [label for label in labels if label]
        for edge in edges:
            if not isinstance(edge.target, CallEnd):
                spot = self.spots[self._of[edge.target]]
                spot.time = min(spot.time, edge.time)
        #: What `record` wrote, and with which arguments.
        self._records = {
            ANY_UUID.sub("…", node.situation.data)
            for node in nodes
            if node.situation.kind == "record"
        }
        self.others: list[Finding] = []  #: findings without a spot
        for finding in findings:
            if finding.node is None:
                self.others.append(finding)
            else:
                self.spots[self._of[finding.node]].findings.append(finding)

    def is_recording(self, prompt: str) -> bool:
        """True if a prompt is what a caller recorded."""
        file = ANY_UUID.sub("…", prompt)
        return any(f"{data} ".startswith(f"{file} ") for data in self._records)

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
                street.sometimes |= not labels and len(leads["silence"]) > 1
            street.labels = labels
        for street in streets:
            if street.sometimes:
                street.condition = self._condition(street, streets)
            yield street

    def _condition(self, street: Street, streets: Sequence[Street]) -> str:
        """What decides that a street is taken, and not another with the same actions."""
        actions = {edge.label for edge in street.edges}
        mine = self._facts(street, actions)
        theirs = [self._facts(each, actions) for each in streets if each is not street]
        others = {
            name: set().union(*(facts.get(name, ()) for facts in theirs))
            for name in {name for facts in theirs for name in facts}
        }
        for name, values in mine.items():
            if None in values or not others.get(name) or values & others[name]:
                continue
            if None not in others[name]:
                return _condition(name, [*filter(None, values)], [*filter(None, others[name])])
        return ""

    def _facts(self, street: Street, actions: Set[str]) -> dict[str, set[str | None]]:
        """What far ends did, and the variables, when a street was taken; None if not known."""
        found = [self._facts_of(edge) for edge in street.edges if edge.label in actions]
        names = dict.fromkeys(name for facts in found for name in facts)
        return {name: {facts.get(name) for facts in found} for name in names}

    def _facts_of(self, edge: Edge) -> dict[str, str]:
        facts: dict[str, str] = {}
        node = None if edge.source is None else self._nodes[edge.source]
        variables = {} if node is None else node.situation.variables
        before: Edge | None = edge
        while before is not None:
            if before.far_end is not None:
                where, does = before.far_end
                facts.setdefault(f"{where} ", does)
            before = None if before.source is None else self._nodes[before.source].by
        for name, value in variables.items():
            if len(value) <= LONG:
                facts[f"{name.rpartition('.')[2]} = "] = value
        return facts

    def _listened_to(self, spot: Spot, street: Street) -> bool:
        return all(edge.label in spot.node.situation.handled for edge in street.edges)

    def _grouped(self, edges: Iterable[Edge]) -> Iterator[Street]:
        groups: dict[object, Street] = {}
        for edge in edges:
            target = edge.target if isinstance(edge.target, CallEnd) else self._of[edge.target]
            groups.setdefault(target, Street(target, [], [], self._keys)).edges.append(edge)
        yield from groups.values()


def _condition(fact: str, values: Sequence[str], others: Sequence[str]) -> str:
    """A fact that decides, in words; a variable named ``_`` only counts."""
    counts = [each for each in values if each.isdecimal()]
    rest = [each for each in values if each not in counts]
    if fact != "_ = ":
        said = [*ranges(counts), *sorted(rest)]
        return f"if {fact}{in_words(said)}" if len(said) <= VALUES else ""
    every = sorted({int(each) for each in {*values, *others} if each.isdecimal()})
    times = [ordinal(every.index(int(each)) + 1) for each in sorted(counts, key=int)]
    return f"the {in_words(times)} time" if len(times) <= VALUES and not rest else ""


def in_a_row(labels: Sequence[str], keys: str = KEYS) -> str:
    """Labels as one: keys in ranges, and the first of the others."""
    pressed, others = parted(labels, keys)
    said: list[str] = []
    if pressed and len(pressed) == len(keys) > 1:
        said.append("any key")
    else:
        said += ranges(pressed)
    if not said and not others:
        return ", ".join(labels[:1])
    return ", ".join([*said, *others])


def parted(labels: Sequence[str], keys: str) -> tuple[list[str], list[str]]:
    """Single keys, and the first of the other labels."""
    alone = [label for label in labels if "; " not in label]
    labels = _together(alone, keys) if alone else _with_what_follows(labels, keys)
    pressed = [label for label in labels if len(label) == 1 and label in keys]
    others = [
        label for label in labels if label not in pressed and "during the prompt" not in label
    ]
    if "silence" in others:
        others.remove("silence")
        others.append("silence")
    if len(others) > NAMED + 1:
        last = others[-1:] if others[-1] == "silence" else []
        rest = others[: len(others) - len(last)]
        others = [*rest[:NAMED], *(["…"] if len(rest) > NAMED else []), *last]
    return pressed, others


def _with_what_follows(labels: Sequence[str], keys: str) -> list[str]:
    """Labels of actions upon which far ends do something: "2; user/1000 answers"."""
    follows: dict[str, list[str]] = {}
    for label in labels:
        action, _, then = label.partition("; ")
        follows.setdefault(action, []).append(then.replace("; ", " and "))
    joined: dict[str, list[str]] = {}
    for action, thens in follows.items():
        joined.setdefault(" or ".join(_together(thens, keys)), []).append(action)
    return [
        f"{', '.join(_compact(actions, keys))} and {then}" if then else ", ".join(actions)
        for then, actions in joined.items()
    ]


def _compact(labels: Sequence[str], keys: str) -> list[str]:
    pressed = [label for label in labels if len(label) == 1 and label in keys]
    return ranges(pressed) + [label for label in labels if label not in pressed]


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
    return [f"{who} {in_words(does)}" if any(does) else who for who, does in together.items()]


def ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number // 10 % 10 == 1 else ends.get(number % 10, 'th')}"


def in_words(values: Sequence[str]) -> str:
    """What a far end does, or a variable is, in any of several calls."""
    does = list(values)
    if set(RINGS) <= set(does):  # as if only that it rings mattered
        does = ["rings", *(each for each in does if each not in RINGS)]
    elif ANSWERS in does:
        does = [each for each in does if not each.startswith(f"{ANSWERS} and ")]
    return " or ".join(does)


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
            depends = f" ({street.condition or 'sometimes'})" if street.sometimes else ""
            label = f"{street.label}{depends}".strip()
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
