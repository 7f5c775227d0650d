"""Recordings that are lost if the caller ends them by hanging up."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set

from ..reach import dotted, names_of_calls, tree_of, works
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "recording-lost": "what the handler does with a recording is skipped if the caller hangs up",
}
#: What may well be skipped.
REMOVES = frozenset(("remove", "unlink", "delete"))
#: What only tells, and converts.
TELLS = frozenset("log logger logging print str int float len Path format".split())
#: Exceptions whose handlers get a Hangup.
CATCHES = frozenset(("Hangup", "ESLError", "Exception", "BaseException"))


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each line that records, if the file is used behind it and nowhere after a hangup."""
    seen: set[Place] = set()
    for node in evidence.search.nodes:
        places = node.situation.places
        if node.situation.kind != "record" or places[-1] in seen:
            continue
        seen.add(places[-1])
        line = _used_only_behind(places)
        if line is not None:
            text = f"line {line} is skipped if the caller hangs up while it records: the file stays"
            way = node.here.then("hangup")
            yield Finding("recording-lost", text, places[-1], way, node=node.number)


def _used_only_behind(places: Sequence[Place]) -> int | None:
    """The line that uses the recording; None if there is none, or if a hangup leads to work."""
    used: int | None = None
    for place in places:
        tree = tree_of(place.file)
        if any(
            isinstance(each, ast.Attribute) and each.attr == "on_hangup" for each in ast.walk(tree)
        ):
            return None
        around = [
            each
            for each in ast.walk(tree)
            if isinstance(each, ast.FunctionDef) and _is_in(each, place.line)
        ]
        if not around:
            continue
        function = min(around, key=lambda each: (each.end_lineno or 0) - each.lineno)
        calls = names_of_calls(tree)
        if _is_guarded(function, place.line, calls):
            return None
        if place is places[-1]:
            used = used or _work_next(function, place.line, calls)
        names = _names_at(function, place.line) - calls
        for node in _calls(function):
            if node.lineno > place.line and _uses(node, names, calls):
                used = used or node.lineno
    return used


def _work_next(function: ast.FunctionDef, line: int, names: Set[str]) -> int | None:
    """The line of work that follows a recording at once, whatever the work says it is about."""
    for node in ast.walk(function):
        body: list[ast.stmt] = getattr(node, "body", []) if isinstance(node, ast.stmt) else []
        for number, statement in enumerate(body):
            if not _is_in(statement, line) or isinstance(statement, _COMPOUND):
                continue
            for each in body[number + 1 :]:
                if isinstance(each, _COMPOUND) or _commands(each, names):
                    return None
                calls = list(_calls(each))
                if calls and works(each, names) and not any(_tells(call) for call in calls):
                    return each.lineno
    return None


_COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match, ast.FunctionDef)


def _commands(statement: ast.stmt, names: Set[str]) -> bool:
    """True if a statement calls a method of a channel or a session."""
    return any(dotted(call.func) & names for call in _calls(statement))


def _tells(call: ast.Call) -> bool:
    return bool(dotted(call.func) & TELLS) or (
        isinstance(call.func, ast.Name) and call.func.id[:1].isupper()
    )


def _is_in(node: ast.stmt | ast.excepthandler, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def _is_guarded(function: ast.FunctionDef, line: int, calls: Set[str]) -> bool:
    """True if a Hangup at a line leads to work in `finally` or `except`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Try) and any(_is_in(each, line) for each in node.body):
            caught = [
                each.body
                for each in node.handlers
                if each.type is None or _words(each.type) & CATCHES
            ]
            if any(works(each, calls) for body in (node.finalbody, *caught) for each in body):
                return True
            if caught:
                return True  # it goes on behind the `try`
    return False


def _words(node: ast.expr) -> set[str]:
    several = node.elts if isinstance(node, ast.Tuple) else [node]
    return set().union(*map(dotted, several))


def _calls(part: ast.AST) -> Iterator[ast.Call]:
    """The calls in it, except those that remove a file, and what is in them."""
    for node in ast.iter_child_nodes(part):
        if isinstance(node, ast.Call):
            if (node.func.attr if isinstance(node.func, ast.Attribute) else "") in REMOVES:
                continue
            yield node
        yield from _calls(node)


def _names_at(function: ast.FunctionDef, line: int) -> set[str]:
    """The variables given to the call at a line."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or 0):
            for part in (*node.args, *(each.value for each in node.keywords)):
                found |= {each.id for each in ast.walk(part) if isinstance(each, ast.Name)}
    return {each for each in found if not each.isupper()} - {"self", "str"}


def _uses(call: ast.Call, names: Set[str], calls: Set[str]) -> bool:
    """True if a call that is no command for a channel gets one of these names, or is its method."""
    called = dotted(call.func)
    if called & calls:
        return False
    given = [*call.args, *(each.value for each in call.keywords)]
    if any(isinstance(each, ast.Name) and each.id in calls for each in given):
        return False
    inside = {each.id for part in given for each in ast.walk(part) if isinstance(each, ast.Name)}
    return bool((inside | called) & names)
