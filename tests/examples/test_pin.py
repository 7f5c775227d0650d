"""examples/pin.py: setting a PIN."""

from __future__ import annotations

import pytest

from examples import pin
from simulator import FreeSwitch

ASK = "ivr/ivr-please_enter_pin_followed_by_pound"
INVALID = "ivr/ivr-that_was_an_invalid_entry"
GOODBYE = "voicemail/vm-goodbye"


@pytest.fixture(autouse=True)
def pins(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    kept: dict[str, str] = {}
    monkeypatch.setattr(pin, "pins", kept)
    return kept


def test_a_pin_is_read_back_and_kept_when_it_is_confirmed(pins: dict[str, str]) -> None:
    with FreeSwitch() as switch:
        call = switch.call(pin.handler, caller="1001")
        call.hear(ASK)
        call.press("1234#")
        call.hear("ivr/ivr-if_correct_press")
        call.press("1")
        call.hear("ivr/ivr-thank_you")
        call.wait()
    assert pins == {"1001": "1234"}


def test_a_caller_who_knows_the_menu_types_all_of_it_at_once(pins: dict[str, str]) -> None:
    with FreeSwitch() as switch:
        call = switch.call(pin.handler)
        call.hear(ASK, start=True)
        call.press("1234#1")
        call.hear("ivr/ivr-thank_you")
        call.wait()
    assert pins == {"1001": "1234"}


def test_another_key_than_1_asks_again(pins: dict[str, str]) -> None:
    with FreeSwitch() as switch:
        call = switch.call(pin.handler)
        call.press("1234#", when_asked=True)
        call.hear("ivr/ivr-you_entered", start=True)
        call.press("2")
        call.hear(ASK)
        call.press("87654321", gap=0.5)  # the longest needs no #
        call.hear("ivr/ivr-if_correct_press")
        call.press("1")
        call.wait()
    assert pins == {"1001": "87654321"}


@pytest.mark.parametrize("keys", ["123#", "12*4#", "#"])
def test_three_wrong_entries_end_the_call(pins: dict[str, str], keys: str) -> None:
    with FreeSwitch() as switch:
        call = switch.call(pin.handler)
        for _ in range(3):
            call.hear(ASK)
            call.press(keys)
            call.hear(INVALID)
        call.hear(GOODBYE)
        call.wait()
    assert not pins


def test_silence_counts_as_a_wrong_entry() -> None:
    with FreeSwitch() as switch:
        call = switch.call(pin.handler)
        call.wait()
    assert call.heard == [ASK, INVALID] * 3 + [GOODBYE]


def test_hanging_up_before_confirming_sets_no_pin(pins: dict[str, str]) -> None:
    with FreeSwitch() as switch:
        call = switch.call(pin.handler)
        call.press("1234#", when_asked=True)
        call.hear("ivr/ivr-you_entered", start=True)
        call.hangup()
    assert not pins
