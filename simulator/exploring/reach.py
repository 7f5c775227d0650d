"""What code says about the ways to a line: whether a caller decides them, and what nobody calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cached_property, lru_cache

from eslsync import Channel
from eslsync.wire.arguments import KEYS
from eslsync.wire.declared import declaration_of

from .boundaries import CLOCK
from .trees import Tree, tree_of

__all__ = [
    "DEEP",
    "Reach",
    "dotted",
    "is_of_calls",
    "keys_in",
    "names_of_calls",
    "skipped_work",
    "works",
]

#: Functions and methods whose results follow from their arguments, or from what callers do.
PLAIN = CLOCK | frozenset(
    "len int str float bool tuple list set frozenset dict min max any all range enumerate iter "
    "next isinstance get keys values items pop "
    "isdecimal isdigit isnumeric startswith endswith strip upper lower removesuffix "
    "removeprefix fullmatch match search group time date datetime timedelta now today "
    "monotonic localtime ZoneInfo wait".split()
)
#: Exceptions that callers, and the far ends tried, bring about.
BY_CALLERS = frozenset(("Hangup", "TimeoutError", "ValueError", "KeyError", "IndexError"))
#: Calculations with an entry that bring together what no literal names.
COMPUTES = (ast.Mod, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow, ast.BitAnd, ast.BitOr, ast.BitXor)
#: Methods that change a list, a set or a dict.
CHANGES = frozenset("add append appendleft insert extend update setdefault pop remove".split())
#: Names of calls.
CALLS = ("channel", "session")
#: How far calls of functions are followed.
DEEP = 10


class Reach:
    """The functions of a file, and the conditions on the ways to its lines."""

    def __init__(self, tree: Tree, constants: Mapping[str, ast.expr]) -> None:
        self._tree = tree
        self._constants = constants
        self._functions = {node.name: node for node in tree.of(ast.FunctionDef)}

    @cached_property
    def kept(self) -> Set[str]:
        """The global names whose values calls change."""
        return _all_kept_between_calls(self._tree)

    @cached_property
    def _calls(self) -> Set[str]:
        return names_of_calls(self._tree)

    def is_up_to_callers(self, node: ast.AST, deep: int = DEEP) -> bool:
        """True if only what is tried (keys, far ends, times) decides whether a node runs."""
        function: ast.AST | None = node
        child = node
        while (parent := self._tree.above.get(child)) is not None:
            if not self._is_known_branch(parent, child):
                return False
            if isinstance(parent, ast.FunctionDef):
                function = parent
                break
            child = parent
        if not isinstance(function, ast.FunctionDef) or deep == 0:
            return True
        calls = [
            each
            for each in self._tree.of(ast.Call)
            if _name_of(each.func) == function.name
            and self._tree.function_around(each) is not function
        ]
        return not calls or any(self.is_up_to_callers(each, deep - 1) for each in calls)

    def keys_to(self, node: ast.AST) -> set[str]:
        """The keys in the conditions, in its function, on the way to a node."""
        found: set[str] = set()
        while (parent := self._tree.above.get(node)) is not None:
            if isinstance(parent, (ast.If, ast.While, ast.IfExp)):
                found |= keys_in(parent.test)
            elif isinstance(parent, ast.match_case):
                found |= keys_in(parent.pattern)
            elif isinstance(parent, ast.FunctionDef):  # @channel.on_dtmf("1")
                found |= keys_in(ast.Tuple(parent.decorator_list))
            node = parent
        return found

    def uncalled(self) -> Iterator[ast.FunctionDef]:
        """Functions for calls, by their parameters, whose names occur nowhere else."""
        used = {node.id for node in self._tree.of(ast.Name)}
        used |= {node.attr for node in self._tree.of(ast.Attribute)}
        exported = self._constants.get("__all__", ast.Tuple([]))
        used |= {str(node.value) for node in ast.walk(exported) if isinstance(node, ast.Constant)}
        if used & {"getattr", "globals", "vars", "import_module"}:
            return  # names may be put together
        for function in self._functions.values():
            if function.name in used or function.decorator_list or function.name[:2] == "__":
                continue
            if is_of_calls(function) and not function.name.startswith("test"):
                yield function

    def _is_known_branch(self, parent: ast.AST, child: ast.AST) -> bool:
        if isinstance(parent, (ast.If, ast.While, ast.IfExp)) and child is not parent.test:
            if not self._is_known(parent.test) or self._is_setting(parent.test):
                return False
        elif isinstance(parent, ast.For) and child is not parent.iter:
            if not self._is_known(parent.iter):
                return False
        elif isinstance(parent, ast.Match) and child is not parent.subject:
            if not self._is_known(parent.subject):
                return False
        elif isinstance(parent, ast.ExceptHandler):
            caught = parent.type
            several = caught.elts if isinstance(caught, ast.Tuple) else [caught]
            if caught is None or not {_name_of(each) for each in several} & BY_CALLERS:
                return False
        for body in (getattr(parent, name, None) for name in ("body", "orelse", "finalbody")):
            if isinstance(body, list) and child in body:
                before = body[: body.index(child)]
                if not all(map(self._goes_on, before)):
                    return False
        return True

    def _is_setting(self, test: ast.expr) -> bool:
        """True if a global name that no call changes decides by itself, such as a flag."""
        if isinstance(test, ast.BoolOp):
            return any(map(self._is_setting, test.values))
        names = _names(test)
        calls = any(isinstance(node, ast.Call) for node in ast.walk(test))
        return bool(names) and names <= self._constants.keys() and not calls

    def _goes_on(self, statement: ast.stmt) -> bool:
        """False if the statement may leave, for a reason that no caller decides."""
        if not isinstance(statement, ast.If) or self._is_known(statement.test):
            return True
        leaves = (ast.Return, ast.Raise, ast.Continue, ast.Break)
        return not any(isinstance(each, leaves) for each in ast.walk(statement))

    def _is_known(self, node: ast.expr | None, deep: int = DEEP) -> bool:
        """True if the value follows from literals, and from what is tried."""
        if node is None or isinstance(node, (ast.Constant, ast.Lambda, ast.JoinedStr)):
            return True
        if deep == 0 or "environ" in dotted(node):
            return False
        if isinstance(node, ast.Name):
            return node.id not in self.kept and self._is_known_name(node, deep)
        if isinstance(node, ast.BinOp) and isinstance(node.op, COMPUTES):
            return isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
        if isinstance(node, ast.Subscript) and is_in_the_middle(node.slice):
            if not (isinstance(node.value, ast.Name) and node.value.id in self._constants):
                return False
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in self._calls:
                return False  # a fact about the call
            return node.attr.isupper() or self._is_known(node.value, deep - 1)
        if isinstance(node, ast.Call):
            name = _name_of(node.func)
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            method = None if owner is None else getattr(Channel, name, None)
            if method is not None:
                declared = declaration_of(method)
                if declared.collects or declared.joins or name in PLAIN:
                    return True
            if name in self._functions:
                return self._returns_known(self._functions[name], deep - 1)
            if name not in PLAIN and not name[:1].isupper():
                return False
            plain_owner = owner is None or name in CLOCK or _is_module(owner)
            return (plain_owner or self._is_known(owner, deep - 1)) and all(
                self._is_known(each, deep - 1) for each in node.args
            )
        return all(
            self._is_known(each, deep)
            for each in ast.iter_child_nodes(node)
            if isinstance(each, ast.expr)
        )

    def _is_known_name(self, node: ast.Name, deep: int) -> bool:
        if node.id in self._constants:
            return self._is_known(self._constants[node.id], deep - 1)
        function = self._tree.function_around(node)
        values = [
            value
            for each in (self._tree.walk(function) if function is not None else ())
            for value in _given(each, node.id)
        ]
        return all(self._is_known(each, deep - 1) for each in values)

    def _returns_known(self, function: ast.FunctionDef, deep: int) -> bool:
        inside = self._tree.walk(function)
        returned = [each.value for each in inside if isinstance(each, ast.Return)]
        tests = [each.test for each in inside if isinstance(each, (ast.If, ast.While))]
        return all(self._is_known(each, deep) for each in (*returned, *tests))


def skipped_work(file: str, line: int) -> int | None:
    """The first line that is skipped if one in `finally` or `except` raises, and that does work.

    Commands for the call are no work: there is no call any more.
    """
    found: int | None = None
    tree = tree_of(file)
    calls = names_of_calls(tree)
    for node in tree.of(ast.Try):
        for body in (node.finalbody, *(each.body for each in node.handlers)):
            found = found or _work_after(body, line, calls)
    return found


def _work_after(body: Sequence[ast.stmt], line: int, calls: Set[str]) -> int | None:
    for number, statement in enumerate(body):
        if statement.lineno <= line <= (statement.end_lineno or 0):
            for name in ("body", "orelse", "finalbody"):
                inner = _work_after(getattr(statement, name, []), line, calls)
                if inner is not None:
                    return inner
            return next((each.lineno for each in body[number + 1 :] if works(each, calls)), None)
    return None


def names_of_calls(tree: Tree) -> Set[str]:
    """The names by which a file has its sessions and channels."""
    names = {*CALLS}
    for assign in tree.of(ast.Assign):
        value = assign.value
        if isinstance(value, (ast.Attribute, ast.Name)) and _name_of(value) in CALLS:
            names |= {each.id for each in assign.targets if isinstance(each, ast.Name)}
    for parameter in tree.of(ast.arg):
        if _name_of(parameter.annotation) in ("Channel", "Session"):
            names.add(parameter.arg)
    for attribute in tree.of(ast.Attribute):
        if attribute.attr == "channel" and isinstance(attribute.value, ast.Name):
            names |= {attribute.value.id} - {"self"}
    return names


def works(statement: ast.stmt, calls: Set[str]) -> bool:
    """True if a statement calls anything but methods of a call, or functions with one."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            given = (*node.args, *(each.value for each in node.keywords))
            names = {each.id for each in given if isinstance(each, ast.Name)}
            if not (names | dotted(node.func)) & calls:
                return True
    return False


def dotted(node: ast.expr) -> set[str]:
    """The names in an expression such as ``session.channel.hangup``."""
    if isinstance(node, ast.Attribute):
        return {node.attr} | dotted(node.value)
    if isinstance(node, ast.Call):
        return dotted(node.func)
    return {node.id} if isinstance(node, ast.Name) else set()


def is_of_calls(function: ast.FunctionDef) -> bool:
    """True if a parameter is a session or a channel."""
    return any(
        each.arg in CALLS
        or (each.annotation is not None and _name_of(each.annotation) in ("Session", "Channel"))
        for each in function.args.args
    )


def keys_in(part: ast.AST) -> set[str]:
    """The keys among the literals in it."""
    return {
        node.value
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if len(node.value) == 1 and node.value in KEYS
    }


def is_in_the_middle(index: ast.expr) -> bool:
    """True for the index of a part of a text that is neither its beginning nor its end."""
    text = ast.unparse(index)
    return bool(re.fullmatch(r"[1-9]\d*|\d+:-?\d+|-\d+:-\d+", text))


@lru_cache(maxsize=16)  # as many as there are trees
def _all_kept_between_calls(tree: Tree) -> Set[str]:
    return frozenset(_kept_between_calls(tree))


def _kept_between_calls(tree: Tree) -> Iterator[str]:
    """The global names whose values functions change: what is kept from call to call."""
    for function in tree.of(ast.FunctionDef):
        inside = tree.walk(function)
        assigned = {name for each in inside for name in _bound(each)}
        for node in inside:
            if isinstance(node, ast.Global):
                yield from node.names
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if node.func.attr in CHANGES and isinstance(owner, ast.Name):
                    yield from {owner.id} - assigned
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
                if isinstance(node.value, ast.Name):
                    yield from {node.value.id} - assigned


def _bound(node: ast.AST) -> set[str]:
    """The names that a statement, or a function's parameters, bind."""
    if isinstance(node, ast.arg):
        return {node.arg}
    return {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()


def _given(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """The values that a statement gives a variable."""
    if isinstance(node, ast.Assign):
        if any(name in _names(each) for each in node.targets):
            yield node.value
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        if isinstance(node.target, ast.Name) and node.target.id == name and node.value is not None:
            yield node.value
    elif isinstance(node, ast.For):
        if name in _names(node.target):
            yield node.iter


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _name_of(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("time", "datetime", "date", "re", "math")
