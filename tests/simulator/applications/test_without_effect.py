"""Applications that change nothing but their own events."""

from __future__ import annotations

import pytest

from tests.support.model_call import ModelCall


@pytest.mark.parametrize("name", ["log", "eval", "info", "stop"])
def test_applications_without_effect_complete_and_the_call_goes_on(name: str) -> None:
    call = ModelCall().answered()
    call.execute(name, "anything")
    call.wait(0.1)
    assert call.completed.get("Application") == name
    assert call.completed.get("Application-Response") == "_none_"
    assert call.channel.up
