"""One step of a script."""

from __future__ import annotations

import math

import pytest

from simulator.scripts.script import ScriptError, Step


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [
        ("sing", {}, "there is no verb 'sing'; there are hear"),
        ("press", {"digit": "1"}, "press has no 'digit' (did you mean digits?)"),
        ("press", {"digits": 1}, "digits of press takes keys (0-9, *, # and A-D)"),
        ("press", {}, "press needs digits"),
        ("wait", {"timeout": math.inf}, "timeout of wait takes seconds, such as 2 or 0.5, not inf"),
        ("wait", {"timeout": True}, "timeout of wait takes seconds"),
        ("call", {"caller": "2", "steps": ["wait"]}, "steps of call takes a list of steps"),
    ],
)
def test_an_invalid_step_is_refused(verb: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ScriptError) as raised:
        Step(verb, options)
    assert str(raised.value).startswith(said)
