"""The statements of a handler that no call ran, and that something which ran would lead to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from .probes import Ran, spot
from .reach import dotted, names_of_calls
from .trees import Tree

__all__ = ["Unrun", "unrun"]

#: Exceptions and functions by which code says that it can't get there.
NEVER = frozenset("AssertionError NotImplementedError assert_never assert_unreachable".split())
#: A comment that says so, as coverage.py has it.
PRAGMA = "pragma: no cover"
#: Names of loggers, and of what else only tells.
TELLS = frozenset("log logger logging warn warnings print".split())
#: Errors of the operating system, and those of the connection to FreeSWITCH.
SYSTEM = frozenset(
    "BlockingIOError BrokenPipeError ChildProcessError ConnectionError ConnectionAbortedError "
    "ConnectionRefusedError ConnectionResetError EOFError EnvironmentError FileExistsError "
    "FileNotFoundError IOError ImportError InterruptedError IsADirectoryError MemoryError "
    "ModuleNotFoundError NotADirectoryError OSError PermissionError ProcessLookupError "
    "UnicodeDecodeError UnicodeEncodeError UnicodeError".split()
)
CONNECTION = frozenset("CommandError Disconnected ProtocolError".split())
#: Methods that are called without their names.
IMPLICIT = frozenset("__init__ __post_init__ __enter__ __exit__ __call__".split())
#: Characters of a condition that are shown.
SHOWN = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Unrun:
    """Lines that no call ran."""

    function: str
    first: int
    last: int
    behind: str  #: the condition that leads there, if there is one
    after: range  #: the lines before, of the statement or condition that did run
    names: Set[str]  #: what it names, directly or through functions
    #: True for the body of an `except` that only something outside the call brings about.
    outside: bool = False


def unrun(tree: Tree, text: str, handler: str, ran: Ran) -> list[Unrun]:
    """The lines that no call ran, of functions that the code which ran names."""
    return list(_Walk(tree, text.splitlines(), ran).from_handler(handler))


class _Walk:
    """A walk over the code that ran, from the handler on."""

    def __init__(self, tree: Tree, lines: Sequence[str], ran: Ran) -> None:
        self._tree = tree
        self._lines = lines
        self._functions_with_probes = ran.functions
        self._spots = ran.spots
        self._names: set[str] = set()  # that the code which ran uses
        self._methods: set[str] = set()
        self._functions = {
            each.name: each for each in tree.module.body if isinstance(each, Function)
        }
        self._classes = {
            each.name: each for each in tree.module.body if isinstance(each, ast.ClassDef)
        }
        self._values = {
            name: node.value
            for node in tree.module.body
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            for name in (each.id for each in ast.walk(target) if isinstance(each, ast.Name))
        }

    def from_handler(self, name: str) -> Iterator[Unrun]:
        inside = [each for each in self._tree.nodes if isinstance(each, Function)]
        named = [self._functions[name]] if name in self._functions else inside
        waiting = [(each, True) for each in named if each.name == name][:1]
        seen: set[ast.AST] = set()
        while waiting:
            function, on_its_own = waiting.pop(0)
            if function in seen or not self._has_probes(function):
                continue
            seen.add(function)
            # One that is not called at all is told where it should be called, if that has run.
            if on_its_own or any(self._has_run(each) for each in function.body):
                yield from self._block(function.body, function.name, "", function.lineno)
            waiting += self._used()

    def _used(self) -> Iterator[tuple[Function, bool]]:
        """The functions that the code which ran names, and True for those named on their own."""
        before: set[str] = set()
        while before != self._names:  # tables of functions
            before = set(self._names)
            for name in before & self._values.keys():
                self._use(self._values[name])
        for name in sorted(self._names & self._functions.keys()):
            yield self._functions[name], True
        for each in self._classes.values():
            for method in each.body:
                if isinstance(method, Function) and method.name in self._methods | IMPLICIT:
                    yield method, False

    def _named_in(self, *parts: ast.AST) -> Set[str]:
        names: set[str] = set()
        waiting = list(parts)
        while waiting:
            found = {each.id for each in ast.walk(waiting.pop()) if isinstance(each, ast.Name)}
            waiting += [self._functions[name] for name in (found - names) & {*self._functions}]
            names |= found
        return names

    def _use(self, part: ast.AST) -> None:
        for node in ast.walk(part):
            if isinstance(node, ast.Name):
                self._names.add(node.id)
            elif isinstance(node, ast.Attribute):
                self._methods.add(node.attr)

    def _has_probes(self, function: Function) -> bool:
        first = min(each.lineno for each in (function, *function.decorator_list))
        functions = self._functions_with_probes
        return functions is None or (function.name, first) in functions

    def _has_run(self, node: ast.stmt | ast.expr) -> bool:
        return spot(node) in self._spots

    def _block(
        self, body: Sequence[ast.stmt], function: str, behind: str, header: int
    ) -> Iterator[Unrun]:
        """The runs of statements in a block, and in those inside it."""
        last: ast.stmt | None = None
        left_out: list[ast.stmt] = []
        for statement in body:
            if self._has_run(statement) or (last is None and _is_text(statement)):
                last = statement
                yield from self._inside(statement, function)
            else:
                left_out.append(statement)
        if last is not None and all(map(_ends, left_out)):
            return  # behind a conference, say, that ends only by the caller's hangup
        if all(map(_is_excused, left_out)):
            return
        first, end = left_out[0].lineno, left_out[-1].end_lineno or 0
        nearest = header if last is None else last.end_lineno or 0
        if any(PRAGMA in line for line in self._lines[nearest - 1 : first]):
            return
        after = range(header, first) if last is None else range(last.lineno, nearest + 1)
        behind = behind[:SHOWN] if last is None else ""
        yield Unrun(function, first, end, behind, after, self._named_in(*left_out))

    def _inside(self, statement: ast.stmt, function: str) -> Iterator[Unrun]:
        if isinstance(statement, Function):
            yield from self._block(statement.body, statement.name, "", statement.lineno)
            return
        test = ast.unparse(statement.test) if isinstance(statement, (ast.If, ast.While)) else ""
        for field, value in ast.iter_fields(statement):
            values = value if isinstance(value, list) else [value]
            blocks = [each for each in values if isinstance(each, _HAS_BODY)]
            for each in blocks:
                if isinstance(each, ast.ExceptHandler) and each.type is not None:
                    behind = f"except {ast.unparse(each.type)}"
                    found = self._block(each.body, function, behind, each.lineno)
                    if self._comes_from_outside(each.type, statement):
                        found = (replace(run, outside=True) for run in found)
                    yield from found
                elif isinstance(each, ast.match_case):
                    line = each.pattern.lineno
                    behind = f"case {ast.unparse(each.pattern)}"
                    yield from self._block(each.body, function, behind, line)
                else:
                    yield from self._block(each.body, function, "", statement.lineno)
            if field in ("body", "orelse", "finalbody"):
                word = "while" if isinstance(statement, ast.While) else "if"
                behind = {"body": f"{word} {test}", "orelse": f"else of {word} {test}"}.get(
                    field, ""
                )
                behind = behind if test else ""
                yield from self._block(value, function, behind, statement.lineno)
            elif not blocks:
                for part in values:
                    if isinstance(part, ast.AST):
                        self._use(part)
                        yield from self._branches(part, function)

    def _comes_from_outside(self, caught: ast.expr, statement: ast.stmt) -> bool:
        """True if only something outside the call raises this in a `try`.

        That is what FreeSWITCH or the connection to it may do at any time, and errors of the
        system and of other modules where the code calls anything but the call's own methods.
        """
        several = caught.elts if isinstance(caught, ast.Tuple) else [caught]
        names = {_last(each) for each in several}
        if names <= CONNECTION:
            return True
        body = getattr(statement, "body", [])
        calls = names_of_calls(self._tree)
        elsewhere = any(
            isinstance(node, ast.Call) and not dotted(node.func) & calls
            for each in body
            for node in ast.walk(each)
        )
        return elsewhere and all(
            _last(each) in SYSTEM | CONNECTION or self._is_of_other_module(each) for each in several
        )

    def _is_of_other_module(self, error: ast.expr) -> bool:
        """True for an exception that an import brings, other than those of eslsync."""
        name = min(dotted(error) - {_last(error)}, default=_last(error))
        return any(
            name in {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            and (getattr(node, "module", "") or "").split(".")[0] != "eslsync"
            for node in self._tree.nodes
            if isinstance(node, (ast.Import, ast.ImportFrom))
        )

    def _branches(self, part: ast.AST, function: str) -> Iterator[Unrun]:
        """The branches of `a if b else c`, and the lambdas, that no call ran."""
        for node in ast.walk(part):
            branches: list[ast.expr] = []
            if isinstance(node, ast.IfExp):
                branches = [node.body, node.orelse]
            elif isinstance(node, ast.Lambda):
                branches = [node.body]
            for each in branches:
                does = any(isinstance(inner, (ast.Call, ast.BinOp)) for inner in ast.walk(each))
                if does and not _tells(each) and not self._has_run(each):
                    behind = ast.unparse(each)[:SHOWN]
                    first, end = each.lineno, each.end_lineno or 0
                    yield Unrun(function, first, end, behind, range(0), self._named_in(each))


_HAS_BODY = (ast.ExceptHandler, ast.match_case)


def _last(node: ast.expr) -> str:
    """The last name of a dotted one."""
    return ast.unparse(node).rpartition(".")[2]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_excused(statement: ast.stmt) -> bool:
    """True if a statement does nothing, only tells, or says that no call gets there."""
    if isinstance(statement, ast.Pass) or _is_text(statement):
        return True
    if isinstance(statement, ast.Raise):
        return statement.exc is None or bool(_called(statement.exc) & NEVER)
    if isinstance(statement, ast.Assert):
        return isinstance(statement.test, ast.Constant) and not statement.test.value
    return isinstance(statement, ast.Expr) and _tells(statement.value)


def _tells(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and bool(_called(node) & (NEVER | TELLS))


def _ends(statement: ast.stmt) -> bool:
    """True if a statement ends the call, or the function, whatever has happened."""
    if isinstance(statement, ast.Return):
        return statement.value is None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return bool(_called(statement.value) & {"hangup", "exit"})
    return False


def _called(node: ast.expr) -> set[str]:
    return dotted(node.func) if isinstance(node, ast.Call) else dotted(node)
