"""Valet parking: a caller is parked in a slot of a lot, and fetched by dialling the slot.

mod_valet_parking.c, valet_parking_function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND, Steps
from ..model import asking, playing, waiting
from ..model.arguments import atoi
from ..model.dialplan import transfer
from ..model.playing import Alarm
from ..model.states import Status
from ..model.tables import api, application
from ..model.variables import is_true
from .uuid_bridge import uuid_bridge

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.digits import Digit
    from ..model.switch import Switch

__all__: list[str] = []

SUBCLASS = "valet_parking::info"
#: The line of mod_valet_parking.c that fires each event.
LINES = {"hold": 684, "bridge": 579, "exit": 749}
#: Seconds until a caller leaves for valet_parking_orbit_exten, if there is no timeout.
ORBIT_AFTER = 60
#: Milliseconds before the slot is announced.
BEFORE_ANNOUNCEMENT = 1500


@dataclass(eq=False)
class Slot:
    """A parked call."""

    uuid: str
    extension: str
    #: True for a call on its way here: only the holder of its ticket gets the slot.
    expected: bool = False
    bridged: bool = False


@dataclass(eq=False)
class Lot:
    """The taken slots by extension, in the order in which they were taken."""

    name: str
    slots: dict[str, Slot] = field(default_factory=dict)

    def take(self, uuid: str, extension: str) -> Slot:
        self.slots.pop(extension, None)
        self.slots[extension] = slot = Slot(uuid, extension)
        return slot

    def leave(self, slot: Slot) -> None:
        if self.slots.get(slot.extension) is slot:
            del self.slots[slot.extension]

    def free(self, low: int, high: int) -> str | None:
        """The first free extension; a ``high`` of 0 means no limit."""
        extension = low or 1
        while extension <= high or not high:
            if str(extension) not in self.slots:
                return str(extension)
            extension += 1
        return None

    def longest(self, low: int, high: int) -> Slot | None:
        """The slot of the call that has waited longest."""
        for slot in self.slots.values():
            number = atoi(slot.extension)
            if number >= (low or 1) and (number <= high or not high) and not slot.expected:
                return slot
        return None


class Lots:
    """The lots of a switch, by name."""

    def __init__(self, switch: Switch) -> None:
        self.by_name: dict[str, Lot] = {}
        self.presence_events = 0  #: the number fired so far


class _Timeout(Alarm):
    """Ends the parking of a caller."""

    status = Status.FALSE


def _tell(channel: Channel, lot: str, extension: str, action: str, *more: tuple[str, str]) -> None:
    first = (("Valet-Lot-Name", lot), ("Valet-Extension", extension), ("Action", action), *more)
    channel.fire(
        "CUSTOM",
        before=(("Event-Subclass", SUBCLASS),),
        first=first,
        subclass=SUBCLASS,
        called_from=("mod_valet_parking.c", "valet_parking_function", LINES[action]),
    )


@application("valet_park", recordings="21k 21l 21m")
def valet_park(channel: Channel, data: str) -> Steps[None]:
    """``<lot> <extension>``, ``<lot> ask [<min> [<max> [<timeout> [<prompt>]]]]``, or
    ``<lot> auto in|out <min> <max>``.
    """
    words = separate(data, " ", 6)
    if len(words) < 2:
        return
    switch = channel.switch
    lot = switch.state(Lots).by_name.setdefault(words[0], Lot(words[0]))
    extension, slot, auto = words[1], None, False
    if extension.lower() == "auto":
        if len(words) < 5 or words[2].lower() not in ("in", "out"):
            return
        auto = words[2].lower() == "in"
        slot = _automatic(channel, lot, auto, atoi(words[3]), atoi(words[4]))
        if slot is None:
            macro = "valet_lot_full" if auto else "valet_lot_empty"
            yield from playing.phrase(channel, macro, "", None)
            return
        extension = slot.extension
    elif extension.lower() == "ask":
        extension = yield from _ask(channel, words[2:])
    if not auto:
        found = slot or lot.slots.get(extension)
        if found is not None and not found.bridged and _fetch(channel, lot, found):
            return
        slot = lot.take(channel.uuid, extension)
    assert slot is not None
    music = channel.get("valet_hold_music") or channel.get("hold_music") or "silence"
    if music.lower() == "silence":
        music = "silence_stream://-1"
    destination = _destination(channel, lot, slot, music)
    channel.set("inline_destination", destination)
    if auto:
        partner = channel.partner
        slot.expected = partner is not None
        yield from _announce(channel, lot, slot)
        if partner is not None:
            slot.uuid = channel.uuid  # the ticket
            transfer(partner, destination, "inline")
            channel.hangup("NORMAL_CLEARING")
            return
    yield from _park(channel, lot, slot, music)


def _automatic(channel: Channel, lot: Lot, auto: bool, low: int, high: int) -> Slot | None:
    if not auto:
        return lot.longest(low, high)
    extension = lot.free(low, high)
    return None if extension is None else lot.take(channel.uuid, extension)


def _ask(channel: Channel, words: Sequence[str]) -> Steps[str]:
    """Ask for the extension of the slot; without an answer, the call ends."""
    settings = []
    for at, (variable, default) in enumerate(
        (("valet_ext_min", 1), ("valet_ext_max", 11), ("valet_ext_to", 10_000))
    ):
        given = words[at] if len(words) > at else channel.get(variable)
        settings.append(max(0, atoi(given)) or default)
    least, most, timeout = settings
    prompt = words[3] if len(words) > 3 else channel.get("valet_ext_prompt")
    status, digits = Status.TIMEOUT, ""
    while status not in (Status.SUCCESS, Status.FALSE):
        status, digits = yield from asking.read(
            channel,
            least=least,
            most=most,
            file=prompt or "ivr/ivr-enter_ext_pound.wav",
            variable="",
            timeout=timeout,
            terminators="#",
            digit_timeout=0,
        )
    if status is Status.SUCCESS:
        return digits
    channel.hangup("DESTINATION_OUT_OF_ORDER")
    return "ask"


def _fetch(channel: Channel, lot: Lot, slot: Slot) -> bool:
    """Bridge to the parked call; False if there is none."""
    ticket = channel.get("valet_ticket")
    if slot.expected and ticket:
        if ticket != slot.uuid:
            channel.hangup("DESTINATION_OUT_OF_ORDER")
            return True
        channel.set("valet_ticket", None)
        slot.expected = False
    parked = channel.switch.locate(slot.uuid)
    if parked is None:
        return False
    bridged_to = ("Bridge-To-UUID", channel.uuid)
    _tell(parked, lot.name, slot.extension, "bridge", bridged_to)
    slot.bridged = True
    uuid_bridge(channel.switch, parked.uuid, channel.uuid)
    return True


def _destination(channel: Channel, lot: Lot, slot: Slot, music: str) -> str:
    """An inline dialplan that parks a channel with the same settings."""
    names = ("timeout", "orbit_exten", "orbit_dialplan", "orbit_context", "orbit_exit_key")
    given = [(name, channel.get(f"valet_parking_{name}")) for name in names]
    actions = [f"set:valet_parking_{name}={value}" for name, value in given if value]
    actions += [f"set:valet_ticket={slot.uuid}", f"set:valet_hold_music='{music}'", "sleep:1000"]
    return ",".join([*actions, f"valet_park:{lot.name} {slot.extension}"])


def _announce(channel: Channel, lot: Lot, slot: Slot) -> Steps[None]:
    announces = channel.get("valet_announce_slot")
    if announces is not None and not is_true(announces):
        return
    yield from waiting.sleep(channel, BEFORE_ANNOUNCEMENT, None)
    where = f"{lot.name}:{slot.extension}"
    yield from playing.phrase(channel, "valet_announce_ext", where, None)


def _park(channel: Channel, lot: Lot, slot: Slot, music: str) -> Steps[None]:
    _tell(channel, lot.name, slot.extension, "hold")
    channel.set("valet_lot_extension", slot.extension)
    _tell_presence(channel.switch, lot, slot)
    orbit = channel.get("valet_parking_orbit_exten")
    seconds = max(0, atoi(channel.get("valet_parking_timeout"))) or (ORBIT_AFTER if orbit else 0)
    timeout = _Timeout()
    timeout.due = channel.now + seconds * SECOND if seconds else None

    def go_elsewhere() -> None:
        if orbit:
            dialplan = channel.get("valet_parking_orbit_dialplan") or ""
            context = channel.get("valet_parking_orbit_context") or ""
            transfer(channel, orbit, dialplan, context)

    def on_digit(digit: Digit) -> bool:
        if digit.key == (channel.get("valet_parking_orbit_exit_key") or "")[:1]:
            go_elsewhere()
            return True
        return digit.key == "#"

    while channel.is_ready():
        status = yield from playing.play(channel, music, on_digit, alarm=timeout)
        if status is Status.FALSE and channel.is_ready():
            go_elsewhere()
            break
        if status is not Status.SUCCESS:
            break
    lot.leave(slot)
    _tell_presence(channel.switch, lot, slot)
    _tell(channel, lot.name, slot.extension, "exit")


def _tell_presence(switch: Switch, lot: Lot, slot: Slot) -> None:
    """Fire PRESENCE_IN for the lot and for the slot."""
    lots = switch.state(Lots)
    count = len(lot.slots)
    taken = lot.slots.get(slot.extension) is slot
    name, _, domain = lot.name.partition("@")
    domain = domain or switch.domain
    callers = f"Active ({count} caller{'' if count == 1 else 's'})" if count else "Empty"
    for login, status, active, direction, line in (
        (name, callers, bool(count), "inbound", 333 if count else 351),
        (
            slot.extension,
            ("Active" if slot.bridged else "Holding") if taken else "Empty",
            taken,
            "outbound" if taken and not slot.bridged else "inbound",
            373 if taken else 389,
        ),
    ):
        lots.presence_events += 1
        own = (
            ("proto", "park"),
            ("login", login),
            ("from", f"{login}@{domain}"),
            ("force-status", status),
            ("rpid", "active" if active else "unknown"),
            ("event_type", "presence"),
            ("alt_event_type", "dialog"),
            ("event_count", str(lots.presence_events)),
            ("unique-id", login),
            ("channel-state", "CS_ROUTING" if active else "CS_HANGUP"),
            ("answer-state", "confirmed" if active else "terminated"),
            ("presence-call-direction", direction),
        )
        called_from = ("mod_valet_parking.c", "valet_send_presence", line)
        switch.publish(switch.event("PRESENCE_IN", own, called_from=called_from))


@api("valet_info", recordings="21k 21l")
def valet_info(switch: Switch, argument: str) -> str:
    """``[<lot>]``: list the parked calls."""
    lines = ["<lots>"]
    for lot in switch.state(Lots).by_name.values():
        if argument and argument.lower() != lot.name.lower():
            continue
        lines.append(f'  <lot name="{lot.name}">')
        lines += [
            f'    <extension uuid="{slot.uuid}">{slot.extension}</extension>'
            for slot in lot.slots.values()
            if not slot.expected
        ]
        lines.append("  </lot>")
    return "\n".join([*lines, "</lots>", ""])
