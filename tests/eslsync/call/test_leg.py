"""Other legs: applications and events belong to their leg, and legs can be bridged."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Bridged, Channel, Event, Hangup, HangupCause, Session
from simulator import Call, Fault, FreeSwitch
from tests.support.asking import ANSWERS, ORIGINATED, ask, session_of, told
from tests.support.evidence import stands_on

TALKS = {"user/1000": {"answers_after": 2.0, "hangs_up_after": 30.0}}


# What runs where


@stands_on(ORIGINATED, "originate", "playback")
def test_applications_of_a_leg_run_there() -> None:
    def question(channel: Channel) -> list[object]:
        agent = session_of(channel).originate("user/1000")
        played = agent.playback("ivr/you-have-a-call")
        agent.set("x", "agent's")
        channel.set("x", "caller's")
        return [
            played.response,
            *(leg.get_variable("x") for leg in (agent, channel)),
            *(leg.variables["x"] for leg in (agent, channel)),
        ]

    asked = ask(question, endpoints=ANSWERS)
    assert asked.value == ["FILE PLAYED", "agent's", "caller's", "agent's", "caller's"]
    assert asked.call.heard == []
    assert "user/1000 hears ivr/you-have-a-call" in told(asked.call)


@stands_on(ORIGINATED, "originate")
def test_each_legs_digits_are_its_own() -> None:
    def question(channel: Channel) -> list[list[str]]:
        callers: list[str] = []
        agents: list[str] = []
        agent = session_of(channel).originate("user/1000")
        channel.on_dtmf()(callers.append)
        agent.on_dtmf()(agents.append)
        digits = [agent.wait("DTMF").digit, agent.wait("DTMF").digit, channel.wait("DTMF").digit]
        return [callers, agents, [str(digit) for digit in digits]]

    def caller(call: Call) -> None:
        call.say_nothing(5)
        call.press("7")

    endpoints = {"user/1000": {"presses": [(1.0, "15")]}}
    assert ask(question, caller, endpoints=endpoints).value == [["7"], ["1", "5"], ["1", "5", "7"]]


@stands_on(ORIGINATED, "originate", "get_digits")
def test_the_called_leg_can_be_asked_for_digits() -> None:
    def question(channel: Channel) -> str:
        agent = session_of(channel).originate("user/1000")
        return agent.get_digits("ivr/press-1-to-accept", regexp="1")

    asked = ask(question, endpoints={"user/1000": {"presses": [(1.0, "1")]}})
    assert asked.value == "1"


@stands_on(ORIGINATED, "originate")
def test_a_leg_that_hangs_up_ends_its_own_waits_with_its_cause_and_no_others() -> None:
    def question(channel: Channel) -> list[object]:
        agent = session_of(channel).originate("user/1000")
        with pytest.raises(Hangup) as hangup:
            agent.wait("DTMF")
        assert hangup.value.event is agent.hangup_event
        causes: list[object] = [hangup.value.cause]
        for wait in (
            lambda: agent.playback("ivr/x"),
            lambda: agent.set("x", "y"),
            lambda: agent.wait("DTMF", timeout=1),
            lambda: agent.get_digits(),
        ):
            with pytest.raises(Hangup) as hangup:
                wait()
            causes.append(hangup.value.cause)
        channel.playback("ivr/they-left")
        return [*causes, agent.is_up, channel.is_up, session_of(channel).hangup_event]

    endpoints = {"user/1000": {"hangs_up_after": 3.0, "cause": "MEDIA_TIMEOUT"}}
    asked = ask(question, endpoints=endpoints)
    assert asked.value == [*[HangupCause.MEDIA_TIMEOUT] * 5, False, True, None]
    assert asked.call.heard == ["ivr/they-left"]


@stands_on(ORIGINATED, "originate", "hangup")
def test_a_leg_can_be_hung_up_and_the_call_goes_on() -> None:
    def question(channel: Channel) -> list[object]:
        agent = session_of(channel).originate("user/1000")
        agent.hangup("CALL_REJECTED")
        agent.hangup()
        channel.playback("ivr/on")
        event = agent.hangup_event
        return [None if event is None else event.hangup_cause, agent.state.is_hangup]

    asked = ask(question, endpoints=ANSWERS)
    assert asked.value == [HangupCause.CALL_REJECTED, True]
    assert asked.call.heard == ["ivr/on"]


@stands_on(ORIGINATED, "originate")
def test_the_end_of_the_call_ends_a_wait_on_another_leg() -> None:
    def question(channel: Channel) -> None:
        agent = session_of(channel).originate("user/1000")
        with pytest.raises(Hangup) as hangup:
            agent.wait("DTMF")
        assert hangup.value.event is channel.hangup_event

    ask(question, lambda call: call.hangup_after(9), endpoints=ANSWERS)


@stands_on(ORIGINATED, "originate")
@pytest.mark.parametrize("bridged", [False, True])
def test_legs_that_are_up_when_the_handler_ends_are_hung_up_unless_bridged(bridged: bool) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        one, other = session.originate("user/1000"), session.originate("user/1001")
        if bridged:
            session.api(f"uuid_bridge {one.uuid} {other.uuid}")
            one.wait("CHANNEL_BRIDGE")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=60.0)
        switch.endpoint("user/1001")
        call = switch.call(handler, after=[("playback", "ivr/after"), ("sleep", "90000")])
        call.hear("ivr/after")
        ended = [text for text in told(call) if text.startswith("hangs up")]
        assert ended == (
            []
            if bridged
            else ["hangs up user/1000 NORMAL_CLEARING", "hangs up user/1001 NORMAL_CLEARING"]
        )
        assert call.given_back


# bridge with a leg


@stands_on(ORIGINATED, "originate")
def test_two_legs_are_connected_until_one_hangs_up() -> None:
    def question(channel: Channel) -> Bridged:
        agent = session_of(channel).originate("user/1000")
        agent.playback("ivr/you-have-a-call")
        outcome = channel.bridge(agent)
        assert outcome.uuid == agent.uuid
        channel.playback("ivr/goodbye")
        return outcome

    asked = ask(question, endpoints=TALKS)
    assert asked.value.answered
    assert asked.value.cause is HangupCause.NORMAL_CLEARING
    assert asked.value.seconds == pytest.approx(28, abs=0.3)
    assert asked.call.bridged == ["user/1000"]
    assert asked.call.heard == ["ivr/goodbye"]


@stands_on(ORIGINATED, "originate")
def test_the_caller_hangs_up_while_legs_are_connected() -> None:
    def question(channel: Channel) -> None:
        agent = session_of(channel).originate("user/1000")
        with pytest.raises(Hangup):
            channel.bridge(agent)

    asked = ask(question, lambda call: call.hangup_after(9), endpoints=ANSWERS)
    assert told(asked.call)[-1] == "hangs up user/1000 NORMAL_CLEARING"


@stands_on(ORIGINATED, "originate")
def test_bridging_to_a_leg_that_has_gone_raises() -> None:
    def question(channel: Channel) -> Bridged:
        agent = session_of(channel).originate("user/1000")
        agent.hangup("CALL_REJECTED")
        return channel.bridge(agent)

    asked = ask(question, endpoints=ANSWERS)
    assert asked.value == Bridged(False, HangupCause.CALL_REJECTED, None, 0.0)
    assert asked.call.bridged == []


@stands_on(ORIGINATED, "originate")
def test_hangup_after_applies_to_legs_too() -> None:
    def question(channel: Channel) -> None:
        agent = session_of(channel).originate("user/1000")
        with pytest.raises(Hangup):
            channel.bridge(agent, hangup_after=True)

    assert ask(question, endpoints=TALKS).call.duration == pytest.approx(32, abs=0.3)


@stands_on(ORIGINATED, "originate")
@pytest.mark.parametrize(
    "options",
    [
        {"ring_timeout": 5},
        {"variables": {"a": "b"}},
        {"caller_id_name": "x"},
        {"hangup_on_fail": True},
        {"lock": True},
    ],
)
def test_options_for_a_dial_string_are_refused_with_a_leg(options: dict[str, Any]) -> None:
    def question(channel: Channel) -> None:
        agent = session_of(channel).originate("user/1000")
        with pytest.raises(ValueError, match="the only options are"):
            channel.bridge(agent, **options)

    ask(question, endpoints=ANSWERS)


@stands_on(ORIGINATED, "originate")
def test_after_a_bridge_to_a_leg_the_handlers_end_ends_the_call() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge(session.originate("user/1000"))

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=5.0)
        call = switch.call(handler, after=[("playback", "ivr/never")])
        call.wait()
    assert call.heard == []
    assert call.cause is HangupCause.NORMAL_CLEARING


# Legs of ended bridges and handlers


@pytest.mark.parametrize("bridges", [False, True])
def test_exit_leaves_neither_a_leg_nor_the_caller_uncontrolled(bridges: bool) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        leg = session.originate("user/1000")
        if bridges:
            session.channel.bridge(leg, timeout=60)
        session.exit()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=5.0 if bridges else None)
        call = switch.call(handler)
        call.wait(timeout=60)
    assert any(text.startswith(("hangs up user/1000", "user/1000 hangs up")) for text in told(call))


def test_an_unanswered_caller_is_not_bridged_to_a_leg() -> None:
    """The switch would hang up both (recording 213)."""

    def question(channel: Channel) -> None:
        leg = session_of(channel).originate("user/1000")
        with pytest.raises(RuntimeError, match="answer the call before"):
            channel.bridge(leg)
        assert leg.is_up

    ask(question, endpoints={"user/1000": {}}, answer=False)


def test_a_hangup_just_before_a_bridge_to_a_leg_raises_hangup() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge(session.originate("user/1000"))

    with FreeSwitch(raises=False) as switch:
        switch.endpoint("user/1000", answers_after=1.0)
        hangup = Fault("hangup", "execute multiset ^^,park_after_bridge")
        call = switch.call(handler, faults=[hangup])
        call.wait()
    assert isinstance(call.outcome, Hangup)


def test_a_function_for_another_application_is_written_with_the_leg() -> None:
    def phrase(channel: Channel, macro: str, timeout: float | None = None) -> str:
        def response(event: Event) -> str:
            return event["Application-Response"]

        return channel.leg.run("phrase", macro, response, False, timeout)

    asked = ask(lambda channel: phrase(channel, "hello"), phrases={"hello": [("play-file", "a")]})
    assert asked.value == "PHRASE PLAYED"
