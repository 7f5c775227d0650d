"""The subclasses of CUSTOM that FreeSWITCH fires."""

from __future__ import annotations

from simulator.applications import conference, fifo, limit, valet_park
from simulator.model.known_events import SUBCLASSES


def test_what_the_simulated_switch_fires_is_among_them() -> None:
    assert {each.SUBCLASS for each in (conference, fifo, limit, valet_park)} <= SUBCLASSES
