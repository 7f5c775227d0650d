"""Legs on hold: recordings 249, 262, 263."""

from __future__ import annotations

from tests.support.legs import B, Legs


def test_the_other_leg_of_one_on_hold_hears_music(legs: Legs) -> None:
    legs.bridge()
    assert legs.api("uuid_hold", legs.a) == "+OK Success\n"
    assert [each.get("Unique-ID") for each in legs.events("CHANNEL_HOLD")] == [legs.a]
    [music] = legs.events("PLAYBACK_START")
    assert music.get("Unique-ID") == B
    assert music.get("Playback-File-Path") == "local_stream://moh"
    # what came by loopback is never marked as held
    assert legs.api("uuid_hold", "off", legs.a) == "-ERR Operation failed\n"
    assert legs.api("uuid_hold", "toggle", legs.a) == "+OK Success\n"
    assert not legs.events("CHANNEL_UNHOLD")


def test_a_sip_leg_is_taken_back_from_hold(legs: Legs) -> None:
    # mod_sofia.c marks the call, switch_channel_mark_hold
    legs.endpoint("user/1000")
    legs.execute("bridge", f"{{origination_uuid={B}}}user/1000")
    legs.wait(0.5)
    legs.api("uuid_hold", "toggle", B)
    assert legs.switch.channels[B].callstate.name == "HELD"
    assert legs.api("uuid_hold", "off", B) == "+OK Success\n"
    assert legs.events("CHANNEL_UNHOLD")
    assert legs.done(legs.a, "playback")  # the music


def test_soft_hold_lasts_until_its_key(legs: Legs) -> None:
    legs.bridge()
    legs.execute("soft_hold", "1")
    legs.wait(1.0)
    assert {each.get("Unique-ID") for each in legs.events("PLAYBACK_START")} == {legs.a, B}
    legs.channel.press("2")
    legs.wait(0.1)
    assert not legs.done(legs.a, "soft_hold")
    legs.channel.press("1")
    legs.wait(0.2)
    assert legs.done(legs.a, "soft_hold")
    assert legs.done(B, "playback")
    assert not legs.done(legs.a, "bridge")


def test_hold_and_soft_hold_do_nothing_without_a_bridge(legs: Legs) -> None:
    legs.execute("hold")
    legs.execute("unhold")
    legs.execute("soft_hold", "1")
    legs.wait(0.2)
    assert len(legs.events("CHANNEL_HOLD")) == 1
    assert legs.done(legs.a, "soft_hold")
    assert not legs.events("PLAYBACK_START")
