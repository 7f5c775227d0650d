"""Scripts that several tests are made of."""

from __future__ import annotations

import pytest

from simulator.scripts.script import Script, ScriptError


def script_of(*steps: str, then: str = "") -> str:
    return "\n".join(["handler: ivr.py", "steps:", *(f"  - {step}" for step in steps), then])


def failure(text: str) -> str:
    with pytest.raises(ScriptError) as raised:
        Script.parse(text, "ivr.call.yaml")
    return str(raised.value)
