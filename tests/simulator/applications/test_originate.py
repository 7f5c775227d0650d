"""Legs that are originated: recordings 13d, 260, 261."""

from __future__ import annotations

import pytest

from simulator.model.states import State
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
