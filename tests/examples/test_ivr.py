"""examples/ivr.py: a key, and silence."""

from __future__ import annotations

import pytest

from examples.ivr import handler
from simulator import FreeSwitch


@pytest.mark.parametrize("key", ["1", "2", "3", "4"])
def test_a_key_plays_its_option(key: str) -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome")
        call.press(key)
        call.hear(f"ivr/ivr-option-{key}")


def test_a_silent_caller_hears_the_timeout_after_ten_seconds() -> None:
    with FreeSwitch(prompts={"ivr/ivr-welcome": 3.0}) as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-timeout", start=True)
        assert call.duration == pytest.approx(13, abs=0.1)
        call.wait()
    assert call.cause == "NORMAL_CLEARING"
