"""Scripts that several tests are made of."""

from __future__ import annotations

import pytest

from simulator.scripts.script import Script, ScriptError


def script_of(*steps: str, then: str = "") -> str:
    """The text of a script with these steps."""
    return "\n".join(["handler: ivr.py", "steps:", *(f"  - {step}" for step in steps), then])


def failure(text: str) -> str:
    """The error that parsing this script raises."""
    with pytest.raises(ScriptError) as raised:
        Script.parse(text, "ivr.call.yaml")
    return str(raised.value)
