"""The benchmark of seeded faults, at its smallest."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mutants import EQUIVALENT, all_mutants, possible
from benchmarks.mutating import KINDS, mutants_of
from tests.support.places import EXAMPLES, ROOT


def test_there_are_enough_mutants_and_each_is_another_program() -> None:
    mutants = all_mutants()
    assert len(mutants) - len(EQUIVALENT) >= 200
    assert {mutant.kind for mutant in mutants} == set(KINDS)
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        ast.parse(mutant.source)
        assert mutant.diff, mutant.name


def test_what_is_excluded_exists_and_has_a_reason() -> None:
    assert set(EQUIVALENT) <= {mutant.name for mutant in possible()}  # another file, another choice
    assert all(EQUIVALENT.values())


def test_a_file_always_has_the_same_mutants() -> None:
    assert mutants_of(EXAMPLES / "basic.py") == mutants_of(EXAMPLES / "basic.py")


@pytest.mark.thorough
def test_a_missing_hangup_is_found_by_explore(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/mutants.py", "--only", "basic/missing-hangup"]
    command += ["--results", str(tmp_path), "--ways", "explore", "script", "tests", "sweep"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "| missing hangup | 1 | 1 | 1 |" in ran.stdout
    [told] = (tmp_path / "explore").glob("basic.missing-hangup.*.json")
    assert "left-up" in str(json.loads(told.read_text(encoding="utf-8"))["findings"])
    for way in ("script", "tests", "sweep"):
        original = tmp_path / way / "basic.original.json"
        assert json.loads(original.read_text(encoding="utf-8"))["failed"] == []
