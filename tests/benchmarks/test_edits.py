"""The edits whose comparison benchmarks/edits.py shows."""

from __future__ import annotations

import ast

from benchmarks.edits import EDITS, REFACTORINGS
from tests.support.places import EXAMPLES


def test_each_edit_is_one_of_its_example() -> None:
    assert len(EDITS) >= 20
    assert len(REFACTORINGS) >= 5
    for edit in (*EDITS, *REFACTORINGS):
        source = (EXAMPLES / f"{edit.file}.py").read_text(encoding="utf-8")
        assert ast.dump(ast.parse(edit.of(source))) != ast.dump(ast.parse(source)), edit.what
