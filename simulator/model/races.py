"""Races between FreeSWITCH's threads: the choice among several right outcomes.

The model takes the usual outcome. A `Switch` accepts another choice: a check against a recording
repeats the recorded outcomes.
"""

from __future__ import annotations

from typing import Literal

from ..clockwork.threads import MILLISECOND

__all__ = ["FirstStates", "Races"]

#: When a leg's thread runs through its first states: before the far end answers or refuses, after
#: that, or never.
FirstStates = Literal["before", "after", "never"]


class Races:
    """The usual outcome of each race. Legs are named by uuid."""

    #: An execution shorter than this (microseconds) ends its loops (switch_ivr_parse_event).
    shortest_loop = 500 * MILLISECOND

    def first_states(self, leg: str, usual: FirstStates) -> FirstStates:
        """When the first states of a leg whose far end answers or refuses at once are seen."""
        return usual

    def media_ends_first(self, leg: str) -> bool:
        """True if a loopback caller's hangup ends what plays a tick before the leg's own hangup."""
        return False

    def consumes_media(self, peer: str) -> bool:
        """True if a peer in CS_SOFT_EXECUTE reaches CS_CONSUME_MEDIA before it is bridged."""
        return False
