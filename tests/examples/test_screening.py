"""examples/screening.py: what the caller hears, depending on what the owner does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Hangup, Outbound
from examples.screening import MUSIC, OWNER, handler
from simulator import Call, FreeSwitch, sweep
from simulator.calling.faults import FaultKind

SORRY = "voicemail/vm-not_available_no_voicemail"

#: Seconds from the answer: by then the owner has heard who calls.
DECIDES_AFTER = 6.0


def test_key_1_connects_them() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(
            OWNER, answers_after=4.0, presses=[(DECIDES_AFTER, "1")], hangs_up_after=60.0
        )
        call = switch.call(handler)
        call.hear("voicemail/vm-record_name1")
        call.expect("record")
        call.press("#")
        call.hear(MUSIC)  # to the decision
        call.expect("CHANNEL_BRIDGE")
        call.wait()
    assert call.bridged == [OWNER]
    assert call.heard == ["voicemail/vm-record_name1", MUSIC]
    assert call.cause == "NORMAL_CLEARING"


def test_the_owner_hears_the_name_before_deciding() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(OWNER, presses=[(DECIDES_AFTER, "1")], hangs_up_after=10.0)
        call = switch.call(handler)
        call.wait()
    heard = [
        entry.text.partition(" hears ")[2]
        for entry in call.transcript.entries
        if entry.text.startswith(f"{OWNER} hears ")
    ]
    assert heard == [
        "ivr/ivr-call_from",
        f"/tmp/{call.uuid}-name.wav",
        "ivr/ivr-accept_reject_voicemail",
    ]


def test_key_3_sends_the_caller_to_voicemail() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(OWNER, presses=[(DECIDES_AFTER, "3")])
        call = switch.call(handler)
        call.hear("voicemail/vm-record_message")
        call.expect("record")
        call.say_nothing(3.0)
        call.press("#")
        call.hear("voicemail/vm-goodbye")
        call.wait()
    assert call.bridged == []


@pytest.mark.parametrize(
    "behaviour",
    [
        {"presses": [(DECIDES_AFTER, "2")]},
        {},  # picks up, and presses nothing
        {"hangs_up_after": 1.0},  # picks up, and hangs up
        {"rejects": "USER_BUSY"},
        {"rejects": "CALL_REJECTED"},
        {"answers_after": None, "rings": True},
    ],
    ids=["key 2", "no key", "hangs up", "busy", "refuses", "no answer"],
)
def test_whoever_does_not_take_the_call_is_not_available(behaviour: dict[str, object]) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(OWNER, **behaviour)  # type: ignore[arg-type]
        call = switch.call(handler)
        call.hear(SORRY)
        call.wait()
    assert call.bridged == []
    assert call.cause == "NORMAL_CLEARING"


@pytest.mark.parametrize("seconds", [4.5, 8.0, 20.0])
def test_a_caller_who_hangs_up_takes_the_owners_leg_along(seconds: float) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(OWNER, answers_after=3.0, rings=True, presses=[(DECIDES_AFTER, "1")])
        call = switch.call(handler)
        call.say_nothing(seconds)
        call.hangup()
    assert isinstance(call.outcome, Hangup)
    assert any(f"hangs up {OWNER}" in entry.text for entry in call.transcript.entries)


def accepted(call: Call) -> None:
    call.switch.endpoint(OWNER, presses=[(DECIDES_AFTER, "1")], hangs_up_after=10.0)
    call.wait(timeout=60.0)


def to_voicemail(call: Call) -> None:
    call.switch.endpoint(OWNER, presses=[(DECIDES_AFTER, "3")])
    call.hear("voicemail/vm-record_message")
    call.expect("record")
    call.press("#")
    call.wait(timeout=60.0)


@pytest.mark.parametrize("kind", ["hangup", "drop", "refuse"])
@pytest.mark.parametrize("script", [accepted, to_voicemail])
def test_the_call_ends_whatever_happens(script: Callable[[Call], object], kind: FaultKind) -> None:
    # Only the events that the library needs, and every sixth step.
    result = sweep(script, Outbound(handler, events=["DTMF"]), faults=[kind], every=6)
    assert result.outcomes
    assert not result.wrong, str(result)
