"""Valet parking: recordings 21k to 21n; mod_valet_parking.c, valet_parking_function."""

from __future__ import annotations

import pytest

from simulator.model.channel import Channel
from tests.support.model_call import ModelCall


def parker(call: ModelCall, argument: str) -> Channel:
    """Have another call run valet_park."""
    other = call.incoming(caller_number="2002")
    other.run_extension([("answer", ""), ("valet_park", argument)])
    other.start()
    call.wait(0.2)
    return other


def info(call: ModelCall, lot: str = "") -> str:
    before = len(call.sent)
    call.send(f"api valet_info {lot}")
    return next(each.body for each in call.sent[before:] if each.lane == "answer")


def test_a_parked_caller_is_fetched_by_dialling_the_slot() -> None:
    call = ModelCall().answered()
    call.execute("valet_park", "lot 4001")
    call.wait(1.0)
    assert call.variable("valet_lot_extension") == "4001"
    assert f'<extension uuid="{call.channel.uuid}">4001</extension>' in info(call, "lot")
    other = parker(call, "lot 4001")
    call.wait(0.5)
    assert call.channel.partner is other
    assert "extension" not in info(call)
    told = [each.get("Action") for each in call.events("CUSTOM")]
    assert told == ["hold", "bridge", "exit"]
    other.caller_hangs_up()
    call.wait(0.5)
    assert call.channel.hangup_cause is not None


def test_the_next_free_slot_is_taken_and_announced() -> None:
    phrases = {"valet_announce_ext": [("play-file", "slot-$1")]}
    call = ModelCall(phrases=phrases).answered()
    first = parker(call, "lot auto in 10 11")
    call.execute("valet_park", "lot auto in 10 11")
    call.wait(6.0)
    assert first.get("valet_lot_extension") == "10"
    assert call.variable("valet_lot_extension") == "11"
    assert "slot-lot:11" in [heard.prompt for heard in call.channel.heard]
    full = parker(call, "lot auto in 10 11")
    assert not full.up  # nothing is left for it to do


def test_the_caller_who_waits_longest_is_fetched() -> None:
    call = ModelCall().answered()
    first, second = parker(call, "lot 20"), parker(call, "lot 15")
    call.execute("valet_park", "lot auto out 10 30")
    call.wait(0.5)
    assert call.channel.partner is first
    assert second.partner is None


@pytest.mark.parametrize(
    ("variables", "seconds", "up"),
    [
        ("valet_parking_timeout=5", 5, True),
        ("valet_parking_orbit_exten=9999", 60, False),
        ("valet_parking_timeout=7 valet_parking_orbit_exten=9999", 7, False),
    ],
)
def test_a_caller_who_is_not_fetched_goes_elsewhere(variables: str, seconds: int, up: bool) -> None:
    call = ModelCall().answered()
    call.execute("multiset", variables)
    call.execute("valet_park", "lot 1", event_lock="true")
    call.wait(seconds - 0.5)
    assert call.completed.get("Application") == "multiset"
    call.wait(1.0)
    assert call.channel.up is up
    assert [each.get("Action") for each in call.events("CUSTOM")] == ["hold", "exit"]


def test_the_hash_key_ends_the_parking() -> None:
    call = ModelCall().answered()
    call.execute("set", "valet_hold_music=silence")
    call.execute("valet_park", "lot 1", event_lock="true")
    call.wait(0.5)
    call.channel.press("1")
    call.wait(0.5)
    assert call.completed.get("Application") == "set"
    call.channel.press("#")
    call.wait(0.1)
    assert call.completed.get("Application") == "valet_park"
    call.execute("set", "valet_parking_orbit_exit_key=9")
    call.execute("set", "valet_parking_orbit_exten=7777")
    call.execute("valet_park", "lot 2", event_lock="true")
    call.wait(0.5)
    call.channel.press("9")
    call.wait(0.2)
    assert call.channel.profile.destination_number == "7777"


def test_the_slot_may_be_asked_for() -> None:
    call = ModelCall(prompts={"which": 1.0}).answered()
    call.execute("valet_park", "lot ask 1 4 3000 which")
    call.wait(1.5)
    for key in "42#":
        call.channel.press(key)
        call.wait(0.3)
    assert call.variable("valet_lot_extension") == "42"


def test_not_answering_ends_the_call() -> None:
    call = ModelCall(prompts={"which": 1.0}).answered()
    call.execute("valet_park", "lot ask 1 4 1000 which")
    call.wait(1.5)
    call.channel.caller_hangs_up()
    call.wait(0.2)
    assert call.events("CHANNEL_HANGUP_COMPLETE")


def test_wrong_arguments_of_valet_park_are_handled_as_freeswitch_does() -> None:
    call = ModelCall().answered()
    for argument in ("", "lot", "lot auto in 1", "lot auto up 1 2", "lot auto out 1 2"):
        call.execute("valet_park", argument)
        call.wait(0.1)
        assert call.completed.get("Application") == "valet_park"
    assert not call.events("CUSTOM")
