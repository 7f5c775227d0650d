"""examples/attended_transfer.py: whom the caller speaks to, and what they hear."""

from __future__ import annotations

import pytest

from eslsync import Hangup, Outbound
from examples.attended_transfer import MUSIC, OPERATOR, handler
from simulator import Call, FreeSwitch, sweep
from simulator.calling.faults import FaultKind

COLLEAGUE = "user/123"
SORRY = "voicemail/vm-not_available_no_voicemail"


def operator_dials(switch: FreeSwitch, digits: str) -> None:
    switch.endpoint(OPERATOR, answers_after=2.0, presses=[(10.0, digits)], hangs_up_after=12.0)


def test_the_colleague_presses_1_and_has_the_caller() -> None:
    with FreeSwitch() as switch:
        operator_dials(switch, "123")
        switch.endpoint(COLLEAGUE, answers_after=5.0, presses=[(8.0, "1")], hangs_up_after=60.0)
        call = switch.call(handler)
        call.expect("CHANNEL_BRIDGE")
        call.hear(MUSIC)  # while the colleague is asked
        call.expect("CHANNEL_BRIDGE")
        call.wait()
    assert call.bridged == [OPERATOR, COLLEAGUE]
    assert call.heard == [MUSIC, MUSIC]
    assert call.cause == "NORMAL_CLEARING"


@pytest.mark.parametrize(
    "behaviour",
    [
        {"presses": [(8.0, "2")]},
        {},  # picks up, and presses nothing
        {"hangs_up_after": 1.0},  # picks up, and hangs up
        {"rejects": "USER_BUSY"},
        {"rejects": "CALL_REJECTED"},
        {"answers_after": None, "rings": True},
    ],
    ids=["key 2", "no key", "hangs up", "busy", "refuses", "no answer"],
)
def test_a_caller_who_is_not_taken_is_back_with_the_operator(behaviour: dict[str, object]) -> None:
    with FreeSwitch() as switch:
        operator_dials(switch, "123")
        switch.endpoint(COLLEAGUE, **behaviour)  # type: ignore[arg-type]
        call = switch.call(handler)
        call.hear(SORRY)
        switch.endpoint(OPERATOR, hangs_up_after=10.0)  # the second time, nothing is dialled
        call.expect("CHANNEL_BRIDGE")
        call.wait()
    assert call.bridged == [OPERATOR, OPERATOR]
    assert call.cause == "NORMAL_CLEARING"


def test_an_unknown_extension_is_told_to_the_caller() -> None:
    with FreeSwitch() as switch:
        operator_dials(switch, "999")
        call = switch.call(handler)
        call.hear(SORRY)
        call.hangup()
    assert call.bridged == [OPERATOR]


def test_if_the_operator_is_busy_the_caller_is_told() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(OPERATOR, rejects="USER_BUSY")
        call = switch.call(handler)
        call.hear(SORRY)
        call.wait()
    assert call.bridged == []


def test_if_the_operator_is_gone_before_they_are_connected_the_caller_is_told() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(OPERATOR, hangs_up_after=0.0)
        call = switch.call(handler)
        call.hear(SORRY)
        call.wait()
    assert call.bridged == []


def test_the_colleague_hears_who_calls() -> None:
    with FreeSwitch() as switch:
        operator_dials(switch, "123")
        switch.endpoint(COLLEAGUE, presses=[(8.0, "1")], hangs_up_after=10.0)
        call = switch.call(handler, caller="42")
        call.wait()
    heard = [
        entry.text.partition(" hears ")[2]
        for entry in call.transcript.entries
        if entry.text.startswith(f"{COLLEAGUE} hears ")
    ]
    assert heard == [
        "ivr/ivr-call_from",
        "file_string://digits/4.wav!digits/2.wav",
        "ivr/ivr-accept_reject",
    ]


@pytest.mark.parametrize("seconds", [1.0, 5.0, 15.0, 20.0, 35.0])
def test_a_caller_who_hangs_up_leaves_nobody_on_the_line(seconds: float) -> None:
    with FreeSwitch() as switch:
        operator_dials(switch, "123")
        switch.endpoint(COLLEAGUE, answers_after=3.0, rings=True, presses=[(12.0, "1")])
        call = switch.call(handler)
        call.say_nothing(seconds)
        call.hangup()
    assert isinstance(call.outcome, Hangup)
    whom = COLLEAGUE if seconds > 14.0 else OPERATOR
    assert any(f"hangs up {whom}" in entry.text for entry in call.transcript.entries)


def taken(call: Call) -> None:
    operator_dials(call.switch, "123")
    call.switch.endpoint(COLLEAGUE, presses=[(12.0, "1")], hangs_up_after=20.0)
    call.expect("CHANNEL_BRIDGE")
    call.expect("CHANNEL_BRIDGE")
    call.wait(timeout=60.0)


@pytest.mark.parametrize("kind", ["hangup", "drop", "refuse"])
def test_the_call_ends_whatever_happens(kind: FaultKind) -> None:
    # Only the events that the library needs, and every sixth step.
    result = sweep(taken, Outbound(handler, events=["DTMF"]), faults=[kind], every=6)
    assert result.outcomes
    assert not result.wrong, str(result)
