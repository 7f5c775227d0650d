"""The legs other than callers', whose events are noted in the call that the leg belongs to.

A leg belongs to the call that it was dialled for, or to the call whose app originated it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from ..model.channel import Channel, Heard
from ..model.events import SwitchEvent
from ..model.far_legs import FarLeg
from .line import Line

__all__ = ["CalledLeg", "Deed", "Deeds", "HeardThere", "OtherLegs"]

#: The maximum number of originate commands kept, to find the call whose app sent one.
ORIGINATES_KEPT = 50


Deeds = Literal["answer", "reject", "press", "hangup"]


class Deed(NamedTuple):
    """Something that was done by hand at a far end."""

    noted: int  #: how many entries the call's transcript had by then
    at: int  #: microseconds since the epoch
    verb: Deeds
    keys: str


class HeardThere:
    """A prompt that is heard at a far end."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.how = heard.how
        self.since = heard.started  #: when it became so, in microseconds since the epoch
        self.played = 0  #: how much of it was heard by then, in microseconds

    def change(self, now: int) -> None:
        """Note what has become of it."""
        self.played += now - self.since if self.how == "plays" else 0
        self.how, self.since = self.heard.how, now


class CalledLeg:
    """A leg to a far end, and the call that it belongs to."""

    def __init__(self, dial_string: str, number: int, leg: FarLeg, line: Line) -> None:
        self.dial_string = dial_string
        self.number = number  #: among the calls to this far end; the first is 1
        self.leg = leg
        self.line = line
        self.caller = leg.profile.caller_id_number  #: as its phone shows it
        self.heard: list[HeardThere] = []  #: the prompts that have begun at the far end
        self.done: list[Deed] = []  #: what was done there by hand

    @property
    def by_hand(self) -> bool:
        """True if its far end answers only by hand."""
        behaviour = self.leg.far_end
        itself = behaviour.answers_after, behaviour.rejects, behaviour.taken_by
        return itself == (None, None, None)


class OtherLegs:
    """The legs of a switch other than callers', named by the dial strings that called them."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self.dialled: set[str] = set()  #: every dial string that was ever tried
        #: Called with each leg that begins to be called.
        self.on_called: Callable[[CalledLeg], None] | None = None
        self._lines = lines  # the calls that are up, by uuid
        self._called: dict[str, CalledLeg] = {}  # those that are up, by uuid
        self._numbers: Counter[str] = Counter()  # of legs to each far end so far
        self._bridges: set[frozenset[str]] = set()
        self._asked: deque[tuple[bytes, Line]] = deque(maxlen=ORIGINATES_KEPT)

    @property
    def up(self) -> frozenset[str]:
        """The dial strings of the legs that are being called, or are up."""
        return frozenset(each.dial_string for each in self._called.values())

    @property
    def lines(self) -> list[Line]:
        """The calls that are up, or have just ended."""
        return list(self._lines.values())

    def owner(self, channel: Channel | None) -> Line | None:
        """The call that a channel belongs to; without a channel, the first call that is up."""
        if channel is not None:
            called = self._called.get(channel.uuid)
            return self._lines.get(channel.uuid) or (None if called is None else called.line)
        return next(iter(self._lines.values()), None)

    def to(self, dial_string: str, number: int | None = None) -> list[CalledLeg]:
        """The legs to a far end that are up, the last first; or only that of this number."""
        up = [each for each in self._called.values() if each.dial_string == dial_string]
        return [each for each in reversed(up) if number in (None, each.number)]

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
        self._numbers[target] += 1
        called = CalledLeg(target, self._numbers[target], leg, line)
        self._called[leg.uuid] = called
        line.transcript.legs[leg.uuid] = target
        line.tell(f"calls {target}")
        leg.on_event = lambda name, event: self._happened(line, target, leg, name, event)
        leg.on_heard = lambda heard: _hears(called, heard)
        leg.on_press = lambda keys: line.tell(f"{target} presses {keys}")
        leg.on_transfer = lambda to: line.tell(f"{target} transfers the other side to {to}")
        if self.on_called is not None:
            self.on_called(called)

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
        called = self._called.get(one) or self._called.get(other)
        if not told and called is not None:
            called.line.tell(f"{self._name(one, event)} is bridged to {self._name(other, event)}")

    def _owner_of(self, target: str, caller: Channel | None) -> Line | None:
        if caller is not None:
            return self.owner(caller)
        for data, line in reversed(self._asked):
            if target.encode("utf-8", "surrogateescape") in data:
                return line
        return self.owner(None)

    def _name(self, uuid: str, event: SwitchEvent) -> str:
        line, called = self._lines.get(uuid), self._called.get(uuid)
        if called is not None:
            return called.dial_string
        return line.number if line is not None else event.get("Other-Leg-Channel-Name") or uuid

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
            del self._called[leg.uuid]
        else:
            self.noticed(name, event)


def _hears(called: CalledLeg, heard: Heard) -> None:
    if heard.how == "plays" and not heard.is_piece and heard.started == called.leg.now:
        called.line.tell(f"{called.dial_string} hears {heard.prompt}")
    for each in reversed(called.heard):
        if each.heard is heard:
            each.change(called.leg.now)
            return
    called.heard.append(HeardThere(heard))


def _pair(event: SwitchEvent) -> tuple[str, str]:
    return event.get("Bridge-A-Unique-ID") or "", event.get("Bridge-B-Unique-ID") or ""
