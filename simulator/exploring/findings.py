"""The problems of a handler that an exploration shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from ..calling.call import without_suffix
from ..scripts.steps import Step
from .actions import is_valid
from .attempts import CallEnd
from .graph import Edge, Node, Way
from .search import Search
from .situations import Situation
from .source import HandlerSource
from .whereabouts import Place

__all__ = ["KINDS", "Finding", "findings"]

#: The kinds, and the meaning of each.
KINDS: dict[str, str] = {
    "raises": "the handler raises",
    "stuck": "the handler waits for something that is not the call",
    "outlives": "the handler goes on after the call has ended",
    "after-hangup": "what the handler does after the hangup fails",
    "no-exit": "the caller hears prompts, or nothing, for ever, and nothing he does ends it",
    "no-end": "menus from which no way leads to an end",
    "dead-key": "a key that the handler takes, and that changes nothing",
    "left-up": "the handler returns, and the call is still up",
    "unplayed": "a prompt that the code names is never played",
    "missing-file": "a sound file that is not there",
}
#: Keys that by custom repeat a menu, and so may lead back to it.
REPEATS = "*#"
#: Maximum simulated seconds that a caller listens for the effect of a key.
LISTENS = 60
#: Spots of a region that a finding names.
NAMED = 4
#: Simulated seconds that a caller waits for an end that seems never to come.
STAYS = 600


@dataclass(frozen=True, eq=False)
class Finding:
    """A problem, and the shortest way to see it."""

    kind: str
    text: str
    place: Place | None = None
    #: A caller's actions that show it; None if no caller can.
    way: Way | None = None
    #: The expectation (a script's ``expect``) that fails at the end of the way.
    expect: Mapping[str, object] = field(default_factory=dict)
    node: int | None = None  #: the situation it is about

    def __str__(self) -> str:
        where = "" if self.place is None else f" ({self.place})"
        return f"{self.kind}: {self.text}{where}"


def findings(search: Search, source: HandlerSource, sounds: Path | None) -> list[Finding]:
    """All problems, each once, in the order of `KINDS`."""
    traps = dict(_traps(search))
    found = [
        *_incidents(search),
        *traps,
        *_dead_keys(search, source, frozenset().union(*traps.values())),
        *_left_up(search),
    ]
    if search.complete and not search.cut:
        found += _unplayed(search, source, sounds)
    if sounds is not None:
        found += _missing(search, sounds)
    order = list(KINDS)
    return sorted(found, key=lambda each: order.index(each.kind))


def _incidents(search: Search) -> Iterator[Finding]:
    seen: set[object] = set()
    for incident in search.incidents:
        what = incident.text.partition(":")[0]
        which = (incident.kind, incident.place, what)
        if which in seen:
            continue
        seen.add(which)
        place = incident.place if isinstance(incident.place, Place) else None
        way = incident.way
        if not way.steps or way.steps[-1].verb not in ("hangup", "wait"):
            way = way.then("wait")
        yield Finding(incident.kind, incident.text, place, way, node=incident.node)


# No way out


def _traps(search: Search) -> Iterator[tuple[Finding, frozenset[str]]]:
    """Regions that a caller can enter but only leave by hanging up, with their spots."""
    seen: set[frozenset[str]] = set()
    ending = _can_end(search.nodes)
    stuck = [node for node in search.nodes if node.number not in ending]
    for region in _sinks(stuck):
        nodes = [node for node in stuck if node.number in region]
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
        yield Finding(kind, text, first.situation.place, waits, node=first.number), spots


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
    reach: dict[int, set[int]] = {}
    for number in goes:
        seen, waiting = {number}, [number]
        while waiting:
            for target in goes[waiting.pop()]:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        reach[number] = seen
    sinks: list[set[int]] = []
    for number, seen in reach.items():
        if all(number in reach[other] for other in seen) and seen not in sinks:
            sinks.append(seen)
    return sinks


# Keys


def _dead_keys(search: Search, source: HandlerSource, trapped: Set[str]) -> Iterator[Finding]:
    """Keys that change nothing, except in traps, which have other findings."""
    seen: set[object] = set()
    for node in search.nodes:
        situation = node.situation
        if not situation.asks or not node.expanded or situation.spot in seen:
            continue
        if node.like is not None:
            continue
        if situation.collects is not None and situation.collects.most > 1:
            continue
        silence = next((edge for edge in node.edges if edge.what == "silence"), None)
        keys = [edge for edge in node.edges if edge.what == "key"]
        if silence is None or not keys:
            continue
        ignored = [edge for edge in keys if _as_silence(edge, silence)]
        back = [edge for edge in keys if _comes_back(edge, node, search.nodes)]
        nothing = [edge for edge in keys if edge in ignored or edge in back]
        if len(nothing) == len(keys) > 1:
            if situation.collects is not None and situation.collects.pattern is not None:
                if not any(is_valid(situation.collects, edge.keys) for edge in keys):
                    continue  # no valid key was tried
            seen.add(situation.spot)
            if situation.spot in trapped:
                continue
            text = f"no key changes anything at {node.title}"
            yield Finding("dead-key", text, situation.place, _listening(keys[0]), node=node.number)
            continue
        offered = _offered(node, keys, nothing, source)
        dead = [
            edge
            for edge in nothing
            if edge.keys in offered and (edge in ignored or edge.keys not in REPEATS)
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
        if value != "many" and not value.lstrip("-").isdecimal()
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


# The end


def _left_up(search: Search) -> Iterator[Finding]:
    seen: set[object] = set()
    for edge in search.edges:
        end = edge.ends
        if end is None or end.how != "left" or not edge.answered or edge.way.call.get("after"):
            continue
        place = None
        if edge.source is not None:
            places = search.nodes[edge.source].situation.places
            place = places[0] if places else None
        if place in seen:
            continue
        seen.add(place)
        text = "the handler returns and leaves the call up: hang up, or say session.exit()"
        way = edge.way.then("wait")
        yield Finding("left-up", text, place, way, {"given_back": False}, edge.source)


# Prompts


def _unplayed(search: Search, source: HandlerSource, sounds: Path | None) -> Iterator[Finding]:
    played = {without_suffix(prompt) for prompt in search.played}
    elsewhere = b"\n".join(search.elsewhere)
    named = {each.prompt: each.place for each in source.prompts()}
    if sounds is not None:
        for text in source.texts():
            if text not in named and "/" in text and is_there(sounds, text):
                named[text] = Place(str(source.path), 0, "")
    for prompt, place in named.items():
        if "://" in prompt or not prompt or prompt.startswith("/"):
            continue
        if without_suffix(prompt) in played or prompt.encode() in elsewhere:
            continue
        yield Finding("unplayed", f"{prompt} is never played", place if place.line else None)


def _missing(search: Search, sounds: Path) -> Iterator[Finding]:
    for prompt, way in search.files.items():
        if "://" in prompt or prompt in search.recorded or is_there(sounds, prompt):
            continue
        if without_suffix(prompt) in map(without_suffix, search.recorded):
            continue
        yield Finding("missing-file", f"{prompt} is not in {sounds}", None, way.then("hangup"))


def is_there(sounds: Path, prompt: str) -> bool:
    """True if the file exists, or a version in a folder for its rate, as in FreeSWITCH."""
    path = sounds / prompt
    names = [path, path.with_name(f"{path.name}.wav")]
    names += [name.parent / rate / name.name for name in names for rate in RATES]
    return any(name.is_file() for name in names)


RATES = ("8000", "16000", "32000", "48000")


def kinds(found: Iterable[Finding]) -> dict[str, int]:
    """The number of findings of each kind."""
    count: dict[str, int] = {}
    for each in found:
        count[each.kind] = count.get(each.kind, 0) + 1
    return count
