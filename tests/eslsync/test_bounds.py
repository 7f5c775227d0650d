"""Every buffer that a switch or a handler can make grow is bounded, and the docs say how."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from eslsync.bounds import BOUNDS, Bound
from tests.support.places import ROOT

#: Where calls keep things. The server's own lists are of connections and hosts.
ROOMS = ("call", "session.py", "wire/secrets.py")
GROWING = {"Backlog", "Callbacks", "OrderedDict", "SimpleQueue", "bytearray", "deque"}
GROWING |= {"Counter", "defaultdict", "dict", "list", "set"}
#: What else can grow there, and why it is bounded.
ELSEWHERE = {
    "call/added_legs.py: _originated": "legs that the handler has called, until it, or they, end",
    "call/arrivals.py: _taken": "of those of the last blocking call",
    "call/arrivals.py: _forgotten": "names of events",
    "call/arrivals.py: _items": "one batch of what the connection had, which bounds it",
    "call/backlog.py: _unexamined": "serials of the events in it",
    "call/backlog.py: events": "its owner drops what is too much",
    "call/borrowed.py: ours": "variables that methods set, by name",
    "call/connection.py: _arrived": "HIGH_WATER and FLOOD_WATER: TCP holds the switch back",
    "call/connection.py: _left": "one item, at the peer's end",
    "call/connection.py: _replies": "MAX_UNANSWERED",
    "call/connection.py: _unsent": "MAX_UNSENT",
    "call/connection.py: doorbell": "rung only while the handler's thread sleeps",
    "call/connection.py: _posted": "POSTS",
    "call/conversation.py: _warned": "the keys of a table of ours",
    "call/conversation.py: callbacks": "what the handler registers",
    "call/conversation.py: legs": "what the handler adds, until it has ended",
    "call/leg.py: digit_handlers": "one for each key",
    "call/leg.py: unfinished": "methods that are under way",
    "call/left_behind.py: data": "the last commands of one call",
    "call/losses.py: _told": "one for each bound",
    "call/observed.py: _waits": "waits that are under way, one inside another",
    "call/posted.py: _untaken": "POSTS",
    "call/reader.py: _resting": "connections",
    "call/reader.py: _stalled": "connections",
    "call/reader.py: _to_look_at": "connections",
    "call/reader.py: _watched": "connections",
    "call/subscription.py: sure": "MOST_SURE",
    "call/subscription.py: _filters": "what the handler sends",
    "call/subscription.py: _names": "names of events",
    "call/subscription.py: _nixed": "names of events",
    "call/subscription.py: _subclasses": "what the handler sends",
    "call/taken_away.py: before": "one for each leg",
    "call/taken_away.py: legs": "what the handler adds",
    "call/turns.py: hangup_callbacks": "what the handler registers",
    "call/typeahead.py: taken": "at most the digits of one entry",
    "session.py: callbacks": "one for each name",
    "wire/secrets.py: _collected": "MOST_COLLECTED",
    "wire/secrets.py: _keys": "MOST_LEGS",
    "wire/secrets.py: _newest": "MOST_LEGS",
    "wire/secrets.py: _values": "MOST_VALUES",
}


def grows(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in GROWING
    if isinstance(value, ast.Tuple):  # to which others are added
        return not value.elts
    if isinstance(value, ast.Name):  # one that is empty, for all calls
        return value.id.startswith("NO_")
    return isinstance(value, (ast.Dict, ast.List, ast.Set, ast.ListComp, ast.DictComp))


def buffers() -> Iterator[str]:
    """Attributes that hold what can grow, and what a generator keeps between its turns."""
    root = ROOT / "eslsync"
    files = [path for room in ROOMS for path in sorted([root / room, *(root / room).rglob("*.py")])]
    for path in files:
        if path.suffix != ".py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        generators = {
            statement
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            if any(isinstance(each, ast.Yield) for each in ast.walk(function))
            for statement in ast.walk(function)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AnnAssign):
                targets = [node.target]
            else:
                continue
            for target in targets if grows(node.value) else ():
                name = path.relative_to(root).as_posix()
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    if target.value.id == "self":
                        yield f"{name}: {target.attr}"
                elif isinstance(target, ast.Name) and node in generators:
                    yield f"{name}: {target.id}"


def test_every_buffer_of_a_call_has_a_bound_or_a_reason() -> None:
    bounded = {place for bound in BOUNDS for place in bound.kept_in}
    assert bounded.isdisjoint(ELSEWHERE)
    assert set(buffers()) == bounded.union(ELSEWHERE)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.what)
def test_the_docs_have_every_bound(bound: Bound) -> None:
    rows = (ROOT / "docs/guides/production.md").read_text(encoding="utf-8").splitlines()
    [row] = [row for row in rows if row.startswith(f"| {bound.what} |")]
    size = "" if bound.most_bytes is None else f", or {bound.most_bytes // 1024**2} MB"
    assert row.split("|")[2].strip() == f"{bound.most:,}{size}"


def test_the_table_names_files_that_there_are() -> None:
    for place in [*ELSEWHERE, *(each for bound in BOUNDS for each in bound.kept_in)]:
        assert Path(ROOT, "eslsync", place.partition(":")[0]).exists()
