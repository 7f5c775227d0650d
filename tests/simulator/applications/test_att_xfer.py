"""att_xfer: recordings 250 to 257."""

from __future__ import annotations

import pytest

from simulator.model.races import Leaves, Races
from tests.support.legs import FAR, B, C, Legs


def consulting(legs: Legs, far: str = FAR) -> None:
    legs.bridge()
    legs.execute("att_xfer", f"{{origination_uuid={C}}}{far}")
    legs.wait(0.5)


def test_hanging_up_after_the_consultation_hands_the_call_over(legs: Legs) -> None:
    consulting(legs)
    assert legs.bridged() == [(legs.a, B), (legs.a, C)]
    legs.api("uuid_kill", legs.a)
    legs.wait(0.5)
    assert legs.bridged()[-1] == (C, B)
    legs.api("uuid_kill", B)
    assert legs.cause(C) == "NORMAL_CLEARING"


def test_the_call_goes_on_if_the_third_party_hangs_up(legs: Legs) -> None:
    consulting(legs)
    legs.api("uuid_kill", C)
    legs.wait(0.5)
    # by a uuid_bridge, for which the applications that ran come to their end
    assert legs.bridged()[-1] == (legs.a, B)
    assert legs.done(legs.a, "att_xfer")
    assert legs.done(legs.a, "bridge")
    assert legs.done(legs.a, "socket")
    assert legs.variable("att_xfer_result") == "success"


def test_the_hash_key_cancels(legs: Legs) -> None:
    consulting(legs)
    legs.channel.press("#")
    legs.wait(0.5)
    assert legs.cause(C) == "NORMAL_CLEARING"
    assert legs.bridged()[-1] == (legs.a, B)


def test_another_key_may_cancel(legs: Legs) -> None:
    legs.execute("set", "attxfer_cancel_key=7")
    consulting(legs)
    legs.channel.press("#")
    legs.wait(0.2)
    assert legs.up(C)
    legs.channel.press("7")
    legs.wait(0.2)
    assert not legs.up(C)


def test_the_star_key_hands_over(legs: Legs) -> None:
    consulting(legs)
    legs.channel.press("*")
    legs.wait(0.5)
    assert legs.cause(legs.a) == "NORMAL_CLEARING"
    assert legs.bridged()[-1] == (C, B)


def test_the_zero_key_makes_a_call_of_three(legs: Legs) -> None:
    consulting(legs)
    legs.channel.press("0")
    legs.wait(0.5)
    assert legs.bridged()[-1] == (legs.a, B)
    [listens] = [
        each for each in legs.events("CHANNEL_EXECUTE") if each.get("Application") == "three_way"
    ]
    assert listens.get("Unique-ID") == C
    legs.api("uuid_kill", legs.a)
    legs.wait(0.5)
    assert legs.bridged()[-1] == (C, B)


def test_a_third_party_that_does_not_answer_leaves_the_bridge_as_it_was(legs: Legs) -> None:
    consulting(legs, "loopback/busy/default")
    assert legs.done(legs.a, "att_xfer")
    assert not legs.done(legs.a, "bridge")
    legs.api("uuid_kill", B)
    assert legs.done(legs.a, "bridge")
    assert legs.channel.up


def test_if_the_waiting_party_has_gone_the_bridge_ends_with_the_consultation(legs: Legs) -> None:
    consulting(legs)
    legs.api("uuid_kill", B)
    assert legs.up(C)
    legs.api("uuid_kill", C)
    legs.wait(0.2)
    assert legs.done(legs.a, "bridge")
    assert legs.variable("att_xfer_result") == "failure"
    assert not legs.done(legs.a, "socket")


def test_without_a_bridge_att_xfer_bridges(legs: Legs) -> None:
    legs.execute("att_xfer", f"{{origination_uuid={C}}}{FAR}")
    legs.wait(0.5)
    assert legs.bridged() == [(legs.a, C)]
    legs.api("uuid_kill", C)
    legs.wait(0.2)
    assert legs.done(legs.a, "att_xfer")
    assert not legs.done(legs.a, "socket")


class Chosen(Races):
    def __init__(self, leaves: Leaves) -> None:
        self.leaves = leaves

    def leaves_att_xfer(self, leg: str) -> Leaves:
        return self.leaves


@pytest.mark.parametrize(
    ("leaves", "order"),
    [
        ("before", ["att_xfer", "unbridged", "unbridged", "bridge"]),
        ("after", ["unbridged", "att_xfer", "unbridged", "bridge"]),
        ("later", ["unbridged", "att_xfer"]),  # the other is in another bridge by then (44m)
    ],
)
def test_a_leg_that_hangs_up_leaves_before_or_after_the_other_is_let_go(
    leaves: Leaves, order: list[str]
) -> None:  # (recording 35j)
    legs = Legs(races=Chosen(leaves))
    consulting(legs)
    legs.channel.caller_hangs_up()
    legs.wait(0.5)
    told = [
        "unbridged" if each.name == "CHANNEL_UNBRIDGE" else each.get("Application")
        for each in legs.events("CHANNEL_UNBRIDGE", "CHANNEL_EXECUTE_COMPLETE")
        if each.get("Unique-ID") == legs.a and each.get("Answer-State") == "hangup"
    ]
    assert told[:4] == order
    assert legs.bridged()[-1] == (C, B)
