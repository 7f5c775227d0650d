"""The code of a file, walked once."""

from __future__ import annotations

import ast
from pathlib import Path

from simulator.exploring.trees import Tree, tree_of

SOURCE = """
def outer(channel):
    def inner():
        return table["1"]
    table = {"1": 2}
    return inner() if channel else -table["1"]
"""


def test_nodes_come_in_the_order_of_pythons_own_walk() -> None:
    module = ast.parse(SOURCE)
    tree = Tree(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.expr_context):
            inside = [each for each in ast.walk(node) if not isinstance(each, ast.expr_context)]
            assert tree.walk(node) == inside
    assert tree.nodes == tree.walk(module)
    of = [each for each in tree.nodes if isinstance(each, (ast.Dict, ast.Subscript))]
    assert tree.of(ast.Dict, ast.Subscript) == of != []


def test_the_innermost_function_is_around_a_line_and_a_node() -> None:
    tree = Tree(ast.parse(SOURCE))
    outer, inner = tree.of(ast.FunctionDef)
    assert [tree.function_at(line) for line in (1, 3, 4, 5)] == [None, inner, inner, outer]
    assert [tree.function_around(each) for each in tree.of(ast.Return)] == [outer, inner]
    assert tree.function_around(outer) is None


def test_a_file_that_was_edited_has_another_tree(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    assert tree_of(file).nodes[1:] == []
    file.write_text("one = 1\n")
    before = tree_of(file)
    assert tree_of(str(file)) is before
    file.write_text("one = = 1\n")
    assert tree_of(file).module.body == []
    file.write_text("two = 2\n")
    assert [each.id for each in tree_of(file).of(ast.Name)] == ["two"]
