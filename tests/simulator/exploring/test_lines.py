"""Lines that no caller reaches, as coverage.py sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import explore
from tests.support.explored import FAULTY


def test_lines_that_no_caller_reaches_are_reported() -> None:
    pytest.importorskip("coverage")
    # In a process of its own: this one's lines may be counted already.
    exploration = explore(FAULTY, keys="6", workers=2, coverage=True, calls=40)
    [(file, (count, missed))] = exploration.uncovered.items()
    assert Path(file) == FAULTY
    lines = FAULTY.read_text().splitlines()
    assert count > len(missed) > 10
    assert any("ACCOUNTS[number]" in lines[number - 1] for number in missed)
    assert not any("main/thanks" in lines[number - 1] for number in missed)
    assert "no caller reaches" in str(exploration)
