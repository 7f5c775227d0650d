"""Bridges: what a caller hears while they ring, and legs that are bridged (240, 241)."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import Call, FreeSwitch
from simulator.model.channel import Channel
from simulator.model.far_legs import FarLeg
from simulator.model.states import State
from tests.support.legs import FAR, B, C, Legs

TONE = "%(2000,4000,440,480)"


def bridges(session: Session) -> None:
    session.channel.answer()
    session.channel.bridge("user/1000", ringback=TONE)


def test_ringback_is_heard_from_the_ringing_to_the_answer() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=3.0, hangs_up_after=1.0)
        call = switch.call(bridges)
        call.hear(TONE, start=True)
        assert call.duration < 0.5
        call.hear(TONE)
        assert call.duration == pytest.approx(3.1, abs=0.2)
        call.wait()
    assert call.heard == [TONE]
    assert f"◀─ {TONE} ─" in call.ladder()


def test_ringback_ends_when_nobody_answers() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=None)
        call = switch.call(bridges)
        call.hear(TONE)
        call.wait()
    assert call.heard == [TONE]


def test_ringback_needs_ringing_unless_it_is_instant() -> None:
    def at_once(session: Session) -> None:
        session.channel.set("instant_ringback", "true")
        bridges(session)

    heard = []
    for handler in (bridges, at_once):
        with FreeSwitch() as switch:
            switch.endpoint("user/1000", answers_after=3.0, hangs_up_after=1.0)
            call = switch.call(handler)
            call.wait()
        heard.append(call.heard)
    assert heard == [[], [TONE]]


@pytest.mark.parametrize("answered", [True, False])
def test_each_ringback_is_for_those_who_are_answered_or_not(answered: bool) -> None:
    def handler(session: Session) -> None:
        if answered:
            session.channel.answer()
        session.channel.set("ringback", "/ring/early.wav")
        session.channel.set("transfer_ringback", "/ring/late.wav")
        session.channel.execute("bridge", "user/1000")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=3.0, hangs_up_after=1.0)
        call = switch.call(handler)
        call.wait()
    assert call.heard == ["/ring/late.wav" if answered else "/ring/early.wav"]


def test_the_called_leg_does_as_it_is_told_while_bridged(legs: Legs) -> None:
    legs.bridge()
    legs.told(B, "playback", "ivr/ivr-welcome")
    legs.wait(3.0)
    assert legs.done(B, "playback")
    assert legs.api("uuid_getvar", B, "bridge_uuid") == legs.a
    legs.api("uuid_broadcast", B, "ivr/ivr-short", "aleg")
    legs.wait(3.0)
    assert len(legs.done(B, "playback")) == 2
    legs.told(B, "hangup")
    legs.wait(0.1)
    assert legs.done(legs.a, "bridge")
    assert legs.channel.up


def test_commands_for_a_leg_wait_for_the_first_frames_of_a_bridge(legs: Legs) -> None:
    legs.execute("bridge", f"{{origination_uuid={B}}}{FAR}")
    legs.wait(0.05)
    legs.told(B, "set", "a=1")
    assert not legs.done(B, "set")
    legs.wait(0.3)
    assert legs.done(B, "set")


def test_keys_of_the_called_leg_are_its_own_event(legs: Legs) -> None:
    legs.bridge()
    legs.api("uuid_recv_dtmf", B, "6")
    assert [each.get("Unique-ID") for each in legs.events("DTMF")] == [B]


def test_the_bridge_ends_for_a_transfer_of_the_called_leg(legs: Legs) -> None:
    # recordings 243, 245
    legs.switch.extensions["^away$"] = [("park", "")]
    legs.bridge()
    legs.api("uuid_transfer", legs.a, "-bleg", "away")
    assert legs.done(legs.a, "bridge")
    assert legs.up(B)
    assert legs.channel.up


@pytest.mark.parametrize(
    "command",
    [("uuid_transfer", "-both away"), ("uuid_dual_transfer", "away away/XML/default")],
)
def test_both_legs_are_sent_elsewhere(legs: Legs, command: tuple[str, str]) -> None:
    # recordings 246, 247
    legs.switch.extensions["^away$"] = [("park", "")]
    legs.bridge()
    name, where = command
    legs.api(name, legs.a, where)
    assert legs.done(legs.a, "socket")
    parked = [each.get("Unique-ID") for each in legs.events("CHANNEL_PARK")][-2:]
    assert sorted(parked) == sorted([legs.a, B])


def test_a_call_is_bridged_again_after_a_bridge(legs: Legs) -> None:
    # recording 248
    legs.bridge()
    legs.api("uuid_kill", B)
    legs.bridge()
    assert legs.bridged() == [(legs.a, B), (legs.a, B)]


def test_a_call_at_the_far_end_goes_where_its_leg_goes(legs: Legs) -> None:
    # each leg that is called is taken by a call of its own, however often it is dialled
    calls = []

    def taken(leg: FarLeg) -> Channel:
        far = legs.incoming(destination="phone")
        far.extension.clear()
        far.extension.extend([("answer", ""), ("sleep", "1500"), ("send_dtmf", "3"), ("park", "")])
        far.set("sleep_eat_digits", "true")
        calls.append(far)
        far.start()
        return far

    legs.endpoint(FAR, taken_by=taken)
    legs.originate()
    legs.originate(C)
    legs.execute("set", "park_after_bridge=true")
    legs.api("uuid_bridge", legs.a, B)
    legs.channel.press("1")
    legs.wait(0.1)
    legs.api("uuid_bridge", legs.a, C)
    legs.channel.press("2")
    legs.wait(0.1)
    legs.wait(2.0)
    first, second = calls
    assert (first.digits_dialed, second.digits_dialed) == ("1", "2")
    assert not first.up  # with its leg
    keys = [(each.get("Unique-ID"), each.get("DTMF-Digit")) for each in legs.events("DTMF")]
    assert (C, "3") in keys
    assert (legs.a, "2") in keys
    second.caller_hangs_up("USER_BUSY")
    legs.wait(0.2)
    assert legs.cause(C) == "USER_BUSY"
    assert legs.state(legs.a) is State.PARK


# --- what variables change


def bridged(
    variables: dict[str, str], dial_string: str = "user/1000", **far_end: object
) -> tuple[Call, list[str]]:
    """A call that is bridged with these variables; and what the far end heard."""

    def handler(session: Session) -> None:
        session.channel.answer()
        for name, value in variables.items():
            session.channel.set(name, value)
        session.channel.execute("bridge", dial_string)
        session.channel.playback("next")

    with FreeSwitch(extensions={"^9$": [("playback", "extension")]}) as switch:
        answers = "rejects" not in far_end and far_end.get("answers_after", 0.0) is not None
        if answers:
            far_end = {"hangs_up_after": 3.0, **far_end}
        switch.endpoint("user/1000", **far_end)  # type: ignore[arg-type]
        call = switch.call(handler)
        call.wait()
    heard = [
        line.split("hears ")[1] for line in str(call.transcript).splitlines() if "hears" in line
    ]
    return call, heard


def test_each_leg_has_something_executed_before_it_hears_the_other() -> None:
    call, heard = bridged(
        {
            "bridge_pre_execute_aleg_app": "playback",
            "bridge_pre_execute_aleg_data": "ours",
            "bridge_pre_execute_bleg_app": "playback",
            "bridge_pre_execute_bleg_data": "theirs",
        }
    )
    assert call.heard == ["ours", "next"]
    assert heard == ["theirs"]


def test_something_is_executed_before_and_after_a_bridge() -> None:
    call, _ = bridged(
        {"execute_on_pre_bridge": "playback before", "execute_on_post_bridge": "playback after"}
    )
    assert call.heard == ["before", "after", "next"]


def test_api_commands_are_run_before_and_after_a_bridge() -> None:
    got: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("api_before_bridge", "uuid_setvar ${uuid} before yes")
        session.channel.set("api_after_bridge", "uuid_setvar ${uuid} after yes")
        session.channel.execute("bridge", "user/1000")
        got.extend(session.channel.get_variable(name) for name in ("before", "after"))

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=3.0)
        switch.call(handler).wait()
    assert got == ["yes", "yes"]


def test_an_application_takes_the_place_of_the_rest_of_the_dialplan() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("exec_after_bridge_app", "playback")
        session.channel.set("exec_after_bridge_arg", "instead")
        session.channel.execute("bridge", "user/1000")
        session.send("resume")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=3.0)
        call = switch.call(handler, after=[("playback", "planned")])
        call.wait()
    assert call.heard == ["instead"]


def test_keys_of_either_leg_end_the_bridge() -> None:
    for presses, ends in (([(1.0, "#")], True), ([(1.0, "1")], False)):
        call, _ = bridged(
            {},
            "{bridge_terminate_key=#*}user/1000",
            presses=presses,
            hangs_up_after=None if ends else 3.0,
        )
        assert call.heard == ["next"]
        assert call.duration == pytest.approx(3.1 if ends else 5.1, abs=0.3)


def test_a_failed_bridge_sends_the_caller_elsewhere() -> None:
    for variable, heard in (
        ("USER_BUSY 9", "extension"),
        ("CALL_REJECTED 9", ""),
        ("17,19 9", "extension"),
    ):
        call, _ = bridged({"transfer_on_fail": variable}, rejects="USER_BUSY")
        assert call.heard[:1] == ([heard] if heard else [])


def test_causes_can_be_numbers() -> None:
    call, _ = bridged({"continue_on_fail": "17,19"}, rejects="USER_BUSY")
    assert call.heard == ["next"]


def test_variables_are_exchanged_with_a_bridge() -> None:
    got: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("ours", "1")
        session.channel.set("bridge_export_vars", "ours")
        dialled = "{theirs=2,bridge_export_vars=theirs}user/1000"
        session.channel.execute("bridge", dialled)
        got.append(session.channel.get_variable("theirs") or "")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=3.0)
        switch.call(handler).wait()
    assert got == ["2"]
