"""The code of a file, walked once: its nodes by type, and what each of them stands in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TypeVar

from eslsync.stacks import parsed

__all__ = ["Tree", "innermost", "tree_of"]

N = TypeVar("N", bound=ast.AST)


class Tree:
    """A file's syntax tree. Nodes come in the order of ``ast.walk``, without load and store."""

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.nodes: list[ast.AST] = [module]
        self.above: dict[ast.AST, ast.AST] = {}  #: what each node stands in
        self._below: dict[ast.AST, Sequence[ast.AST]] = {}
        self._of: dict[type[ast.AST], list[tuple[int, ast.AST]]] = {}
        for place, node in enumerate(self.nodes):
            self._of.setdefault(type(node), []).append((place, node))
            below = [
                each
                for each in ast.iter_child_nodes(node)
                if not isinstance(each, ast.expr_context)
            ]
            if below:
                self._below[node] = below
                self.above.update(dict.fromkeys(below, node))
                self.nodes += below

    def of(self, *types: type[N]) -> list[N]:
        """The nodes of these types."""
        found = chain.from_iterable(self._of.get(each, ()) for each in types)
        return [node for _, node in sorted(found)]  # type: ignore[misc]

    def below(self, node: ast.AST) -> Sequence[ast.AST]:
        """The nodes that stand in one directly."""
        return self._below.get(node, ())

    def walk(self, node: ast.AST) -> list[ast.AST]:
        """A node, and all that stand in it."""
        found = [node]
        for each in found:
            found += self._below.get(each, ())
        return found

    def function_around(self, node: ast.AST) -> ast.FunctionDef | None:
        """The innermost function that a node stands in."""
        above = self.above.get(node)
        while above is not None and not isinstance(above, ast.FunctionDef):
            above = self.above.get(above)
        return above

    def function_at(self, line: int) -> ast.FunctionDef | None:
        """The innermost function that contains a line."""
        return innermost(self.of(ast.FunctionDef), line)


def innermost(functions: Iterable[ast.FunctionDef], line: int) -> ast.FunctionDef | None:
    """The innermost of these functions that contains a line."""
    around = [each for each in functions if each.lineno <= line <= (each.end_lineno or 0)]
    return min(around, key=lambda each: (each.end_lineno or 0) - each.lineno, default=None)


def tree_of(file: str | Path) -> Tree:
    """The tree of a file as it is now: it may have been edited since the last exploration."""
    try:
        return _tree(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Tree(ast.Module([], []))


@lru_cache(maxsize=16)
def _tree(source: str) -> Tree:
    try:
        return Tree(parsed(source))
    except (SyntaxError, ValueError):
        return Tree(ast.Module([], []))
