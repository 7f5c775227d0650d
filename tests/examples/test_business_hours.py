"""examples/business_hours.py, inside and outside of its hours."""

from __future__ import annotations

import pytest

from examples.business_hours import DESK, handler
from simulator import FreeSwitch

CONNECT = "ivr/ivr-hold_connect_call"
CLOSED = "office/closed_press_1_for_message"
BUSY = "office/busy_press_1_for_message"
GOODBYE = "voicemail/vm-goodbye"


@pytest.mark.parametrize(
    ("start", "heard"),
    [
        ("2026-01-05T08:59:50", CLOSED),  # a Monday
        ("2026-01-05T09:00:00", CONNECT),
        ("2026-01-05T17:59:50", CONNECT),
        ("2026-01-05T18:00:00", CLOSED),
        ("2026-01-09T16:00:00", CLOSED),  # a Friday
        ("2026-01-10T12:00:00", CLOSED),  # a Saturday
        ("2026-01-01T12:00:00", CLOSED),  # a Thursday, and a holiday
        ("2026-12-24T11:59:50", CONNECT),  # a short day
        ("2026-12-24T12:00:00", CLOSED),
    ],
)
def test_hours_and_holidays(start: str, heard: str) -> None:
    with FreeSwitch(start=start) as switch:
        call = switch.call(handler)
        call.hear(heard)
        call.hangup()


def test_during_opening_hours_the_desk_has_the_call() -> None:
    with FreeSwitch(start="2026-01-05T09:00:00") as switch:
        switch.endpoint(DESK, rings=True, answers_after=5.0, hangs_up_after=60.0)
        call = switch.call(handler)
        call.hear(CONNECT)
        call.wait()
    assert call.bridged == [DESK]
    assert call.heard == [CONNECT]


def test_a_call_that_comes_in_time_is_put_through_after_closing_time() -> None:
    with FreeSwitch(start="2026-01-05T17:59:55", prompts={CONNECT: 30.0}) as switch:
        switch.endpoint(DESK, hangs_up_after=60.0)
        call = switch.call(handler)
        call.wait()
    assert call.bridged == [DESK]


def test_if_the_desk_does_not_answer_the_caller_leaves_a_message() -> None:
    with FreeSwitch(start="2026-01-05T09:00:00") as switch:
        switch.endpoint(DESK, rings=True, answers_after=None)
        call = switch.call(handler)
        call.hear(BUSY, start=True)
        call.press("1")
        call.expect("record")
        call.say_nothing(20.0)
        call.press("#")
        call.hear("ivr/ivr-recording_saved")
        call.wait()
    assert call.variable("record_seconds") in ("19", "20")


def test_after_closing_time_a_hangup_ends_the_message() -> None:
    with FreeSwitch(start="2026-01-10T12:00:00") as switch:
        call = switch.call(handler)
        call.hear(CLOSED)
        call.press("1")
        call.expect("record")
        call.say_nothing(5.0)
        call.hangup()
    assert call.variable("record_seconds") is not None


def test_wrong_keys_and_silence_leave_no_message() -> None:
    with FreeSwitch(start="2026-01-10T12:00:00") as switch:
        call = switch.call(handler)
        call.hear(CLOSED)
        call.press("2")
        call.wait()
    assert call.heard == [CLOSED] * 3 + [GOODBYE]
