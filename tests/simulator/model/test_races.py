"""Races: whoever builds the switch decides how they end."""

from __future__ import annotations

import re

import pytest

from eslsync import Hangup, Session
from simulator import FreeSwitch
from simulator.model.races import FirstStates, Races
from tests.support.legs import FAR, B, Legs

#: What a leg's thread, or its far end, does.
NAMES = {"CHANNEL_CREATE": "created", "CHANNEL_ANSWER": "answered"}


class Chosen(Races):
    def __init__(self, seen: FirstStates) -> None:
        self.seen = seen

    def first_states(self, leg: str, usual: FirstStates) -> FirstStates:
        return self.seen


@pytest.mark.parametrize(
    ("seen", "states"),
    [
        ("before", ["CS_INIT", "created", "CS_ROUTING", "CS_CONSUME_MEDIA", "answered"]),
        ("created", ["CS_INIT", "created", "answered", "CS_ROUTING", "CS_CONSUME_MEDIA"]),
        ("after", ["CS_INIT", "answered", "created", "CS_ROUTING", "CS_CONSUME_MEDIA"]),
        ("never", ["CS_INIT", "answered", "created"]),
    ],
)
def test_when_a_leg_is_seen_in_its_first_states(seen: FirstStates, states: list[str]) -> None:
    legs = Legs(races=Chosen(seen))
    legs.execute("bridge", f"{{origination_uuid={B}}}{FAR}")
    legs.wait(0.5)
    told = [
        NAMES.get(each.name, each.get("Channel-State"))
        for each in legs.events("CHANNEL_STATE", *NAMES)
        if each.get("Unique-ID") == B
    ]
    first = ("CS_INIT", "CS_ROUTING", "CS_CONSUME_MEDIA", *NAMES.values())
    assert [each for each in told if each in first] == states


def how_it_ends(seed: int | None) -> list[str]:
    """What the app is told, in order, of a caller who hangs up during its playback."""

    def handler(session: Session) -> None:
        with pytest.raises(Hangup):  # either way
            session.channel.playback("welcome")

    with FreeSwitch(seed=seed) as switch:
        call = switch.call(handler)
        call.hear("welcome", start=True)
        call.hangup()
    told = re.findall("PLAYBACK_STOP|CHANNEL_HANGUP ", str(call.transcript))
    return [each.strip() for each in told]


def test_a_seed_draws_whether_a_playback_fails_before_the_hangup_is_told() -> None:
    usual = how_it_ends(None)
    assert usual == how_it_ends(0) == ["CHANNEL_HANGUP", "PLAYBACK_STOP"]
    drawn = [how_it_ends(seed) for seed in range(1, 4)]
    assert usual in drawn
    assert usual[::-1] in drawn
    assert drawn == [how_it_ends(seed) for seed in range(1, 4)]
