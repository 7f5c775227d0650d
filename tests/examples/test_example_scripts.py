"""The scripts beside the examples: each call goes as written."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.scripts.script import run_script
from tests.support.places import EXAMPLES


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.call.yaml")), ids=lambda path: path.name)
def test_the_call_goes_as_the_script_says(script: Path) -> None:
    run_script(script)
