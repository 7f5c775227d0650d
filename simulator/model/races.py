"""Races between FreeSWITCH's threads: the choice among several right outcomes.

The model takes the usual outcome. A `Switch` accepts another choice: a check against a recording
repeats the recorded outcomes, and a seed draws them.
"""

from __future__ import annotations

from random import Random
from typing import Literal

from ..clockwork.threads import MILLISECOND

__all__ = ["DrawnRaces", "FirstStates", "Leaves", "Races"]

#: When a leg's thread runs through its first states: before the far end rings, answers or refuses,
#: after that, or never; or it has been created by then, but not more.
FirstStates = Literal["before", "created", "after", "never"]
#: When the thread of a leg that hangs up in `att_xfer` notices, since it looks every 100 ms: before
#: the two legs are no longer bridged, right after that, or at its next look.
Leaves = Literal["before", "after", "later"]


class Races:
    """The usual outcome of each race. Legs are named by uuid."""

    #: An execution shorter than this (microseconds) ends its loops (switch_ivr_parse_event).
    shortest_loop = 500 * MILLISECOND

    def first_states(self, leg: str, usual: FirstStates) -> FirstStates:
        """When the first states of a leg are seen whose far end does something at once."""
        return usual

    def refuses_first(self, leg: str, usual: bool) -> bool:
        """True if a leg that refuses at once is seen before one that answers at once.

        Usually it is if it was called before that.
        """
        return usual

    def media_ends_first(self, leg: str) -> bool:
        """True if a loopback caller's hangup ends what plays a tick before the leg's own hangup."""
        return False

    def leaves_att_xfer(self, leg: str) -> Leaves:
        """When a leg that hangs up in `att_xfer` leaves it."""
        return "later"

    def consumes_media(self, peer: str) -> bool:
        """True if a peer in CS_SOFT_EXECUTE reaches CS_CONSUME_MEDIA before it is bridged."""
        return False


class DrawnRaces(Races):
    """Outcomes drawn at random; all of them have been seen of a real switch."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def first_states(self, leg: str, usual: FirstStates) -> FirstStates:
        outcomes: tuple[FirstStates, ...] = ("before", "after", "never", "created")
        return usual if usual == "before" else self._random.choice(outcomes)

    def refuses_first(self, leg: str, usual: bool) -> bool:
        return self._random.random() < 0.5

    def media_ends_first(self, leg: str) -> bool:
        return self._random.random() < 0.5

    def consumes_media(self, peer: str) -> bool:
        return self._random.random() < 0.5

    def leaves_att_xfer(self, leg: str) -> Leaves:
        outcomes: tuple[Leaves, ...] = ("before", "after", "later")
        return self._random.choice(outcomes)
