"""The legs other than callers', whose events are noted in the call that the leg belongs to.

A leg belongs to the call that it was dialled for, or to the call whose app originated it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ..model.channel import Channel, Heard
from ..model.events import SwitchEvent
from ..model.far_legs import FarLeg
from .line import Line

__all__ = ["OtherLegs"]

#: The maximum number of originate commands kept, to find the call whose app sent one.
ORIGINATES_KEPT = 50


class OtherLegs:
    """The legs of a switch other than callers', named by the dial strings that called them."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self.dialled: set[str] = set()  #: every dial string that was ever tried
        self._lines = lines  # the calls that are up, by uuid
        self._names: dict[str, str] = {}  # dial strings of legs that are up, by uuid
        self._owners: dict[str, Line] = {}
        self._bridges: set[frozenset[str]] = set()
        self._asked: deque[tuple[bytes, Line]] = deque(maxlen=ORIGINATES_KEPT)

    @property
    def up(self) -> frozenset[str]:
        """The dial strings of the legs that are being called, or are up."""
        return frozenset(self._names.values())

    @property
    def lines(self) -> list[Line]:
        """The calls that are up, or have just ended."""
        return list(self._lines.values())

    def owner(self, channel: Channel | None) -> Line | None:
        """The call that a channel belongs to; without a channel, the first call that is up."""
        if channel is not None:
            return self._lines.get(channel.uuid) or self._owners.get(channel.uuid)
        return next(iter(self._lines.values()), None)

    def served_by(self, thread: int | None) -> Line | None:
        """The call whose handler runs on a thread."""
        if thread is None:
            return None
        return next((line for line in self._lines.values() if line.served_by == thread), None)

    def commanded(self, line: Line, data: bytes) -> None:
        """Note a command that a call's app sent to the switch."""
        if b"originate" in data:
            self._asked.append((data, line))

    def called(self, target: str, leg: FarLeg | str, caller: Channel | None) -> None:
        """Note that the switch calls a far end, or can't, with ``leg`` as the cause."""
        self.dialled.add(target)
        line = self._owner_of(target, caller)
        if line is None:
            return
        if isinstance(leg, str):
            line.tell(f"can't call {target}: {leg}")
            return
        self._names[leg.uuid] = target
        self._owners[leg.uuid] = line
        line.transcript.legs[leg.uuid] = target
        line.tell(f"calls {target}")
        leg.on_event = lambda name, event: self._happened(line, target, leg, name, event)
        leg.on_heard = lambda heard: _hears(line, target, leg, heard)
        leg.on_press = lambda keys: line.tell(f"{target} presses {keys}")
        leg.on_transfer = lambda to: line.tell(f"{target} transfers the other side to {to}")

    def noticed(self, name: str, event: SwitchEvent) -> None:
        """Note an event of a channel, which may bridge two channels, or end a bridge."""
        if name == "CHANNEL_BRIDGE":
            self._bridged(event)
        elif name == "CHANNEL_UNBRIDGE":
            self._bridges.discard(frozenset(_pair(event)))

    # Inside

    def _bridged(self, event: SwitchEvent) -> None:
        pair = _pair(event)
        if frozenset(pair) in self._bridges:
            return
        self._bridges.add(frozenset(pair))
        one, other = pair
        told = False
        for uuid, partner in ((one, other), (other, one)):
            line = self._lines.get(uuid)
            if line is not None:
                line.bridged_to(self._name(partner, event))
                told = True
        owner = self._owners.get(one) or self._owners.get(other)
        if not told and owner is not None:
            owner.tell(f"{self._name(one, event)} is bridged to {self._name(other, event)}")

    def _owner_of(self, target: str, caller: Channel | None) -> Line | None:
        if caller is not None:
            return self.owner(caller)
        for data, line in reversed(self._asked):
            if target.encode("utf-8", "surrogateescape") in data:
                return line
        return self.owner(None)

    def _name(self, uuid: str, event: SwitchEvent) -> str:
        line = self._lines.get(uuid)
        if line is not None and uuid not in self._names:
            return line.number
        return self._names.get(uuid) or event.get("Other-Leg-Channel-Name") or uuid

    def _happened(
        self, line: Line, target: str, leg: FarLeg, name: str, event: SwitchEvent
    ) -> None:
        if name == "CHANNEL_PROGRESS":
            line.tell(f"{target} rings")
        elif name == "CHANNEL_ANSWER":
            line.tell(f"{target} answers")
        elif name == "CHANNEL_HANGUP":
            cause = leg.hangup_cause
            if not leg.left:
                line.tell(f"hangs up {target} {cause}")
            elif leg.answered:
                line.tell(f"{target} hangs up {cause}")
            else:
                line.tell(f"{target} rejects: {cause}")
        elif name == "CHANNEL_DESTROY":
            del self._owners[leg.uuid], self._names[leg.uuid]
        else:
            self.noticed(name, event)


def _hears(line: Line, target: str, leg: FarLeg, heard: Heard) -> None:
    if heard.how == "plays" and not heard.is_piece and heard.started == leg.now:
        line.tell(f"{target} hears {heard.prompt}")


def _pair(event: SwitchEvent) -> tuple[str, str]:
    return event.get("Bridge-A-Unique-ID") or "", event.get("Bridge-B-Unique-ID") or ""
