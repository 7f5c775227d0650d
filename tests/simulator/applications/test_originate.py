"""Legs that are originated: recordings 13d, 260, 261."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Session
from simulator import Call, FreeSwitch
from simulator.model.far_legs import taken_by_dialplan
from simulator.model.states import State
from tests.support.cases import for_each
from tests.support.legs import FAR, B, Legs
from tests.support.model_call import ModelCall


def test_an_originated_leg_parks_and_does_as_it_is_told(legs: Legs) -> None:
    legs.originate()
    assert legs.state(B) is State.EXECUTE
    legs.told(B, "playback", "ivr/ivr-welcome")
    legs.wait(3.0)
    [done] = legs.done(B, "playback")
    assert done.get("Application-Response") == "FILE PLAYED"
    legs.send(f"sendmsg {B}", "call-command: hangup", "hangup-cause: USER_BUSY")
    legs.wait(0.1)
    assert legs.cause(B) == "USER_BUSY"
    assert legs.channel.up


@pytest.mark.parametrize(
    ("dialled", "answer"),
    [
        ("loopback/busy/default", "-ERR USER_BUSY\n"),
        ("{originate_timeout=2}loopback/rings/default", "-ERR NO_ANSWER\n"),
        ("nosuch/1", "-ERR CHAN_NOT_IMPLEMENTED\n"),
    ],
)
def test_an_originate_that_fails_says_why(legs: Legs, dialled: str, answer: str) -> None:
    legs.send(f"bgapi originate {dialled} &park()")
    legs.wait(3.0)
    [job] = legs.events("BACKGROUND_JOB")
    assert job.body == answer


def test_of_targets_one_after_the_other_each_has_the_uuid_that_was_asked_for(legs: Legs) -> None:
    legs.send(f"bgapi originate {{origination_uuid={B}}}loopback/busy/default|{FAR} &park()")
    legs.wait(0.5)
    assert legs.events("BACKGROUND_JOB")[-1].body == f"+OK {B}\n"
    assert legs.up(B)


def test_of_targets_at_once_the_first_has_the_uuid_that_was_asked_for(legs: Legs) -> None:
    legs.send(f"bgapi originate {{origination_uuid={B}}}loopback/rings/default,{FAR} &park()")
    legs.wait(0.5)
    answer = legs.events("BACKGROUND_JOB")[-1].body
    assert answer.startswith("+OK ")
    assert B not in answer
    assert legs.cause(B) == "LOSE_RACE"


def test_a_uuid_that_is_in_use_is_not_given_again(legs: Legs) -> None:
    legs.originate()
    legs.send(f"bgapi originate {{origination_uuid={B}}}{FAR} &park()")
    legs.wait(0.5)
    assert B not in legs.events("BACKGROUND_JOB")[-1].body
    assert legs.up(B)


def test_originate_sends_the_leg_on_and_tells_its_uuid() -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000", answers_after=1.0, presses=[(0.5, "7")])
    call.send("bgapi originate {origination_uuid=mine}user/1000 &playback(silence_stream://-1)")
    call.wait(3)
    (job,) = call.events("BACKGROUND_JOB")
    assert job.body == "+OK mine\n"
    leg = call.switch.channels["mine"]
    assert leg.digits_dialed == "7"
    assert [each.prompt for each in leg.heard] == ["silence_stream://-1"]
    assert leg.profile.caller_id_number == "1000"  # who was called is now who calls


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        ({"rejects": "USER_BUSY"}, "-ERR USER_BUSY\n"),
        ({"answers_after": None}, "-ERR NO_ANSWER\n"),
        ({"no_route": True}, "-ERR SUBSCRIBER_ABSENT\n"),
    ],
)
def test_originate_tells_why_nobody_answered(behaviour: dict[str, object], answer: str) -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000", **behaviour)
    call.send("bgapi originate user/1000 &park")
    call.wait(70)
    assert [each.body for each in call.events("BACKGROUND_JOB")] == [answer]


# --- what variables change


def bridge_of(
    dial_string: str, variables: dict[str, str], *, asks: str = "", **far_end: Any
) -> tuple[Call, list[str | None]]:
    """A call that is bridged with these variables; ``asks`` are variables to read afterwards."""
    got: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for name, value in {"continue_on_fail": "true", **variables}.items():
            session.channel.set(name, value)
        session.channel.execute("bridge", dial_string)
        got.extend(session.channel.get_variable(name) for name in asks.split())
        session.channel.playback("next")
        session.channel.hangup()

    with FreeSwitch() as switch:
        answers = "rejects" not in far_end and far_end.get("answers_after", 0.0) is not None
        if answers:
            far_end = {"hangs_up_after": 1.0, **far_end}
        switch.endpoint("user/1000", **far_end)
        switch.endpoint("user/1001", hangs_up_after=1.0)
        call = switch.call(handler)
        call.wait()
    return call, got


def count(call: Call, *words: str) -> int:
    return sum(all(word in line for word in words) for line in str(call.transcript).splitlines())


def test_a_far_end_that_refuses_is_called_again() -> None:
    call, _ = bridge_of(
        "{originate_retries=3,originate_retry_sleep_ms=2000}user/1000", {}, rejects="USER_BUSY"
    )
    assert count(call, "calls user/1000") == 3
    assert call.duration == pytest.approx(4.0 + 2.0, abs=0.5)  # two pauses, and the prompt


def test_tries_end_with_their_time() -> None:
    call, _ = bridge_of(
        "{originate_retries=50,originate_retry_timeout=5}user/1000", {}, rejects="USER_BUSY"
    )
    assert 5 <= count(call, "calls user/1000") <= 8


def test_tries_end_when_the_caller_leaves() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("bridge", "{originate_retries=50}user/1000")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        call = switch.call(handler)
        call.say_nothing(3.0)
        call.hangup()
    assert count(call, "calls user/1000") <= 4


def test_after_the_timeout_the_next_far_end_is_called_only_if_a_variable_says_so() -> None:
    for variables, called in (({}, 0), ({"originate_continue_on_timeout": "true"}, 1)):
        call, _ = bridge_of(
            "{originate_timeout=3}user/1000|user/1001", variables, answers_after=None
        )
        assert count(call, "calls user/1001") == called


def test_a_key_of_the_caller_stops_the_call_to_the_far_end() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("origination_cancel_key", "#")
        session.channel.set("continue_on_fail", "true")
        session.channel.execute("bridge", "user/1000")
        session.channel.playback("next")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=None)
        call = switch.call(handler)
        call.say_nothing(3.0)
        call.press("1")
        call.press("#")
        call.hear("next")
    assert count(call, "hangs up user/1000", "NO_ANSWER") == 1


@pytest.mark.parametrize("way", ["effective_caller_id", "origination_caller_id"])
def test_the_far_end_sees_the_number_that_was_set(way: str) -> None:
    seen: list[str | None] = []

    def callee(session: Session) -> None:
        session.channel.answer()
        seen.append(session.channel.get_variable("caller_id_number"))
        session.channel.sleep(1.0)
        session.channel.hangup()

    def handler(session: Session) -> None:
        session.channel.answer()
        if way == "effective_caller_id":
            session.channel.set("effective_caller_id_number", "999")
            session.channel.execute("bridge", "loopback/2000")
        else:
            session.channel.execute("bridge", "{origination_caller_id_number=999}loopback/2000")

    with FreeSwitch() as switch:
        switch.endpoint("loopback/2000", callee)
        switch.call(handler).wait()
    assert seen == ["999"]


def variables_of_leg(dial_string: str, names: str) -> list[str | None]:
    """Variables of the called leg."""
    variables = {"mine": "yes", "nolocal:theirs": "yes", "export_vars": "mine,nolocal:theirs"}
    _, got = bridge_of(dial_string, {**variables, "import": names.replace(" ", ",")}, asks=names)
    return got


def test_variables_are_exported_to_the_far_end() -> None:
    assert variables_of_leg("user/1000", "mine theirs") == ["yes", "yes"]


def test_those_for_all_far_ends_count_more_unless_clobbered() -> None:
    assert variables_of_leg("{a=all}[a=own]user/1000", "a") == ["all"]
    assert variables_of_leg("{a=all,local_var_clobber=true}[a=own]user/1000", "a") == ["own"]


def test_the_far_end_has_the_name_and_number_that_were_given() -> None:
    given = "{origination_callee_id_name=Ann,origination_callee_id_number=7}user/1000"
    _, got = bridge_of(given, {}, asks="originated_legs")
    assert str(got[0]).endswith(";Ann;7")


def test_what_is_executed_before_and_after_a_call_to_a_far_end() -> None:
    _, got = bridge_of(
        "{execute_on_originate='set made=1',execute_on_post_originate='set done=1'}user/1000",
        {
            "execute_on_pre_originate": "set before=1",
            "execute_on_post_originate": "set after=1",
            "import": "made,done",
        },
        asks="before after made",
    )
    assert got == ["1", "1", "1"]


def test_the_causes_of_earlier_calls_can_be_forgotten() -> None:
    causes: list[list[str]] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("continue_on_fail", "true")
        for keep in ("true", "false"):
            session.channel.set("preserve_originated_vars", keep)
            session.channel.execute("bridge", "user/1000")
            causes.append((session.channel.get_variable("originate_causes") or "").split("|:"))

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        switch.call(handler).wait()
    assert [len(each) for each in causes] == [1, 1]


EARLY = [("pre_answer", ""), ("sleep", "1000"), ("answer", ""), ("playback", "silence_stream://-1")]
RINGS = [("ring_ready", ""), ("sleep", "1000"), ("answer", ""), ("playback", "silence_stream://-1")]


@for_each(
    ("far", "variables", "seconds"),
    [
        (EARLY, "ignore_early_media=false", 0.1),
        (EARLY, "ignore_early_media=true", 1.1),
        (EARLY, "ignore_early_media=consume", 1.1),
        (EARLY, "bridge_early_media=true", 1.1),
        (RINGS, "ignore_early_media=false", 1.1),
    ],
)
def test_early_media_is_enough_for_a_bridge_unless_variables_say_otherwise(
    far: list[tuple[str, str]], variables: str, seconds: float
) -> None:
    call = ModelCall()
    taken_by = taken_by_dialplan(call.switch, "far", far)
    call.endpoint("loopback/far/default", taken_by=taken_by)
    call.send("connect")
    call.send("event plain all")
    began = call.seconds
    call.execute("bridge", f"{{{variables}}}loopback/far/default")
    call.wait(3)
    [bridged] = call.events("CHANNEL_BRIDGE")
    assert bridged.time - began == pytest.approx(seconds, abs=0.1)
    # the caller is answered with the far end, whether it is bridged by then or not
    [answered] = [
        each for each in call.events("CHANNEL_ANSWER") if each.get("Unique-ID") == call.channel.uuid
    ]
    assert answered.time - began == pytest.approx(1.1, abs=0.1)


@pytest.mark.parametrize(
    ("dialled", "disposition", "cause"),
    [
        ("user/busy:_:user/answers", "success", None),
        ("user/rings:_:user/answers|user/busy", "success", None),
        ("user/busy:_:user/rejects", "failure", "USER_BUSY"),
        ("user/busy:_:{originate_timeout=1}user/rings", "failure", "USER_BUSY"),
    ],
)
def test_dial_strings_side_by_side_are_called_as_if_for_nobody(
    dialled: str, disposition: str, cause: str | None
) -> None:
    call = ModelCall().answered()
    call.endpoint("user/busy", rejects="USER_BUSY")
    call.endpoint("user/rejects", rejects="CALL_REJECTED")
    call.endpoint("user/rings", rings=True, answers_after=None)
    call.endpoint("user/answers", answers_after=0.3, hangs_up_after=1.0)
    call.execute("bridge", dialled)
    call.wait(4)
    states = [each.get("Channel-Call-State") for each in call.events("CHANNEL_CALLSTATE")]
    assert "RING_WAIT" not in states  # asked of a real switch
    assert call.variable("originate_disposition") == disposition
    assert call.channel.hangup_cause == cause
    assert call.variable("originate_signal_bond") is None
    legs = [each for each in call.switch.channels.values() if each is not call.channel]
    assert not [leg for leg in legs if leg.up]


def test_side_by_side_a_caller_who_goes_ends_all_of_them() -> None:
    call = ModelCall().answered()
    call.endpoint("user/rings", rings=True, answers_after=None)
    call.execute("bridge", "user/rings:_:user/rings")
    call.wait(1)
    call.channel.caller_hangs_up()
    call.wait(0.5)
    causes = {each.get("Hangup-Cause") for each in call.events("CHANNEL_HANGUP")}
    assert causes == {"NORMAL_CLEARING", "ORIGINATOR_CANCEL"}


def test_originate_side_by_side_for_nobody() -> None:
    call = ModelCall().answered()
    call.endpoint("user/busy", rejects="USER_BUSY")
    call.endpoint("user/answers", answers_after=0.3)
    call.send("bgapi originate user/busy:_:user/answers &park()")
    call.wait(1)
    call.send("bgapi originate user/busy:_:user/busy &park()")
    call.wait(1)
    first, second = (each.body for each in call.events("BACKGROUND_JOB"))
    assert first.startswith("+OK ")
    assert second == "-ERR USER_BUSY\n"


@for_each(
    ("target", "cause", "heard"),
    [
        ("user/1000", "SUBSCRIBER_ABSENT", False),
        ("group/sales", "NO_ROUTE_DESTINATION", False),
        ("error/USER_BUSY", "USER_BUSY", False),
        ("sofia/internal", "INVALID_URL", False),
        ("sofia/gateway/nosuch/1000", "INVALID_GATEWAY", False),
        ("sofia/nosuch/1000@192.0.2.1", "INVALID_PROFILE", False),
        ("loopback/nosuch", "NO_ROUTE_DESTINATION", True),
    ],
)
def test_an_unanswered_caller_hears_nothing_of_a_call_that_can_not_begin(
    target: str, cause: str, heard: bool
) -> None:  # (recording 35f)
    call = ModelCall()
    call.send("connect")
    call.send("event plain all")
    call.execute("set", "continue_on_fail=true")
    call.execute("bridge", target)
    call.wait(0.5)
    assert call.variable("originate_disposition") == cause
    assert bool(call.events("CHANNEL_PROGRESS_MEDIA")) is heard


@pytest.mark.parametrize(
    ("ringback", "cause", "heard"),
    [
        ("%(2000,4000,440,480)", "SUCCESS", ["%(2000,4000,440,480)"]),
        ("/sounds/long.wav", "SUCCESS", ["/sounds/long.wav"]),
        ("/sounds/missing.wav", "SUCCESS", []),
        ("long.wav", "NO_ANSWER", []),  # neither a path nor a tone
    ],
)
def test_a_ringback_that_is_no_tone_fails_the_bridge(
    ringback: str, cause: str, heard: list[str]
) -> None:  # (recording 35g)
    call = ModelCall(prompts={"/sounds/long.wav": 10.0}, only_known=True).answered()
    call.endpoint("user/1000", rings=True, answers_after=1.0, hangs_up_after=1.0)
    call.execute("set", f"transfer_ringback={ringback}")
    call.execute("bridge", "user/1000")
    call.wait(3)
    assert call.variable("originate_disposition") == cause
    assert [each.prompt for each in call.channel.heard] == heard
