"""Races: whoever builds the switch decides how they end."""

from __future__ import annotations

import pytest

from simulator.model.races import FirstStates, Races
from tests.support.legs import FAR, B, Legs


class Chosen(Races):
    def __init__(self, seen: FirstStates) -> None:
        self.seen = seen

    def first_states(self, leg: str, usual: FirstStates) -> FirstStates:
        return self.seen


@pytest.mark.parametrize(
    ("seen", "states"),
    [
        ("before", ["CS_INIT", "CS_ROUTING", "CS_CONSUME_MEDIA", "answered"]),
        ("after", ["CS_INIT", "answered", "CS_ROUTING", "CS_CONSUME_MEDIA"]),
        ("never", ["CS_INIT", "answered"]),
    ],
)
def test_when_a_leg_is_seen_in_its_first_states(seen: FirstStates, states: list[str]) -> None:
    legs = Legs(races=Chosen(seen))
    legs.execute("bridge", f"{{origination_uuid={B}}}{FAR}")
    legs.wait(0.5)
    told = [
        "answered" if each.name == "CHANNEL_ANSWER" else each.get("Channel-State")
        for each in legs.events("CHANNEL_STATE", "CHANNEL_ANSWER")
        if each.get("Unique-ID") == B
    ]
    first = [each for each in told if each in ("CS_INIT", "CS_ROUTING", "CS_CONSUME_MEDIA")]
    assert [each for each in told if each in (*first, "answered")] == states
