"""Each trick that relies on undocumented behaviour names the test that holds it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from simulator.clockwork import tricks

TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")
)
NO_FUNCTIONS = {"real_sleep", "what_waits"}
FUNCTIONS = [getattr(tricks, name) for name in tricks.__all__ if name not in NO_FUNCTIONS]


@pytest.mark.parametrize("trick", [tricks, *FUNCTIONS], ids=lambda each: each.__name__)
def test_each_names_a_test_that_there_is(trick: object) -> None:
    names = re.findall(r"\((test_\w+)(?:,|\))", re.sub(r"\s+", " ", inspect.getdoc(trick) or ""))
    assert names
    for name in names:
        assert f"def {name}(" in TESTS
