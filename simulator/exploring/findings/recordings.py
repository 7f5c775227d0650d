"""Recordings that are lost if the caller ends them by hanging up."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..reach import dotted, tree_of, works
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "recording-lost": "what the handler does with a recording is skipped if the caller hangs up",
}
#: What may well be skipped.
REMOVES = frozenset(("remove", "unlink", "delete"))
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
        if _is_guarded(function, place.line):
            return None
        names = _names_at(function, place.line)
        for node in _calls(function):
            if node.lineno > place.line and _uses(node, names):
                used = used or node.lineno
    return used


def _is_in(node: ast.stmt | ast.excepthandler, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def _is_guarded(function: ast.FunctionDef, line: int) -> bool:
    """True if a Hangup at a line leads to work in `finally` or `except`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Try) and any(_is_in(each, line) for each in node.body):
            caught = [
                each.body
                for each in node.handlers
                if each.type is None or _words(each.type) & CATCHES
            ]
            if any(works(each) for body in (node.finalbody, *caught) for each in body):
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
    return {each for each in found if not each.isupper()} - {"channel", "session", "self", "str"}


def _uses(call: ast.Call, names: set[str]) -> bool:
    """True if a call that is no command for a channel gets one of these names, or is its method."""
    called = dotted(call.func)
    if called & {"channel", "session"}:
        return False
    given = [*call.args, *(each.value for each in call.keywords)]
    if any(isinstance(each, ast.Name) and each.id in ("channel", "session") for each in given):
        return False
    inside = {each.id for part in given for each in ast.walk(part) if isinstance(each, ast.Name)}
    return bool((inside | called) & names)
