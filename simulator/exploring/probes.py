"""Which parts of the handler's code run: each statement in a function has a probe in front of it.

A probe is a call, ``__ran__((line, column))``. It costs less than a tracer, which would look at
each function that the library calls as well, it needs no package, and it sees every thread. Where
``digits in "12"`` looks for keys in a text, a probe tells that there were no digits: Python finds
an empty text in every text.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from eslsync.stacks import parsed
from eslsync.wire.arguments import are_keys

from .trees import Tree

__all__ = ["Ran", "Spot", "probed", "probing", "spot"]

#: The names of the functions that the probes call.
PROBE, LOOKED = "__ran__", "__looked__"
#: Where a statement begins: its line and column. For a branch of an expression, which may begin at
#: the same place, the column counts from -1 down. For an empty text that was looked for among keys,
#: the line is negative.
Spot = tuple[int, int]
#: Methods that look for a text in another.
LOOKS = frozenset("index find rindex rfind startswith".split())


class Ran:
    """The spots that ran."""

    def __init__(self) -> None:
        self.now: set[Spot] = set()  #: in the current call
        self._before: set[Spot] = set()  # in others
        #: The functions that have probes, by name and first line; None for all of the file's.
        self.functions: set[tuple[str, int]] | None = None

    @property
    def probes(self) -> dict[str, object]:
        """The functions that the probes call, by name."""
        return {PROBE: self.now.add, LOOKED: self._look}

    def _look(self, text: object, where: object, place: Spot) -> object:
        """Note an empty text that is looked for among keys; return the text."""
        if text == "" and isinstance(where, str) and are_keys(where):
            self.now.add(place)
        return text

    def begin(self) -> None:
        """A call begins."""
        self._before |= self.now
        self.now.clear()

    def new(self) -> frozenset[Spot]:
        """Those that ran in this call for the first time."""
        return frozenset(self.now - self._before)

    def add(self, spots: Set[Spot]) -> None:
        """Note those of a call that another process made."""
        self._before |= spots

    @property
    def spots(self) -> Set[Spot]:
        """Those of all calls."""
        return self.now | self._before


def spot(node: ast.stmt | ast.expr) -> Spot:
    column = node.col_offset
    return node.lineno, column if isinstance(node, ast.stmt) else -1 - column


@lru_cache(maxsize=16)
def probed(source: str, file: str) -> CodeType:
    """The code of a file, with probes."""
    tree = Tree(parsed(source, file))
    inside: set[ast.AST] = set()  # functions
    for node in tree.nodes:
        if isinstance(node, _FUNCTION) or tree.above.get(node) in inside:
            inside.add(node)
            _put_probes(node)
    code: CodeType = compile(tree.module, file, "exec", dont_inherit=True)
    return code


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _put_probes(node: ast.AST) -> None:
    """Put probes in front of its statements, and of the branches of ``a if b else c``."""
    _look_for_text(node)
    for name in ("body", "orelse", "finalbody"):
        part = getattr(node, name, None)
        if isinstance(part, list):
            may_begin_with_doc = isinstance(node, _FUNCTION) and name == "body"
            setattr(node, name, list(_with_probes(part, may_begin_with_doc)))
        elif isinstance(part, ast.expr):
            either = ast.BoolOp(ast.Or(), [_probe(part), part], **_place(part))
            setattr(node, name, either)


def _look_for_text(node: ast.AST) -> None:
    """Let an expression that looks for a text among keys tell of an empty text."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        if isinstance(node.ops[0], (ast.In, ast.NotIn)) and _may_be_keys(node.comparators[0]):
            node.left = _looked(node.left, node.comparators[0], node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr in LOOKS and isinstance(node.func.value, ast.Constant):
            if _may_be_keys(node.func.value):
                node.args[0] = _looked(node.args[0], node.func.value, node)


def _looked(text: ast.expr, where: ast.expr, node: ast.expr) -> ast.expr:
    return _call(LOOKED, [text, where], (-node.lineno, node.col_offset), text)


def _may_be_keys(node: ast.expr) -> bool:
    """True for a literal made of keys, and for a name that may stand for one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and are_keys(node.value)
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )


def _with_probes(body: Iterable[ast.stmt], may_begin_with_doc: bool) -> Iterator[ast.stmt]:
    for number, each in enumerate(body):
        is_doc = isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
        if not (may_begin_with_doc and number == 0 and is_doc):
            yield ast.Expr(_probe(each), **_place(each))
        yield each


def _probe(node: ast.stmt | ast.expr) -> ast.Call:
    return _call(PROBE, [], spot(node), node)


def _call(name: str, given: list[ast.expr], where: Spot, node: ast.stmt | ast.expr) -> ast.Call:
    """A call with a spot, at the place of a node."""
    place = _place(node)
    function = ast.Name(name, ast.Load(), **place)
    constant = ast.Constant(where, **place)  # type: ignore[arg-type]  # a tuple is one
    return ast.Call(function, [*given, constant], [], **place)


def _place(node: ast.stmt | ast.expr) -> dict[str, Any]:
    return {
        "lineno": node.lineno,
        "col_offset": node.col_offset,
        "end_lineno": node.end_lineno,
        "end_col_offset": node.end_col_offset,
    }


@contextmanager
def probing(function: FunctionType, ran: Ran) -> Iterator[None]:
    """Let a function, and the others of its module, note what runs.

    Their code is exchanged for the same one with probes, and back at the end.
    """
    namespace, file = function.__globals__, function.__code__.co_filename
    twins = dict(_codes_of(file))
    before: list[tuple[FunctionType, CodeType]] = []
    ran.functions = set()
    for each in dict.fromkeys([function, *_functions_of(namespace)]):
        code = each.__code__
        twin = twins.get((code.co_name, code.co_firstlineno))
        if code.co_filename == file and twin and twin.co_freevars == code.co_freevars:
            each.__code__ = twin
            before.append((each, code))
            ran.functions.add((code.co_name, code.co_firstlineno))
    namespace.update(ran.probes)
    try:
        yield
    finally:
        for each, code in before:
            each.__code__ = code
        for name in ran.probes:
            namespace.pop(name, None)


def _codes_of(file: str) -> Iterator[tuple[tuple[str, int], CodeType]]:
    try:
        waiting = [probed(Path(file).read_text(encoding="utf-8"), file)]
    except (OSError, SyntaxError, ValueError):
        return
    while waiting:
        for each in waiting.pop().co_consts:
            if isinstance(each, CodeType):
                yield (each.co_name, each.co_firstlineno), each
                waiting.append(each)


def _functions_of(namespace: Mapping[str, object]) -> Iterator[FunctionType]:
    """The functions and methods that a module defines."""
    for value in list(namespace.values()):
        for part in vars(value).values() if inspect.isclass(value) else [value]:
            function: object = getattr(part, "__func__", part)
            function = inspect.unwrap(function) if callable(function) else None
            if isinstance(function, FunctionType) and function.__globals__ is namespace:
                yield function
