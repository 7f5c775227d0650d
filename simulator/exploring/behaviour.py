"""What callers can do, and what they then hear, without the code: the map that is saved.

Situations are told apart by their lines and variables (see `situations`), which another version of
the code doesn't have. Here two of them are the same if callers can't tell them apart: they hear
the same there, and whatever they do, the same happens, and leads to situations that are the same
in turn (a bisimulation). What is left is numbered from the beginning of the call on, so that the
same behaviour is always written in the same way.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from eslsync.wire.arguments import KEYS
from eslsync.wire.declared import declared

from ..ladders.rungs import ANY_UUID
from .attempts import CallEnd
from .findings.finding import Finding
from .graph import Edge, Node
from .situations import Situation
from .stories import Happening, HappeningKind

__all__ = [
    "Behaviour",
    "Point",
    "Remark",
    "Turn",
    "TurnKind",
    "behaviour_of",
    "classes",
    "without_code",
]

#: What callers do: press a key; one that nothing listens for, which stands for all others; enter
#: several; press a key during the prompt; enter something wrong at every try; nothing; or the same
#: under other circumstances (a far end's, the time, the caller).
TurnKind = Literal["key", "other", "entry", "early", "wrong", "silence", "circumstance"]
#: The order in which they are written.
ORDER: Sequence[TurnKind] = ("silence", "key", "other", "entry", "early", "wrong", "circumstance")
#: Applications of which the caller notices something else, or nothing.
UNTOLD = frozenset(["answer", "break", "hangup", "park"])
#: What happens to a call, in words; what is not here is in words already.
OURS = "is hung up"
WORDS: Mapping[HappeningKind, str] = {
    "answered": "is answered", "bridged": "is bridged to", "transferred": "is sent to",
    "recording": "a recording begins", "recorded": "the recording ends", "hung up by us": OURS,
    "given back": "is given back", "ended": "is ended by others",
}  # fmt: skip
#: What a text of a finding says of the code.
CODE = re.compile(r"(, )?\blines? \d+(-\d+)?|[^\s(]+\.py:\d+( in \w+)?")


@dataclass(frozen=True)
class Turn:
    """What a caller does at a point, what they notice of it, and where it leads."""

    does: str
    kind: TurnKind
    notices: tuple[str, ...]  #: what happens on the way, in words
    to: int | None  #: the number of the point; None if the call ends
    end: str = ""  #: how the call ends
    seconds: float = 0.0  #: how long it takes
    far_end: str = ""  #: the one that ``does`` names

    @property
    def outcome(self) -> Hashable:
        """What it comes to, whatever the caller did, and however long it took."""
        return self.notices, self.to, self.end


@dataclass(frozen=True)
class Point:
    """A point of a call at which its caller, or a far end, hears something or is waited for."""

    what: str  #: what is heard, or done, there
    turns: tuple[Turn, ...] = ()
    whole: bool = True  #: False if not everything was tried there


@dataclass(frozen=True)
class Remark:
    """A finding, without the code."""

    kind: str
    text: str
    at: int | None  #: the number of its point


@dataclass(frozen=True)
class Behaviour:
    """The points of all calls, numbered from the beginning on, the nearest first."""

    starts: tuple[Turn, ...]  #: how calls begin
    points: tuple[Point, ...]
    remarks: tuple[Remark, ...] = ()
    #: What was tried, by the option: maps that differ there can't be compared.
    tried: tuple[tuple[str, Any], ...] = ()


# From an exploration


def behaviour_of(
    nodes: Sequence[Node],
    edges: Iterable[Edge],
    repeats: Iterable[Edge],
    findings: Iterable[Finding],
    tried: Mapping[str, Any],
) -> tuple[Behaviour, dict[int, int]]:
    """What an exploration has seen; and, for each point, the number of a node that is there.

    ``repeats`` are more edges: those that the nodes don't have.
    """
    more: dict[int | None, list[Edge]] = {}
    for edge in repeats:
        more.setdefault(edge.source, []).append(edge)
    points = [_point(node, nodes, more.get(node.number, ())) for node in nodes]
    beginnings = sorted({node.root for node in nodes})
    starts = tuple(
        _turn(edge, None, nodes, "" if len(beginnings) < 2 else _circumstances(edge.way.call))
        for edge in (*edges, *more.get(None, ()))
        if edge.source is None
    )
    group = classes(points)
    chosen: dict[int, int] = {}  # for each group the first node, one with everything tried
    for number, point in enumerate(points):
        kept = chosen.setdefault(group[number], number)
        if point.whole and not points[kept].whole:
            chosen[group[number]] = number
    numbers, first = _numbered(starts, points, group, chosen)
    remarks = {
        _remark(each, None if each.node is None else numbers.get(group[each.node])): None
        for each in findings
    }
    return (
        Behaviour(
            _written(starts, points, group, numbers),
            tuple(
                replace(points[node], turns=_written(points[node].turns, points, group, numbers))
                for node in first
            ),
            tuple(remarks),
            tuple(sorted(tried.items())),
        ),
        dict(enumerate(first)),
    )


def _point(node: Node, nodes: Sequence[Node], more: Iterable[Edge]) -> Point:
    edges = node.edges if node.like is None else list(_completed(node, nodes[node.like], nodes))
    few = not node.expanded if node.like is None else node.expanded and len(edges) > 0
    turns = tuple(_turn(edge, node, nodes) for edge in (*edges, *more))
    whole = not few or (node.like is not None and _tried(edges) >= _tried(nodes[node.like].edges))
    return Point(_what(node.situation), tuple(dict.fromkeys(turns)), whole)


def _tried(edges: Iterable[Edge]) -> set[str]:
    return {edge.label for edge in edges if not _is_circumstance(edge)}


def _completed(node: Node, like: Node, nodes: Sequence[Node]) -> Iterator[Edge]:
    """Its edges, and those that it would have: it behaves as another one, of which all are known.

    There, several actions have the same outcome, and one of these was tried here.
    """
    if not node.edges:
        yield from like.edges
        return
    yield from node.edges

    def outcome(edge: Edge) -> object:
        if isinstance(edge.target, CallEnd):
            return edge.target, edge.said
        return nodes[edge.target].situation.spot, edge.said

    own = {edge.label: edge for edge in node.edges}
    known = {outcome(edge): own[edge.label] for edge in like.edges if edge.label in own}
    for edge in like.edges:
        if edge.label not in own and outcome(edge) in known and not _is_circumstance(edge):
            same = known[outcome(edge)]
            yield replace(
                same, label=edge.label, what=edge.what, keys=edge.keys, seconds=edge.seconds
            )


def _what(situation: Situation) -> str:
    """What is heard or done there, as the switch is told; not where in the code that is."""
    data = ANY_UUID.sub("…", situation.data)
    if situation.kind == "connected":
        return f"{situation.application} {data}".strip()
    if situation.far_end is not None:
        if situation.kind == "digit":
            return f"{situation.far_end} is asked for a key"
        return f"{situation.far_end} hears {data}" if data else f"waits for {situation.far_end}"
    if situation.kind == "record":
        return f"record {data}"
    if situation.kind == "digit":
        return "a wait for a key"
    if situation.kind == "speech" and situation.prompt is None:
        return "a wait for words"
    if situation.prompt is not None:
        prompt = ANY_UUID.sub("…", situation.prompt)
        return f"{situation.method} to {prompt}" if situation.background else prompt
    return situation.application or situation.method or "a wait"


def _is_circumstance(edge: Edge) -> bool:
    plain = edge.what == "silence" and edge.label in ("silence", "")
    return not plain and (edge.what in ("silence", "far end") or "; " in edge.label)


def _turn(edge: Edge, source: Node | None, nodes: Sequence[Node], does: str = "") -> Turn:
    kind: TurnKind = "circumstance"
    if edge.what != "far end" and not _is_circumstance(edge):
        kind = "entry" if edge.what == "hangup" else edge.what
    label = edge.label or does
    listens = None if source is None else source.situation.listens
    if kind == "key" and edge.label == edge.keys and source is not None:
        if source.situation.kind not in ("digits", "digit", "record"):
            if listens is not None and edge.keys not in listens:
                kind = "other"
    far = edge.far_end[0] if edge.far_end is not None else ""
    if edge.what == "far end" and source is not None:
        far = source.situation.far_end or ""
    notices = list(_noticed(edge, source))
    if isinstance(edge.target, CallEnd):
        if notices[-1:] == [OURS] and edge.target.how == "hangup":
            notices.pop()
        return Turn(label, kind, tuple(notices), None, edge.target.text, edge.seconds, far)
    if notices[-1:] == [f"hears {_what(nodes[edge.target].situation)}"]:
        notices.pop()
    return Turn(label, kind, tuple(notices), edge.target, "", edge.seconds, far)


def _noticed(edge: Edge, source: Node | None) -> Iterator[str]:
    """What happens from the point on until the next one, in words."""
    story = edge.story + edge.then
    before = source.by.then if source is not None and source.by is not None else ()
    if story[: len(before)] == before:
        story = story[len(before) :]
    for happening in story:
        if happening.what not in ("presses", "enters"):
            yield _in_words(happening)
    for application in edge.did:
        what = declared(application)
        told = what.plays or what.collects or what.records or what.joins or what.sends
        if not told and application not in UNTOLD:
            yield f"runs {application}"


def _in_words(happening: Happening) -> str:
    name = ANY_UUID.sub("…", happening.name)
    return f"{WORDS.get(happening.what, happening.what)} {name}".strip()


def _circumstances(call: Mapping[str, Any]) -> str:
    """The way to call, in words: what a script's ``call`` section says in one word each."""
    said = [f"{name} {call[name]}" for name in ("caller", "destination", "start") if name in call]
    return ", ".join(said) or "anybody"


def _remark(finding: Finding, at: int | None) -> Remark:
    return Remark(finding.kind, without_code(finding.text), at)


def without_code(text: str) -> str:
    """A finding's text without the lines and uuids in it, which another version changes."""
    return CODE.sub("", ANY_UUID.sub("…", text)).strip()


# Points that are the same


def classes(points: Sequence[Point]) -> list[int]:
    """For each point the number of its class: points that callers can't tell apart."""
    group = _numbers(point.what for point in points)
    count = len(set(group))
    while True:
        group = _numbers(
            (group[number], frozenset(_signature(turn, group) for turn in point.turns), point.whole)
            for number, point in enumerate(points)
        )
        if len(set(group)) == count:
            return group
        count = len(set(group))


def _signature(turn: Turn, group: Sequence[int]) -> Hashable:
    to = None if turn.to is None else group[turn.to]
    return turn.does, turn.kind, turn.notices, to, turn.end, round(turn.seconds)


def _numbers(values: Iterable[Hashable]) -> list[int]:
    """Equal numbers for equal values."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(value, len(known)) for value in values]


def _sorting(turn: Turn, points: Sequence[Point]) -> tuple[object, ...]:
    key = KEYS.find(turn.does) if len(turn.does) == 1 else len(KEYS)
    what = "" if turn.to is None else points[turn.to].what
    return ORDER.index(turn.kind), key, turn.does, what, turn.end, turn.notices, round(turn.seconds)


def _numbered(
    starts: Iterable[Turn],
    points: Sequence[Point],
    group: Sequence[int],
    chosen: Mapping[int, int],
) -> tuple[dict[int, int], list[int]]:
    """The numbers of the classes, as callers get there; and for each number a point."""
    numbers: dict[int, int] = {}
    first: list[int] = []
    waiting = deque([starts])
    while waiting:
        for turn in sorted(waiting.popleft(), key=lambda each: _sorting(each, points)):
            if turn.to is not None and group[turn.to] not in numbers:
                numbers[group[turn.to]] = len(numbers)
                node = chosen[group[turn.to]]
                first.append(node)
                waiting.append(points[node].turns)
    return numbers, first


def _written(
    turns: Iterable[Turn], points: Sequence[Point], group: Sequence[int], numbers: Mapping[int, int]
) -> tuple[Turn, ...]:
    """The turns, in order and each once, with the numbers of the points that they lead to."""
    found: dict[Hashable, Turn] = {}
    for turn in sorted(turns, key=lambda each: _sorting(each, points)):
        to = None if turn.to is None else numbers[group[turn.to]]
        put = replace(turn, to=to, seconds=round(turn.seconds, 1))
        found.setdefault((put.does, put.kind, put.outcome, round(turn.seconds)), put)
    return tuple(found.values())
