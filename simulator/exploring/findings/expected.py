"""Calls that break a rule (`simulator.exploring.rules`), and rules that no call can break.

A rule is checked over the graph: for each situation, all that callers may have heard and done
before. What seems to break it is then tried as a call, and told if the call does break it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from ...scripts.steps import Step
from ..attempts import Attempt, CallEnd
from ..graph import Edge, Node, Way
from ..rules import (
    ENDED,
    Condition,
    EveryCall,
    KeyLeads,
    Mark,
    NoCall,
    Progress,
    Rule,
    Tried,
    begin,
    either,
    follow,
    near,
)
from ..search import Search
from ..stories import Happening
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["IDLE", "KINDS", "find"]

#: The kind of a rule that was not really checked.
IDLE = "idle-rule"

KINDS = {
    "expected": "a call breaks a rule",
    IDLE: "a rule that no call could break: what it names never happens",
}
#: Places that break one rule, of which each is told, and the calls tried for each.
PLACES, TRIES = 4, 3


def find(evidence: Evidence) -> Iterator[Finding]:
    search = evidence.search
    happened = {happening for edge in search.edges for happening in (*edge.story, *edge.then)}
    for rule in evidence.rules:
        idle = _idle(rule, happened, evidence)
        if idle is not None:
            yield Finding(IDLE, f"{rule.text}: {idle}", rule=rule.text)
        tried: dict[object, int] = {}
        told: set[object] = set()
        for broken in _breaks(rule, search):
            if broken.place in told or len(told) == PLACES:
                continue
            tried[broken.place] = tried.get(broken.place, 0) + 1
            if tried[broken.place] > TRIES:
                continue
            outcome = search.caller().make(Attempt(broken.way.call, broken.way.steps))
            if (why := follow(rule, begin(rule), outcome.story).broken) is not None:
                told.add(broken.place)
                yield _finding(rule, why, broken)


@dataclass(frozen=True)
class _Break:
    """A way that seems to break a rule."""

    way: Way
    place: Place | None
    node: int | None


def _finding(rule: Rule, why: str, broken: _Break) -> Finding:
    # Of the expectations of a script, only this one can say what a rule says.
    hears = rule.hears
    way = broken.way.then("wait" if hears is None else Step("hear", {"prompt": hears}))
    text = f"{rule.text}: {why}"
    return Finding("expected", text, broken.place, way, node=broken.node, rule=rule.text)


def _breaks(rule: Rule, search: Search) -> Iterator[_Break]:
    """Ways that seem to break it, those of the fewest actions first."""
    for path, edge, way, _ in _followed(rule, begin(rule), search, _is_broken):
        target = None if isinstance(edge.target, CallEnd) else search.nodes[edge.target]
        there = target or path.node
        place = None if there is None else there.situation.place
        yield _Break(way, place, None if there is None else there.number)


def _is_broken(mark: Mark) -> bool:
    return mark.broken is not None


def _followed(
    rule: Rule, mark: Mark, search: Search, wanted: Callable[[Mark], bool]
) -> Iterator[tuple[_Path, Edge, Way, Mark]]:
    """Paths, each with the edge and the way behind which calls have come as far as is wanted.

    Those of the fewest actions are first.
    """
    goes_on = cache(partial(follow, rule))  # many ways have equal stories
    waiting = deque([_Path(None, mark, (), {})])
    seen: set[tuple[int, Mark]] = set()
    while waiting:
        path = waiting.popleft()
        for edge, source in _edges(path.node, search):
            mark = goes_on(path.mark, edge.story)
            behind = goes_on(mark, edge.then)
            target = None if isinstance(edge.target, CallEnd) else search.nodes[edge.target]
            ends = target is None or behind.broken is not None or (target.number, mark) in seen
            if ends and not wanted(behind):
                continue
            way = _along(path, edge, source)
            if way is None:
                continue
            if wanted(behind):
                yield path, edge, way, behind
            if target is not None and not ends:
                seen.add((target.number, mark))
                # The steps to a situation are those to its last action, of whoever comes there.
                waiting.append(_Path(target, mark, way.steps, way.call))


@dataclass(frozen=True)
class _Path:
    """A way to a situation, and how far its calls have come."""

    node: Node | None  #: None at the beginning of a call
    mark: Mark
    steps: tuple[Step, ...]
    call: Mapping[str, Any]


def _edges(node: Node | None, search: Search) -> Iterator[tuple[Edge, Node | None]]:
    """What callers do there, also what was tried only where it is alike."""
    if node is None:
        yield from ((edge, None) for edge in search.edges if edge.source is None)
        return
    tried = {edge.label for edge in node.edges}
    yield from ((edge, node) for edge in node.edges)
    if node.like is not None:
        like = search.nodes[node.like]
        yield from ((edge, like) for edge in like.edges if edge.label not in tried)


def _along(path: _Path, edge: Edge, source: Node | None) -> Way | None:
    """The way on from the end of a path; None if no call goes there."""
    before = () if source is None else source.way.steps
    if path.steps == before:
        return edge.way  # it was made
    call = _together(path.call, edge.way.call)
    return None if call is None else Way(call, (*path.steps, *edge.way.steps[len(before) :]))


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The circumstances of two parts of a call; None if no call has both."""
    if one == other or not one:
        return other
    mine, theirs = one.get("endpoints", {}), other.get("endpoints", {})
    if {**one, "endpoints": 0} != {**other, "endpoints": 0}:
        return None
    if any(theirs[where] != how for where, how in mine.items() if where in theirs):
        return None
    return {**one, "endpoints": {**mine, **theirs}}


# Rules that can't be broken


def _idle(rule: Rule, happened: Set[Happening], evidence: Evidence) -> str | None:
    """Why no call can break the rule, or why a part of it is out of date."""
    if isinstance(rule, NoCall) and {*rule.conditions} & {*rule.before}:
        return "it holds whatever calls do: the same stands before and after 'before'"
    if isinstance(rule, EveryCall) and rule.of in rule.conditions:
        return "it holds whatever calls do: the same stands before and after 'that'"
    prompts = sorted(each.name for each in happened if each.what == "hears")
    never = isinstance(rule, NoCall) and rule.of is None and not rule.before
    for each in rule.names:
        if never and each.what not in ("enters", "says"):  # which callers could do
            named = [Happening("hears", text) for text in evidence.source.texts()]
            if each.what == "hears" and not _met(each, {*happened, *named}):
                return f"the handler names no {each.name}{near(each.name, prompts)}"
        elif each.what != "enters" and not _met(each, happened):
            hint = near(each.name, prompts) if each.what == "hears" else ""
            return f"no call {each}{hint}"
    return _not_together(rule, evidence.search)


def _not_together(rule: Rule, search: Search) -> str | None:
    """What of a rule no path of calls comes to, though its parts happen in some."""
    tried: set[Progress] = set()
    lacking = _lacking(rule, tried, search)
    trying = Tried(rule.text, rule)
    paths = _followed(trying, trying.begin(), search, lambda mark: mark.state not in tried)
    while lacking is not None and (path := next(paths, None)) is not None:
        state = path[-1].state
        assert isinstance(state, Progress)
        tried.add(state)
        lacking = _lacking(rule, tried, search)
    return lacking


def _lacking(rule: Rule, tried: Set[Progress], search: Search) -> str | None:
    """What has come true in none of these."""
    met: Set[Condition] = frozenset[Condition]().union(*(each.met for each in tried))
    for each in rule.names:
        if each.what == "enters" and each not in met:
            return f"no call {each}{_too_long(each.name, search)}"
    if isinstance(rule, EveryCall) and rule.of is not None:
        decides = {ENDED, *rule.conditions}
        if not any(rule.of in one.met and one.met & decides for one in tried):
            return f"no call that {rule.of} ends otherwise than by its caller's hangup or an error"
    elif isinstance(rule, NoCall) and rule.of is not None and rule.before:
        if not any(rule.of in one.met and one.met & {*rule.conditions} for one in tried):
            return f"no call that {rule.of} {either(rule.conditions)}"
    elif isinstance(rule, KeyLeads):
        where = "first" if rule.at is None else f"at {rule.at}"
        if rule.press not in met:
            return f"no call {rule.press} {where}"
        if not met & {*rule.targets} and not any(one.broken for one in tried):
            targets = either(rule.targets)
            return f"no call that {rule.press} {where} {targets} before the next key"
    return None


def _met(condition: Condition, happened: Set[Happening]) -> bool:
    return any(condition.met_by(each) for each in happened)


def _too_long(digits: str, search: Search) -> str:
    """Says so if nobody is asked for so many digits."""
    asking = [node.situation for node in search.nodes if node.situation.asks]
    if any(each.collects is None and each.kind == "digit" for each in asking):
        return ""  # the handler may gather them one by one
    most = max((each.collects.most for each in asking if each.collects is not None), default=0)
    if most >= len(digits):
        return ""
    return f": nobody is asked for {len(digits)} digits (at most for {most})"
