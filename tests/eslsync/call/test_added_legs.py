"""Calling somebody, and legs that are there already."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import (
    CallState,
    Channel,
    CommandError,
    Event,
    Hangup,
    HangupCause,
    Session,
    TimeoutError,
)
from simulator import FreeSwitch
from tests.support.asking import ANSWERS, ORIGINATED, ask, session_of, told
from tests.support.evidence import stands_on

BUSY = {"user/1000": {"rejects": "USER_BUSY"}}


RINGS = {"user/1000": {"rings": True, "answers_after": None}}


@stands_on(ORIGINATED, "originate")
def test_originate_returns_a_leg_that_has_answered() -> None:
    def question(channel: Channel) -> list[object]:
        agent = session_of(channel).originate("user/1000")
        return [agent is not channel, agent.is_up, agent.call_state, channel.is_up]

    asked = ask(question, endpoints=ANSWERS)
    assert asked.value == [True, True, CallState.ACTIVE, True]
    assert told(asked.call)[:2] == ["calls user/1000", "user/1000 answers"]


@stands_on(ORIGINATED, "originate")
@pytest.mark.parametrize("cause", [HangupCause.USER_BUSY, HangupCause.CALL_REJECTED])
def test_originate_raises_with_the_cause_if_nobody_answers(cause: HangupCause) -> None:
    def question(channel: Channel) -> list[object]:
        with pytest.raises(CommandError) as refused:
            session_of(channel).originate("user/1000")
        return [refused.value.cause, refused.value.text, channel.is_up]

    asked = ask(question, endpoints={"user/1000": {"rejects": cause}})
    assert asked.value == [cause, f"-ERR {cause}", True]


@stands_on("mod_commands.c, originate_function", "originate")
def test_originate_raises_for_a_dial_string_to_nowhere() -> None:
    def question(channel: Channel) -> HangupCause | None:
        with pytest.raises(CommandError) as refused:
            session_of(channel).originate("user/9999")
        return refused.value.cause

    assert ask(question).value is HangupCause.SUBSCRIBER_ABSENT


@stands_on("mod_commands.c, originate_function", "originate")
def test_ringing_lasts_no_longer_than_ring_timeout() -> None:
    def question(channel: Channel) -> HangupCause | None:
        with pytest.raises(CommandError) as refused:
            session_of(channel).originate("user/1000", ring_timeout=5)
        return refused.value.cause

    asked = ask(question, endpoints=RINGS)
    assert asked.value is HangupCause.NO_ANSWER
    assert asked.call.duration == pytest.approx(5, abs=1.1)


@stands_on("mod_commands.c, originate_function", "originate")
def test_after_a_timeout_nothing_rings_any_longer() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(TimeoutError):
            session_of(channel).originate("user/1000", timeout=5)
        channel.sleep(20)

    asked = ask(question, endpoints=RINGS)
    [ended] = [e for e in asked.call.transcript.entries if e.text.startswith("hangs up user/1000")]
    assert ended.time == pytest.approx(5, abs=0.2)


@stands_on("mod_commands.c, originate_function", "originate")
def test_a_caller_can_hang_up_while_the_far_end_rings() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup) as hangup:
            session_of(channel).originate("user/1000")
        assert hangup.value.event is not None
        assert hangup.value.event.uuid == channel.uuid

    asked = ask(question, lambda call: call.hangup_after(5), endpoints=RINGS)
    assert asked.call.duration == pytest.approx(5, abs=0.1)
    assert told(asked.call)[-1].startswith("hangs up user/1000")


@stands_on("mod_commands.c, originate_function", "originate")
def test_the_far_end_is_given_caller_id_and_variables() -> None:
    seen: list[str] = []

    def agent(session: Session) -> None:
        seen.append(session.context["Caller-Caller-ID-Name"])
        seen.append(session.context["Caller-Caller-ID-Number"])
        session.channel.answer()
        session.channel.playback("ivr/agent")

    def handler(session: Session) -> None:
        session.channel.answer()
        leg = session.originate(
            "user/1000",
            variables={"tenant": "a=b, 'c' d"},
            caller_id_name="O'Brien, Flann",
            caller_id_number="777",
        )
        seen.append(leg.variables["tenant"])
        seen.append(str(leg.get_variable("tenant")))
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", agent)
        switch.call(handler).wait()
    assert seen == ["O'Brien, Flann", "777", "a=b, 'c' d", "a=b, 'c' d"]


@stands_on("mod_commands.c, originate_function", "originate")
def test_of_several_that_ring_the_one_that_answered_is_returned() -> None:
    def question(channel: Channel) -> list[str | None]:
        leg = session_of(channel).originate("user/1000,user/1001")
        leg.playback("ivr/you")
        return [leg.get_variable("tenant"), leg.variables["channel_name"]]

    endpoints: dict[str, Any] = {**RINGS, "user/1001": {"answers_after": 1.0}}
    asked = ask(question, endpoints=endpoints)
    assert asked.value == [None, "user/1001"]
    assert "user/1001 hears ivr/you" in told(asked.call)


def test_everything_that_rings_is_hung_up_at_the_timeout() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(TimeoutError):
            session_of(channel).originate("user/1000,user/1001", timeout=2.0)

    asked = ask(question, endpoints={**RINGS, "user/1001": RINGS["user/1000"]})
    rang = {text.split()[1] for text in told(asked.call) if text.startswith("calls ")}
    over = {text.split()[2] for text in told(asked.call) if text.startswith("hangs up ")}
    assert rang == over == {"user/1000", "user/1001"}


@stands_on("mod_commands.c, uuid_dump_function", "leg")
def test_the_far_leg_of_a_bridge_can_be_looked_up_and_controlled() -> None:
    def question(channel: Channel) -> list[object]:
        session = session_of(channel)
        told: list[object] = []

        @channel.on("CHANNEL_BRIDGE")
        def bridged(event: Event) -> None:
            agent = session.leg(event["Other-Leg-Unique-ID"])
            told.extend([agent.is_up, agent.variables["channel_name"]])
            agent.on_dtmf("9")(lambda digit: told.append(digit))
            assert session.leg(agent.uuid) is agent

        channel.bridge("user/1000")
        return told

    endpoints = {"user/1000": {"presses": [(3.0, "19")], "hangs_up_after": 9.0}}
    assert ask(question, endpoints=endpoints).value == [True, "user/1000", "9"]


@stands_on("mod_commands.c, uuid_dump_function", "leg")
def test_looking_up_a_leg_that_does_not_exist_raises() -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(CommandError) as refused:
            session_of(channel).leg("nobody")
        return refused.value.text

    assert ask(question).value == "-ERR No such channel!"


@stands_on(ORIGINATED, "originate")
def test_legs_that_have_ended_are_forgotten_when_others_are_added(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts: list[int] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        ended: list[str] = []
        for _ in range(20):
            agent = session.originate("user/1000")

            @agent.on("CHANNEL_HANGUP_COMPLETE")
            def note(event: Event) -> None:
                ended.append(event["Unique-ID"])

            agent.playback("ivr/ivr-welcome", block=False)
            agent.hangup()
            assert agent.wait("CHANNEL_HANGUP_COMPLETE").uuid == agent.uuid
            assert ended[-1] == agent.uuid
            with pytest.raises(Hangup):
                agent.playback("ivr/ivr-welcome")
        conversation = session.channel.leg.conversation
        counts.extend(map(len, (conversation.legs, conversation.callbacks)))
        counts.append(len(conversation.under_way))
        before = session.originate("user/1000")
        assert session.leg(before.uuid) is before
        session.originate("user/1000")
        assert before.is_up

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", answers_after=2.0)
        call = switch.call(handler)
        call.wait()
    assert counts == [3, 2, 0]  # the last of them, whose events have not all had their turn
    sent = [line for line in str(call.transcript).splitlines() if "filter" in line]
    assert len([line for line in sent if "filter delete Unique-ID" in line]) == 20
    assert "goes on" not in caplog.text
