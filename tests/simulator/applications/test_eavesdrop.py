"""eavesdrop and three_way: recordings 230 to 233."""

from __future__ import annotations

import pytest

from tests.support.legs import B, Legs


@pytest.mark.parametrize("application", ["eavesdrop", "three_way"])
def test_listening_in_lasts_as_long_as_the_other_call(legs: Legs, application: str) -> None:
    legs.originate()
    legs.execute(application, B)
    legs.execute("set", "waits=true")
    legs.wait(1.0)
    legs.api("uuid_break", legs.a)
    assert not legs.done(legs.a, application)
    assert not legs.done(legs.a, "set")  # nothing that is sent is executed meanwhile
    legs.api("uuid_kill", B)
    assert legs.done(legs.a, application)
    assert legs.done(legs.a, "set")
    bugs = [each.get("Unique-ID") for each in legs.events("MEDIA_BUG_START", "MEDIA_BUG_STOP")]
    assert bugs == [B, B]


def test_the_star_ends_an_eavesdrop_and_no_three_way(legs: Legs) -> None:
    # switch_ivr_eavesdrop_session
    legs.originate()
    legs.execute("eavesdrop", B)
    legs.wait(0.1)
    legs.channel.press("1")
    legs.channel.press("*")
    legs.wait(0.2)
    assert legs.done(legs.a, "eavesdrop")
    legs.execute("three_way", B)
    legs.wait(0.1)
    legs.channel.press("*")
    legs.wait(0.2)
    assert not legs.done(legs.a, "three_way")


def test_listening_in_on_an_unknown_leg_fails(legs: Legs) -> None:
    legs.execute("eavesdrop", "nobody")
    legs.execute("eavesdrop", legs.a)
    legs.wait(0.1)
    assert len(legs.done(legs.a, "eavesdrop")) == 2
    assert not legs.events("MEDIA_BUG_START")
