"""Other legs: calling somebody, talking to them, connecting them; and what belongs to which leg."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from eslsync import (
    Bridged,
    CallState,
    Channel,
    CommandError,
    Event,
    Hangup,
    HangupCause,
    Session,
    TimeoutError,
)
from eslsync.call.execution import UnderWay
from eslsync.call.leg import Leg
from simulator import Call, Fault, FreeSwitch
from tests.support.asking import ask, session_of
from tests.support.evidence import stands_on
from tests.support.peer import PATIENCE, call
from tests.support.servers import Beside

ORIGINATED = "13d_inbound_originate_park_sendmsg"
BUSY = {"user/1000": {"rejects": "USER_BUSY"}}
RINGS = {"user/1000": {"rings": True, "answers_after": None}}
ANSWERS = {"user/1000": {"answers_after": 2.0}}
TALKS = {"user/1000": {"answers_after": 2.0, "hangs_up_after": 30.0}}


def told(call: Call) -> list[str]:
    """What happened on the other legs."""
    return [e.text for e in call.transcript.entries if e.sender == "switch" == e.receiver]


# originate


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
def test_nobody_takes_the_call(cause: HangupCause) -> None:
    def question(channel: Channel) -> list[object]:
        with pytest.raises(CommandError) as refused:
            session_of(channel).originate("user/1000")
        return [refused.value.cause, refused.value.text, channel.is_up]

    asked = ask(question, endpoints={"user/1000": {"rejects": cause}})
    assert asked.value == [cause, f"-ERR {cause}", True]


@stands_on("mod_commands.c, originate_function", "originate")
def test_a_dial_string_to_nowhere() -> None:
    def question(channel: Channel) -> HangupCause | None:
        with pytest.raises(CommandError) as refused:
            session_of(channel).originate("user/9999")
        return refused.value.cause

    assert ask(question).value is HangupCause.SUBSCRIBER_ABSENT


@stands_on("mod_commands.c, originate_function", "originate")
def test_it_rings_for_no_longer_than_it_may() -> None:
    def question(channel: Channel) -> HangupCause | None:
        with pytest.raises(CommandError) as refused:
            session_of(channel).originate("user/1000", ring_timeout=5)
        return refused.value.cause

    asked = ask(question, endpoints=RINGS)
    assert asked.value is HangupCause.NO_ANSWER
    assert asked.call.duration == pytest.approx(5, abs=1.1)


@stands_on("mod_commands.c, originate_function", "originate")
def test_after_a_timeout_it_rings_no_longer() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(TimeoutError):
            session_of(channel).originate("user/1000", timeout=5)
        channel.sleep(20)

    asked = ask(question, endpoints=RINGS)
    [ended] = [e for e in asked.call.transcript.entries if e.text.startswith("hangs up user/1000")]
    assert ended.time == pytest.approx(5, abs=0.2)


@stands_on("mod_commands.c, originate_function", "originate")
def test_the_caller_hangs_up_while_it_rings() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup) as hangup:
            session_of(channel).originate("user/1000")
        assert hangup.value.event is not None
        assert hangup.value.event.uuid == channel.uuid

    asked = ask(question, lambda call: call.hangup_after(5), endpoints=RINGS)
    assert asked.call.duration == pytest.approx(5, abs=0.1)
    assert told(asked.call)[-1].startswith("hangs up user/1000")


@stands_on("mod_commands.c, originate_function", "originate")
def test_the_far_end_sees_what_it_is_given() -> None:
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
def test_of_several_that_ring_it_is_the_one_that_answered() -> None:
    def question(channel: Channel) -> list[str | None]:
        leg = session_of(channel).originate("user/1000,user/1001")
        leg.playback("ivr/you")
        return [leg.get_variable("tenant"), leg.variables["channel_name"]]

    endpoints: dict[str, Any] = {**RINGS, "user/1001": {"answers_after": 1.0}}
    asked = ask(question, endpoints=endpoints)
    assert asked.value == [None, "user/1001"]
    assert "user/1001 hears ivr/you" in told(asked.call)


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
def test_the_called_one_can_be_asked_for_digits() -> None:
    def question(channel: Channel) -> str:
        agent = session_of(channel).originate("user/1000")
        return agent.get_digits("ivr/press-1-to-accept", valid="1")

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
def test_what_is_up_at_the_handlers_end_is_hung_up_unless_it_is_bridged(bridged: bool) -> None:
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
def test_a_leg_that_has_gone_is_not_connected() -> None:
    def question(channel: Channel) -> Bridged:
        agent = session_of(channel).originate("user/1000")
        agent.hangup("CALL_REJECTED")
        return channel.bridge(agent)

    asked = ask(question, endpoints=ANSWERS)
    assert asked.value == Bridged(False, HangupCause.CALL_REJECTED, None, 0.0)
    assert asked.call.bridged == []


@stands_on(ORIGINATED, "originate")
def test_hangup_after_holds_for_legs_as_well() -> None:
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
        with pytest.raises(ValueError, match="for a dial string"):
            channel.bridge(agent, **options)

    ask(question, endpoints=ANSWERS)


@stands_on(ORIGINATED, "originate")
def test_after_it_the_end_of_the_handler_ends_the_call() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge(session.originate("user/1000"))

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=5.0)
        call = switch.call(handler, after=[("playback", "ivr/never")])
        call.wait()
    assert call.heard == []
    assert call.cause is HangupCause.NORMAL_CLEARING


# Legs that are there


@stands_on(ORIGINATED, "originate")
def test_what_a_bridge_with_a_leg_needs_does_not_stay_for_the_next() -> None:
    def question(channel: Channel) -> list[object]:
        channel.bridge(session_of(channel).originate("user/1000"))
        second = channel.bridge("user/1001")
        return [second.answered, channel.playback("ivr/goodbye").response]

    ends = {"answers_after": 1.0, "hangs_up_after": 5.0}
    asked = ask(question, endpoints={"user/1000": ends, "user/1001": ends})
    assert asked.value == [True, "FILE PLAYED"]


@pytest.mark.parametrize("bridges", [False, True])
def test_exit_leaves_no_leg_and_no_caller_without_anybody_in_control(bridges: bool) -> None:
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


def test_all_that_rings_is_hung_up_when_time_is_over() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(TimeoutError):
            session_of(channel).originate("user/1000,user/1001", timeout=2.0)

    asked = ask(question, endpoints={**RINGS, "user/1001": RINGS["user/1000"]})
    rang = {text.split()[1] for text in told(asked.call) if text.startswith("calls ")}
    over = {text.split()[2] for text in told(asked.call) if text.startswith("hangs up ")}
    assert rang == over == {"user/1000", "user/1001"}


@stands_on("mod_commands.c, uuid_dump_function", "leg")
def test_the_leg_of_a_bridge_can_be_taken_in_hand() -> None:
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
def test_a_leg_that_is_not_there() -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(CommandError) as refused:
            session_of(channel).leg("nobody")
        return refused.value.text

    assert ask(question).value == "-ERR No such channel!"


def test_a_caller_who_hangs_up_just_before_legs_are_bridged_has_hung_up() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge(session.originate("user/1000"))

    with FreeSwitch(raises=False) as switch:
        switch.endpoint("user/1000", answers_after=1.0)
        hangup = Fault("hangup", "execute multiset ^^,park_after_bridge")
        call = switch.call(handler, faults=[hangup])
        call.wait()
    assert isinstance(call.outcome, Hangup)


def test_a_variable_that_another_thread_sets_meanwhile_is_not_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a method has set is read, sent, and written: another thread may come between."""

    def handler(session: Session) -> None:
        channel = session.channel
        settings = channel.leg.settings
        settings.set(None, one="ours", two="ours")
        go = threading.Event()

        def other() -> None:
            go.wait(PATIENCE)
            channel.execute("set", "one=theirs", block=False)

        beside = Beside(other)
        session.on("CUSTOM", lambda event: None)
        start = Leg.start

        def start_and_let_the_other_set(self: Leg, *arguments: Any) -> UnderWay:
            sent = start(self, *arguments)
            go.set()
            beside.join()
            return sent

        with monkeypatch.context() as patched:
            patched.setattr(Leg, "start", start_and_let_the_other_set)
            settings.set(None, two="again")
        kept.update(settings.ours)

    kept: set[str] = set()
    with call(handler) as peer:
        peer.handshake()
        for _ in range(3):
            command = peer.serve("sendmsg")
            assert command.get("execute-app-name") in ("set", "multiset")
        peer.await_handler()
        peer.end()
        peer.hear_end()
    assert "one" not in kept
