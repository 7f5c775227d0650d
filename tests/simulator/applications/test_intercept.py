"""intercept: recordings 220 to 224."""

from __future__ import annotations

import pytest

from tests.support.legs import B, C, Legs


def test_intercept_takes_a_leg_away_from_its_partner(legs: Legs) -> None:
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", B, C)
    legs.execute("intercept", B)
    legs.wait(0.3)
    assert legs.bridged() == [(B, C), (legs.a, B)]
    assert legs.cause(C) == "PICKED_OFF"


def test_intercept_bleg_takes_the_partner(legs: Legs) -> None:
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", B, C)
    legs.execute("intercept", f"-bleg {B}")
    legs.wait(0.3)
    assert legs.bridged() == [(B, C), (legs.a, C)]
    assert legs.cause(B) == "PICKED_OFF"


@pytest.mark.parametrize("data", ["nobody", "-bleg nobody", "", "-bleg"])
def test_intercepting_nobody_leaves_the_call_as_it_is(legs: Legs, data: str) -> None:
    legs.execute("intercept", data)
    legs.wait(0.3)
    assert legs.done(legs.a, "intercept")
    assert not legs.done(legs.a, "socket")


@pytest.mark.parametrize("only", ["intercept_unbridged_only", "intercept_unanswered_only"])
def test_intercept_can_be_limited_to_unbridged_or_unanswered_legs(legs: Legs, only: str) -> None:
    # switch_ivr_intercept_session
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", B, C)
    legs.execute("set", f"{only}=true")
    legs.execute("intercept", B)
    legs.wait(0.3)
    assert legs.bridged() == [(B, C)]
