"""Applications and api commands that FreeSWITCH has, and the simulated switch does not."""

from __future__ import annotations

from simulator.model.evidence import Part
from tests.support.model_call import ModelCall


def test_one_that_is_not_modelled_is_reported_and_does_nothing() -> None:
    call = ModelCall().answered()
    used: list[Part] = []
    call.switch.on_used = lambda part, channel: used.append(part)
    call.execute("lua", "anything")
    call.wait(0.1)
    assert call.completed.get("Application") == "lua"
    assert call.completed.get("Application-Response") == "_none_"
    assert call.channel.up
    assert [(str(part), part.where, part.basis.value) for part in used] == [
        ("application lua", "mod_lua", "not modelled")
    ]
