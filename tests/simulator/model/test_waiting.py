"""Sleeping."""

from __future__ import annotations

from tests.support.model_call import ModelCall


def test_a_key_ends_sleep_unless_it_is_eaten() -> None:
    call = ModelCall().answered()
    call.execute("sleep", "3000")
    call.wait(1)
    call.channel.press("1")
    call.wait(0.1)
    # it is left for whatever reads next
    assert call.ladder()[-2:] == ["CHANNEL_EXECUTE_COMPLETE sleep", "DTMF"]
    call.channel.set("sleep_eat_digits", "true")
    call.execute("sleep", "3000")
    call.wait(1)
    call.channel.press("1")
    call.wait(0.1)
    assert call.ladder()[-1] == "DTMF"
