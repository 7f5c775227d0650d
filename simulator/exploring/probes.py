"""Which parts of the handler's code run: each statement in a function has a probe in front of it.

A probe is a call, ``__ran__((line, column))``. It costs less than a tracer, which would look at
each function that the library calls as well, it needs no package, and it sees every thread.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType

from eslsync.stacks import parsed

__all__ = ["PROBE", "Ran", "Spot", "probed", "probing", "spot"]

#: The name of the function that the probes call.
PROBE = "__ran__"
#: Where a statement begins: its line and column. For a branch of an expression, which may begin at
#: the same place, the column counts from -1 down.
Spot = tuple[int, int]


class Ran:
    """The spots that ran."""

    def __init__(self) -> None:
        self.now: set[Spot] = set()  #: in the current call
        self._before: set[Spot] = set()  # in others
        #: The functions that have probes, by name and first line; None for all of the file's.
        self.functions: set[tuple[str, int]] | None = None

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


def probed(source: str, file: str) -> CodeType:
    """The code of a file, with probes."""
    tree = parsed(source, file)
    _Prober().visit(tree)
    code: CodeType = compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)
    return code


class _Prober(ast.NodeTransformer):
    """Puts probes in front of statements in functions, and branches of ``a if b else c``."""

    _functions = 0

    def visit(self, node: ast.AST) -> ast.AST:
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        self._functions += inside
        self.generic_visit(node)
        if self._functions:
            for name in ("body", "orelse", "finalbody"):
                part = getattr(node, name, None)
                if isinstance(part, list):
                    setattr(node, name, list(_with_probes(part, inside and name == "body")))
                elif isinstance(part, ast.expr):
                    probe = ast.copy_location(_probe(part), part)
                    setattr(
                        node, name, ast.copy_location(ast.BoolOp(ast.Or(), [probe, part]), part)
                    )
        self._functions -= inside
        return node


def _with_probes(body: Iterable[ast.stmt], may_begin_with_doc: bool) -> Iterator[ast.stmt]:
    for number, each in enumerate(body):
        is_doc = isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
        if not (may_begin_with_doc and number == 0 and is_doc):
            yield ast.copy_location(ast.Expr(ast.copy_location(_probe(each), each)), each)
        yield each


def _probe(node: ast.stmt | ast.expr) -> ast.Call:
    where = ast.Tuple([*map(ast.Constant, spot(node))], ast.Load())
    return ast.Call(ast.Name(PROBE, ast.Load()), [where], [])


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
    namespace[PROBE] = ran.now.add
    try:
        yield
    finally:
        for each, code in before:
            each.__code__ = code
        namespace.pop(PROBE, None)


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
