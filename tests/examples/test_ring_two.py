"""examples/ring_two.py: which phone gets the call."""

from __future__ import annotations

import pytest

from examples.ring_two import RINGBACK, handler
from simulator import FreeSwitch

HOLD = "ivr/ivr-please_hold_while_party_contacted"
SORRY = "voicemail/vm-not_available"


@pytest.mark.parametrize(
    ("first", "second"), [("user/1000", "user/1001"), ("user/1001", "user/1000")]
)
def test_the_first_to_answer_has_the_call(first: str, second: str) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(first, rings=True, answers_after=3.0, hangs_up_after=60.0)
        switch.endpoint(second, rings=True, answers_after=5.0)
        call = switch.call(handler)
        call.hear(HOLD)
        call.expect("CHANNEL_BRIDGE")
        call.wait()
    assert call.bridged == [first]
    assert call.heard == [HOLD, RINGBACK]
    assert not call.given_back


def test_if_one_phone_is_busy_the_other_is_called() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        switch.endpoint("user/1001", rings=True, answers_after=5.0, hangs_up_after=10.0)
        call = switch.call(handler)
        call.wait()
    assert call.bridged == ["user/1001"]


def test_if_nobody_answers_the_dialplan_has_voicemail() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=None)
        switch.endpoint("user/1001", rings=True, answers_after=None)
        call = switch.call(handler, after=[("playback", "voicemail/vm-record_message")])
        call.hear(SORRY)
        call.hear("voicemail/vm-record_message")
        call.wait()
    assert call.bridged == []
    assert call.given_back


def test_without_phones_the_caller_is_told() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear(SORRY)
        call.wait()
    assert call.cause == "NORMAL_CLEARING"


def test_the_caller_can_hang_up_at_any_time() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=5.0)
        waits, speaks = switch.call(handler), switch.call(handler, caller="1002")
        waits.expect("bridge")
        waits.say_nothing(2.0)
        waits.hangup()
        speaks.expect("CHANNEL_BRIDGE")
        speaks.hangup()
    assert waits.bridged == []
    assert speaks.bridged == ["user/1000"]
