"""Recordings that are lost if the caller ends them by hanging up."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set

from ..reach import DEEP, dotted, names_of_calls, works
from ..source import HandlerSource
from ..trees import Tree, tree_of
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

#: What ends work or counts it, rather than do any with a recording.
TIDIES = frozenset(
    "acquire add append cancel clear close closing decrement discard flush hangup increment join "
    "observe pop release remove rollback set shutdown stop sub unlink wait".split()
)
#: What knows all about a call.
WHOLE = frozenset("self session channel".split())
#: What a hangup, and a session behind it, say of recordings.
OF_RECORDINGS = frozenset("recorded outcomes".split())
#: Expressions that make a file's name.
MADE = (ast.JoinedStr, ast.BinOp, ast.Call)


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each line that records, if the file is used behind it and nowhere after a hangup."""
    seen: set[Place] = set()
    for node in evidence.search.nodes:
        places = node.situation.places
        if node.situation.kind != "record" or places[-1] in seen:
            continue
        seen.add(places[-1])
        line = _used_only_behind(places, evidence.source)
        if line is not None:
            text = f"line {line} is skipped if the caller hangs up while it records: the file stays"
            way = node.here.then("hangup")
            yield Finding("recording-lost", text, places[-1], way, node=node.number)


def _used_only_behind(places: Sequence[Place], source: HandlerSource) -> int | None:
    """The line that uses the recording; None if there is none, or if a hangup leads to work."""
    used: int | None = None
    for place in places:
        tree = tree_of(place.file)
        function = tree.function_at(place.line)
        if function is None:
            continue
        calls = names_of_calls(tree)
        names = (_names_at(function, place.line) | _given_names(function, place.line)) - calls
        texts = _texts_at(function, place.line)
        saved = _Saved(tree, names, texts)
        reached = source.parts if place.file == str(source.path) else [tree.module]
        # those set behind it, in its own function, are not called if it is hung up in
        behind = range(place.line + 1, (function.end_lineno or place.line) + 1)
        callbacks = [each.lineno for part in reached for each in saved.at_hangup(part)]
        if any(each not in behind for each in callbacks) or _is_guarded(
            function, place.line, saved
        ):
            return None
        used = used or min(callbacks, default=None)
        if place is places[-1]:
            used = used or _work_next(function, place.line, calls)
        for node in _calls(function):
            if node.lineno > place.line and not _tells(node) and _uses(node, names, texts, calls):
                used = used or node.lineno
        for each in ast.walk(function):
            if isinstance(each, (ast.Assign, ast.AugAssign)) and each.lineno > place.line:
                if _keeps(each, names, texts):
                    used = min(used or each.lineno, each.lineno)
    return used


def _keeps(node: ast.Assign | ast.AugAssign, names: Set[str], texts: Set[str]) -> bool:
    """True if an assignment puts one of these into a table, or into an attribute."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not any(isinstance(each, (ast.Subscript, ast.Attribute)) for each in targets):
        return False
    inside = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
    return bool(inside & names) or ast.unparse(node.value) in texts


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


def _is_guarded(function: ast.FunctionDef, line: int, saved: _Saved) -> bool:
    """True if a Hangup at a line leads to work with the recording in `finally` or `except`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Try) and any(_is_in(each, line) for each in node.body):
            caught = [
                each.body
                for each in node.handlers
                if each.type is None or _words(each.type) & CATCHES
            ]
            if any(saved.by(each) for body in (node.finalbody, *caught) for each in body):
                return True
            if any(not _leaves(body) for body in caught):
                return True  # it goes on behind the `try`
    return False


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], (ast.Raise, ast.Return))


class _Saved:
    """Whether code that runs after a hangup may do something with a recording.

    It may if it uses one of the recording's ``names`` or the expressions for its file, or what a
    hangup says was recorded, or if it gives the call to a function of which nothing else is known.
    What only tells, tidies up or counts does not.
    """

    def __init__(self, tree: Tree, names: Set[str], texts: Set[str]) -> None:
        self._names = names
        self._texts = texts
        self._functions = {node.name: node for node in tree.of(ast.FunctionDef)}

    def at_hangup(self, part: ast.AST) -> Iterator[ast.FunctionDef | ast.Call]:
        """What sets, in this part, a callback of `on_hangup` that may."""
        inside = {each.name: each for each in ast.walk(part) if isinstance(each, ast.FunctionDef)}
        for node in ast.walk(part):
            if isinstance(node, ast.FunctionDef):
                decorated = "on_hangup" in _words_of(node.decorator_list)
                if decorated and self.by(node, {each.arg for each in node.args.args}):
                    yield node
            elif isinstance(node, ast.Call) and "on_hangup" in dotted(node.func):
                if any(self._saves(each, inside) for each in node.args):
                    yield node

    def _saves(self, callback: ast.expr, inside: Mapping[str, ast.FunctionDef]) -> bool:
        if isinstance(callback, ast.Lambda):
            return self.by(callback.body, {one.arg for one in callback.args.args})
        name = callback.id if isinstance(callback, ast.Name) else ""
        function = inside.get(name) or self._functions.get(name)
        if function is None:
            return True  # a method, or a function from elsewhere
        return self.by(function, {one.arg for one in function.args.args})

    def by(self, part: ast.AST, whole: Set[str] = frozenset(), deep: int = DEEP) -> bool:
        """True if this part may. ``whole``: names of what knows all about the call."""
        whole = whole | WHOLE
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and node.id in self._names:
                return True
            if isinstance(node, ast.Attribute) and node.attr in OF_RECORDINGS | self._names:
                return True
            if isinstance(node, MADE) and ast.unparse(node) in self._texts:
                return True
            if isinstance(node, ast.Call) and self._is_by_call(node, whole, deep):
                return True
        return False

    def _is_by_call(self, call: ast.Call, whole: Set[str], deep: int) -> bool:
        name = _called(call)
        if name in self._functions and deep:
            parameters = frozenset(each.arg for each in self._functions[name].args.args)
            given = bool(self._given(call) & whole)
            return self.by(self._functions[name], parameters if given else frozenset(), deep - 1)
        if _tells(call) or name in TIDIES:
            return False
        return bool(self._given(call) & whole) or "self" in dotted(call.func)

    def _given(self, call: ast.Call) -> set[str]:
        """The names given to a call by themselves, or as the owner of a uuid."""
        given = [*call.args, *(each.value for each in call.keywords)]
        found = {each.id for each in given if isinstance(each, ast.Name)}
        for each in ast.walk(ast.Tuple(given)):
            if isinstance(each, ast.Attribute) and each.attr in ("uuid", "channel", "session"):
                found |= dotted(each)
        return found


def _called(call: ast.Call) -> str:
    """The name of the function or the method that is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else "".join(dotted(function))


def _words_of(nodes: Sequence[ast.expr]) -> set[str]:
    return set().union(
        *(dotted(each.func if isinstance(each, ast.Call) else each) for each in nodes)
    )


def _given_names(function: ast.FunctionDef, line: int) -> set[str]:
    """The variables that get the result of the statement at a line."""
    return {
        each.id
        for node in ast.walk(function)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _is_in(node, line)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for each in ast.walk(target)
        if isinstance(each, ast.Name)
    }


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
                found |= set(_own_attributes(part))
    return {each for each in found if not each.isupper()} - {"self", "str"}


def _own_attributes(part: ast.AST) -> Iterator[str]:
    for each in ast.walk(part):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            if each.value.id == "self":
                yield each.attr


def _texts_at(function: ast.FunctionDef, line: int) -> set[str]:
    """The expressions given to the call at a line that make a name."""
    return {
        ast.unparse(part)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or 0)
        for part in node.args
        if isinstance(part, MADE)
    }


def _uses(call: ast.Call, names: Set[str], texts: Set[str], calls: Set[str]) -> bool:
    """True if a call that is no command for a channel gets one of these, or is a name's method."""
    called = dotted(call.func)
    if called & calls:
        return False
    given = [*call.args, *(each.value for each in call.keywords)]
    if any(isinstance(each, ast.Name) and each.id in calls for each in given):
        return False
    if any(ast.unparse(each) in texts for each in given):
        return True
    inside = {each.id for part in given for each in ast.walk(part) if isinstance(each, ast.Name)}
    inside |= {each for part in given for each in _own_attributes(part)}
    return bool((inside | called) & names)
