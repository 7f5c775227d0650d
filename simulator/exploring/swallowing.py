"""Where code catches a Hangup as it catches any error, and forgets it."""

from __future__ import annotations

import ast
from collections.abc import Sequence, Set

from .reach import dotted
from .trees import Tree, tree_of

__all__ = ["catches_everything", "forgets"]

#: What catches a Hangup by name: the code means it.
BY_NAME = frozenset("Hangup Transferred ESLError".split())
#: What catches it with everything else.
EVERYTHING = frozenset("Exception BaseException".split())


def forgets(file: str, line: int) -> int | None:
    """The line of what catches each error at a line of a function, and raises none again.

    None if nothing does, or if something catches a Hangup by its name.
    """
    tree = tree_of(file)
    function = tree.function_at(line)
    around = [
        node
        for node in tree.walk(function or tree.module)
        if isinstance(node, (ast.Try, ast.With)) and _is_in(node.body, line)
    ]
    for node in sorted(around, key=lambda each: -each.lineno):
        if isinstance(node, ast.With):
            words = _suppressed(node, tree)
            if words & BY_NAME:
                return None
            if words & EVERYTHING:
                return node.lineno
            continue
        for handler in node.handlers:
            words = set() if handler.type is None else _words(handler.type)
            if words & BY_NAME:
                return None
            if catches_everything(handler):
                return None if _looks_at_it(handler) else handler.lineno
    return None


def catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(_words(handler.type) & EVERYTHING)


def _suppressed(node: ast.With, tree: Tree) -> set[str]:
    """The exceptions that a `with` catches: by ``suppress``, or by a manager of the file."""
    found: set[str] = set()
    for each in node.items:
        call = each.context_expr
        if isinstance(call, ast.Call):
            names = dotted(call.func)
            if "suppress" in names:
                found |= set().union(*map(_words, call.args))
            if any(_is_manager_that_catches(part, names) for part in tree.nodes):
                found |= EVERYTHING
    return found


def _is_manager_that_catches(part: ast.AST, names: Set[str]) -> bool:
    """True for a class, or a function for ``contextmanager``, that catches everything."""
    if isinstance(part, ast.ClassDef) and part.name in names:
        return any(
            isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
            and node.value.value is True
            for method in part.body
            if isinstance(method, ast.FunctionDef) and method.name == "__exit__"
            for node in ast.walk(method)
        )  # fmt: skip
    if isinstance(part, ast.FunctionDef) and part.name in names:
        return any(
            catches_everything(handler) and not _looks_at_it(handler)
            for node in ast.walk(part)
            if isinstance(node, ast.Try)
            and any(isinstance(each, ast.Yield) for body in node.body for each in ast.walk(body))
            for handler in node.handlers
        )
    return False


def _looks_at_it(handler: ast.ExceptHandler) -> bool:
    """True if the handler may raise, or asks which exception it is."""
    return any(
        isinstance(node, ast.Raise)
        or (isinstance(node, (ast.Name, ast.Attribute)) and dotted(node) & BY_NAME)
        or (isinstance(node, ast.Name) and node.id == "isinstance")
        for statement in handler.body
        for node in ast.walk(statement)
    )


def _words(node: ast.expr) -> set[str]:
    several = node.elts if isinstance(node, ast.Tuple) else [node]
    return set().union(*map(dotted, several))


def _is_in(body: Sequence[ast.stmt], line: int) -> bool:
    return body[0].lineno <= line <= (body[-1].end_lineno or 0)
