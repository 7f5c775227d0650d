"""examples/conference.py: who may enter, and what is announced to whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Hangup, Outbound
from examples.conference import PIN, handler
from simulator import Call, FreeSwitch, sweep


def enter(call: Call) -> None:
    """Press the PIN, say a name, join."""
    call.press(f"{PIN}#", when_asked=True)
    call.hear("voicemail/vm-record_name1")
    call.expect("record")
    call.say_nothing(1.5)
    call.press("#")
    call.hear("conference/conf-welcome")
    call.hear("ivr/ivr-you_are_number")
    call.expect("conference")


def test_the_right_pin_leads_into_the_conference() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        enter(call)
        call.say_nothing(60.0)
        call.hangup()
    assert call.heard == [
        "conference/conf-enter_conf_pin",
        "voicemail/vm-record_name1",
        "conference/conf-welcome",
        "ivr/ivr-you_are_number",
        "digits/1.wav",
    ]
    assert isinstance(call.outcome, Hangup)


def test_three_wrong_pins_lead_out() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.press("1234#", when_asked=True)
        call.hear("conference/conf-bad-pin")
        call.press("12#", when_asked=True)
        call.hear("conference/conf-bad-pin")
        call.press("#", when_asked=True)
        call.hear("conference/conf-goodbye")
        call.wait()
    assert call.cause == "NORMAL_CLEARING"


def test_entering_and_leaving_are_announced_to_the_others() -> None:
    with FreeSwitch() as switch:
        first = switch.call(handler, caller="1001")
        enter(first)
        second = switch.call(handler, caller="1002")
        enter(second)
        first.hear("conference/conf-has_joined")
        second.say_nothing(30.0)
        second.hangup()
        first.hear("conference/conf-has_left")
        third = switch.call(handler, caller="1003")
        enter(third)
    own = first.heard.index("digits/1.wav") + 1
    assert first.heard[own : own + 4] == [
        f"/tmp/{second.uuid}.wav",
        "conference/conf-has_joined",
        f"/tmp/{second.uuid}.wav",
        "conference/conf-has_left",
    ]
    assert second.heard[-2:] == ["ivr/ivr-you_are_number", "digits/2.wav"]
    assert third.heard[-2:] == ["ivr/ivr-you_are_number", "digits/2.wav"]


def stay_a_while(call: Call) -> None:
    enter(call)
    call.say_nothing(10.0)
    call.hangup()


def wrong_pin(call: Call) -> None:
    call.press("1#", when_asked=True)
    call.press("2#", when_asked=True)
    call.press("3#", when_asked=True)
    call.wait(timeout=60.0)


@pytest.mark.parametrize("script", [stay_a_while, wrong_pin])
def test_the_call_ends_whatever_happens(script: Callable[[Call], object]) -> None:
    # Only the events that the library needs, and every sixth step.
    result = sweep(script, Outbound(handler, events=["DTMF"]), every=6)
    assert result.outcomes
    assert not result.wrong, str(result)
