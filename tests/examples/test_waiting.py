"""examples/waiting.py, called by one, two and three callers at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Outbound
from examples import waiting
from examples.waiting import AGENTS, MUSIC, Line, handler
from simulator import Call, FreeSwitch, sweep

AGENT = "user/1000"


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """An empty queue for each test."""
    line = Line(AGENTS)
    monkeypatch.setattr(waiting, "line", line)
    return line


def test_the_first_caller_is_put_through_at_once() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, answers_after=3.0, hangs_up_after=60.0)
        call = switch.call(handler)
        call.hear("ivr/ivr-call_answered_order_received")
        call.expect("CHANNEL_BRIDGE")
        call.wait()
    assert call.bridged == [AGENT]
    assert call.cause == "NORMAL_CLEARING"


def test_the_second_caller_hears_their_position_and_is_put_through_next() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, hangs_up_after=60.0)
        first = switch.call(handler, caller="1001")
        second = switch.call(handler, caller="1002")
        first.expect("CHANNEL_BRIDGE")
        second.hear("ivr/ivr-you_are_number")
        second.hear("ivr/ivr-in_line")
        assert second.bridged == []  # the agent still speaks to the first
        second.expect("CHANNEL_BRIDGE")
        assert first.ended
        second.wait()
    assert second.bridged == [AGENT]
    assert second.heard[:4] == [
        "ivr/ivr-call_answered_order_received",
        MUSIC,
        "ivr/ivr-you_are_number",
        "digits/2.wav",
    ]


def test_a_busy_agent_is_tried_again_while_the_music_plays() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, rejects="USER_BUSY")
        call = switch.call(handler)
        call.expect("bridge")
        call.hear(MUSIC, start=True)
        switch.endpoint(AGENT, hangs_up_after=30.0)
        call.expect("CHANNEL_BRIDGE")
        call.wait()
    assert call.bridged == [AGENT]


def test_an_agent_who_does_not_answer_keeps_nobody_from_leaving(line: Line) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, answers_after=None, rings=True)
        call = switch.call(handler, caller="4930123")
        call.hear("ivr/ivr-if_you_would_like_us_to_call_back")
        call.press("1")
        call.hear("ivr/ivr-we_will_return_your_call_at_this_number")
        call.wait()
    assert line.to_call_back == ["4930123"]


def test_a_caller_who_hangs_up_makes_room_for_the_next() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT)
        callers = [switch.call(handler, caller=number) for number in ("1001", "1002", "1003")]
        first, second, third = callers
        first.expect("CHANNEL_BRIDGE")
        third.hear("digits/3.wav")
        second.hangup()  # while they wait
        third.hear("digits/2.wav")
        first.hangup()  # while they speak
        third.expect("CHANNEL_BRIDGE")
    assert second.bridged == []


def speak(call: Call) -> None:
    call.switch.endpoint(AGENT, hangs_up_after=5.0)
    call.hear("ivr/ivr-call_answered_order_received")
    call.wait()


def give_up(call: Call) -> None:
    call.switch.endpoint(AGENT, rejects="USER_BUSY")
    call.expect("bridge")
    call.hear(MUSIC, start=True)
    call.press("1")
    call.wait()


@pytest.mark.parametrize("script", [speak, give_up])
def test_the_call_ends_whatever_happens_and_the_agent_is_free_again(
    script: Callable[[Call], object],
) -> None:
    # Only the events that the library needs, and every sixth step.
    result = sweep(script, Outbound(handler, events=["DTMF"]), every=6)
    assert result.outcomes
    assert not result.wrong, str(result)
    with FreeSwitch() as switch:
        switch.endpoint(AGENT)
        switch.call(handler).expect("CHANNEL_BRIDGE", timeout=5.0)
