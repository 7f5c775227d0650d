"""uuid_bridge: recordings 201 to 215."""

from __future__ import annotations

import pytest

from simulator.model.states import State
from tests.support.legs import FAR, B, C, Legs
from tests.support.model_call import ModelCall


def test_uuid_bridge_ends_the_socket_application_and_leaves_the_socket_open(legs: Legs) -> None:
    legs.originate()
    assert legs.api("uuid_bridge", legs.a, B) == f"+OK {B}\n"
    assert legs.bridged() == [(legs.a, B)]
    assert legs.done(legs.a, "socket")
    assert legs.done(B, "park")
    legs.wait(0.5)
    legs.execute("set", "x=1")  # the bridge's loop executes what is sent, as a park does
    legs.wait(0.1)
    assert legs.variable("x") == "1"
    assert legs.closed_at is None


def test_after_a_uuid_bridge_the_dialplan_goes_on_behind_the_socket(legs: Legs) -> None:
    legs.originate()
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", B)
    assert legs.cause(legs.a) == "NORMAL_CLEARING"  # with nothing there


def test_with_park_after_bridge_the_app_goes_on_with_the_call(legs: Legs) -> None:
    legs.originate()
    legs.execute("set", "park_after_bridge=true")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", B)
    assert legs.state(legs.a) is State.PARK
    legs.execute("playback", "ivr/ivr-welcome")
    legs.wait(3.0)
    assert legs.done(legs.a, "playback")
    legs.execute("hangup")
    legs.wait(0.1)
    assert legs.cause(legs.a) == "NORMAL_CLEARING"


def test_the_other_leg_parks_with_park_after_bridge_of_its_own(legs: Legs) -> None:
    legs.originate()
    legs.api("uuid_setvar", B, "park_after_bridge", "true")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", legs.a)
    assert legs.state(B) is State.PARK


def test_the_other_leg_is_hung_up_with_the_one_that_bridged(legs: Legs) -> None:
    legs.originate()
    legs.api("uuid_bridge", legs.a, B)
    legs.execute("hangup", "USER_BUSY")
    legs.wait(0.2)
    assert legs.cause(legs.a) == "USER_BUSY"
    assert legs.cause(B) == "NORMAL_CLEARING"


def test_a_leg_goes_to_where_transfer_after_bridge_says(legs: Legs) -> None:
    legs.switch.extensions["^away$"] = [("park", "")]
    legs.originate()
    legs.execute("set", "transfer_after_bridge=away:XML:default")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", B)
    assert legs.channel.profile.destination_number == "away"
    assert legs.channel.up


def test_queued_applications_are_lost_to_a_uuid_bridge(legs: Legs) -> None:
    # recording 207
    legs.originate()
    for _ in range(2):
        legs.execute("playback", "ivr/ivr-welcome", event_lock="true")
    legs.wait(0.5)
    legs.api("uuid_bridge", legs.a, B)
    responses = [each.get("Application-Response") for each in legs.done(legs.a, "playback")]
    assert responses == ["PLAYBACK ERROR", "PLAYBACK ERROR"]


def test_a_leg_may_be_bridged_to_another_out_of_a_bridge(legs: Legs) -> None:
    # recording 211
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_bridge", legs.a, C)
    assert legs.bridged() == [(legs.a, B), (legs.a, C)]
    assert legs.cause(B) == "NORMAL_CLEARING"
    assert legs.up(C)


def test_a_leg_that_is_parked_out_of_a_bridge_may_be_bridged_again(legs: Legs) -> None:
    # recording 215
    legs.originate()
    legs.execute("set", "park_after_bridge=true")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_park", B)
    assert legs.state(legs.a) is legs.state(B) is State.PARK
    legs.api("uuid_bridge", legs.a, B)
    assert len(legs.bridged()) == 2


def test_a_call_that_has_no_media_yet_is_lost_by_a_uuid_bridge() -> None:
    # recording 213
    call = ModelCall()
    call.endpoint(FAR)
    call.send("connect")
    call.send("event plain all")
    call.send(f"bgapi originate {{origination_uuid={B}}}{FAR} &park()")
    call.wait(0.2)
    call.send(f"api uuid_bridge {call.channel.uuid} {B}")
    call.wait(0.2)
    assert call.channel.hangup_cause == "DESTINATION_OUT_OF_ORDER"
    assert call.switch.locate(B) is None


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        ("", "-USAGE: <uuid> <other_uuid>\n"),
        (B, "-USAGE: <uuid> <other_uuid>\n"),
        (f"{B} {C}", "-ERR Invalid uuid\n"),
    ],
)
def test_uuid_bridge_needs_two_legs(legs: Legs, argument: str, answer: str) -> None:
    # recording 214
    assert legs.api("uuid_bridge", argument) == answer
