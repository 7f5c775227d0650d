"""What happens on other legs than the caller's, told in the call that they belong to.

A leg belongs to the call that it is called for, or whose app had it called (`originate`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..model.far_legs import Leg

if TYPE_CHECKING:
    from ..model.channel import Channel, Heard
    from ..model.events import Event
    from .call import Call

__all__ = ["OtherLegs"]

#: Originate commands that are kept, to know whose app had a leg called.
KEPT = 50


class OtherLegs:
    """The legs of a switch that are not callers', by the dial strings that they were called by."""

    def __init__(self, calls: Mapping[str, Call]) -> None:
        self.calls = calls  #: those that are up, by their uuid
        self.dialled: set[str] = set()  #: every dial string that was ever tried
        self._names: dict[str, str] = {}  # by uuid: those that are up
        self._owners: dict[str, Call] = {}
        self._bridges: set[frozenset[str]] = set()
        self._asked: deque[tuple[bytes, Call]] = deque(maxlen=KEPT)

    def commanded(self, call: Call, data: bytes) -> None:
        """A call's app said something to the switch."""
        if b"originate" in data:
            self._asked.append((data, call))

    def called(self, target: str, leg: Leg | str, caller: Channel | None) -> None:
        """The switch calls a far end, or can't for a cause."""
        self.dialled.add(target)
        call = self._owner_of(target, caller)
        if call is None:
            return
        if isinstance(leg, str):
            call.tell(f"can't call {target}: {leg}")
            return
        self._names[leg.uuid] = target
        self._owners[leg.uuid] = call
        call.transcript.legs[leg.uuid] = target
        call.tell(f"calls {target}")
        leg.on_event = lambda name, event: self._happened(call, target, leg, name, event)
        leg.on_heard = lambda heard: _hears(call, target, leg, heard)
        leg.on_press = lambda keys: call.tell(f"{target} presses {keys}")

    def bridged(self, event: Event) -> None:
        """Two channels hear each other from now on: CHANNEL_BRIDGE."""
        pair = _pair(event)
        if frozenset(pair) in self._bridges:
            return
        self._bridges.add(frozenset(pair))
        one, other = pair
        told = False
        for uuid, partner in ((one, other), (other, one)):
            call = self.calls.get(uuid)
            if call is not None:
                call.bridge(self._name(partner, event))
                told = True
        owner = self._owners.get(one) or self._owners.get(other)
        if not told and owner is not None:
            owner.tell(f"{self._name(one, event)} is bridged to {self._name(other, event)}")

    def unbridged(self, event: Event) -> None:
        """They don't any more: CHANNEL_UNBRIDGE."""
        self._bridges.discard(frozenset(_pair(event)))

    # Inside

    def _owner_of(self, target: str, caller: Channel | None) -> Call | None:
        if caller is not None:
            return self.calls.get(caller.uuid) or self._owners.get(caller.uuid)
        for data, call in reversed(self._asked):
            if target.encode("utf-8", "surrogateescape") in data:
                return call
        return next(iter(self.calls.values()), None)

    def _name(self, uuid: str, event: Event) -> str:
        call = self.calls.get(uuid)
        if call is not None:
            return call.number
        return self._names.get(uuid) or event.get("Other-Leg-Channel-Name") or uuid

    def _happened(self, call: Call, target: str, leg: Leg, name: str, event: Event) -> None:
        if name == "CHANNEL_PROGRESS":
            call.tell(f"{target} rings")
        elif name == "CHANNEL_ANSWER":
            call.tell(f"{target} answers")
        elif name == "CHANNEL_BRIDGE":
            self.bridged(event)
        elif name == "CHANNEL_UNBRIDGE":
            self.unbridged(event)
        elif name == "CHANNEL_HANGUP":
            cause = leg.hangup_cause
            if not leg.left:
                call.tell(f"hangs up {target} {cause}")
            elif leg.answered:
                call.tell(f"{target} hangs up {cause}")
            else:
                call.tell(f"{target} rejects: {cause}")
        elif name == "CHANNEL_DESTROY":
            del self._owners[leg.uuid], self._names[leg.uuid]


def _hears(call: Call, target: str, leg: Leg, heard: Heard) -> None:
    if heard.how == "plays" and not heard.is_piece and heard.started == leg.now:
        call.tell(f"{target} hears {heard.prompt}")


def _pair(event: Event) -> tuple[str, str]:
    return event.get("Bridge-A-Unique-ID") or "", event.get("Bridge-B-Unique-ID") or ""
