"""What the boxes and arrows of a map say, for somebody who has not written the handler."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eslsync.wire.arguments import KEYS

from ..captions import caption_of_all
from ..ladders.rungs import ANY_UUID
from .attempts import CallEnd
from .maps import Map, Spot, Street, parted, ranges
from .situations import Situation, SituationKind

__all__ = ["Box", "box", "ends_wrong", "legend", "phrase", "seconds"]

#: Minimum keys to be called "any other key", if the others lead elsewhere.
MANY = 4
#: A day and a time, as a label has them.
MOMENT = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d")
#: What an arrow's or a box's looks mean, in the order of a legend.
MEANINGS: dict[SituationKind, str] = {
    "digits": "asks for keys",
    "speech": "listens to the caller",
    "prompt": "plays a prompt",
    "record": "records the caller",
    "connected": "connects to somebody",
    "waits": "waits for something else",
}


@dataclass(frozen=True)
class Box:
    """The text in a box."""

    says: str  #: what the caller hears, in quotes, or what happens
    name: str  #: the prompt's name, and why it is played; may be empty


def box(drawn: Map, spot: Spot) -> Box:
    """What the box of a spot says."""
    situation = spot.node.situation
    if situation.far_end is not None and situation.kind != "connected":
        return _of_far_end(situation)
    if situation.kind == "connected":
        return _connected(spot)
    if situation.kind == "record":
        return Box("records the caller", "")
    if situation.prompt is not None:
        waits = situation.kind == "waits" and situation.method
        name = _named(situation.prompt)
        heard = _heard(situation.prompt)
        if drawn.is_recording(situation.prompt):
            heard = "what the caller said"
        return Box(heard, f"{name}, during {waits}" if waits else name)
    waits = situation.kind == "waits" and situation.method
    return Box(f"waits in {situation.method}" if waits else spot.title, "")


def _of_far_end(situation: Situation) -> Box:
    if situation.kind == "digit":
        return Box(f"{situation.far_end} is asked for a key", "")
    application, data = situation.application, situation.data
    if application in ("playback", "gentones"):
        return Box(f"{situation.far_end} hears {_heard(data)}", _named(data))
    if application == "say":
        return Box(f"{situation.far_end} hears “{data.split(' ', 3)[-1]}”", f"{application} {data}")
    return Box(f"{situation.far_end}: {application or situation.method}", data)


def _connected(spot: Spot) -> Box:
    application = spot.node.situation.application
    verb, _, target = spot.title.partition(" ")
    if application == "conference":
        return Box(f"in conference {target}", "")
    if application == "bridge":
        return Box(f"calls {target}", "")
    if "…" in target:  # the other leg's uuid
        return Box("speaks with whom was called", verb)
    return Box(spot.title, "")


def _heard(prompt: str) -> str:
    said = caption_of_all(prompt, {})
    if said.startswith("("):
        return said.strip("()")
    return f"“{said}”" if said else "silence"


def _named(prompt: str) -> str:
    prompt = ANY_UUID.sub("…", prompt)
    scheme, _, rest = prompt.partition("://")
    if scheme != "file_string":
        return prompt
    first, *others = rest.split("!")
    return f"{first} and {len(others)} more" if others else first


def phrase(streets: Sequence[Street], street: Street) -> str:
    """What leads along one of the streets from a spot, or of those from the beginning."""
    pressed, others = parted(street.labels, street.keys)
    said = []
    if pressed:
        said.append(_keys(pressed, street, streets))
    entered = [each for each in others if each[0] in KEYS and not each.endswith("at once")]
    said += [f"key {each}" for each in others if each[0] in KEYS and each not in entered]
    if entered:
        said.append(f"enters {_or([each for each in entered if ' and ' not in each] or entered)}")
    said += [
        f"call on {each}" if MOMENT.match(each) else each for each in others if each[0] not in KEYS
    ]
    text = _or(said)
    if not text and len(streets) > 1 and street.edges[0].source is None:
        text = "otherwise"  # than with the callers and at the times that the others name
    return ", ".join(filter(None, (text, street.condition)))


def _keys(pressed: Sequence[str], street: Street, streets: Sequence[Street]) -> str:
    every = set(street.keys)
    if len(pressed) == len(every) > 1:
        return "any key"
    elsewhere: set[str] = set()
    for each in streets:
        keys = parted(each.labels, each.keys)[0]
        if keys != list(pressed):
            elsewhere.update(keys)
    if len(pressed) >= MANY and not elsewhere & set(pressed) and elsewhere | set(pressed) == every:
        return "any other key"
    return f"key{'s' if len(pressed) > 1 else ''} {', '.join(ranges(pressed))}"


def _or(said: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(said[:-1]), *said[-1:])))


def ends_wrong(end: CallEnd) -> bool:
    """True for an end of a call that is a fault of the handler."""
    return end.how in ("raised", "left", "stuck", "for ever")


def depends(street: Street) -> bool:
    """True if an arrow is broken: something before decides, and the label can't say what."""
    return street.sometimes and not street.condition


def kind(spot: Spot) -> SituationKind:
    """The kind of a spot, by which its box looks."""
    found = spot.node.situation.kind
    return "digits" if found == "digit" else found


def legend(drawn: Map) -> dict[str, str]:
    """What the looks of a map mean, as far as they occur in it."""
    spots = list(drawn.spots.values())
    streets = [*drawn.starts, *(street for spot in spots for street in spot.streets)]
    kinds = {kind(spot) for spot in spots if not spot.findings}
    found: dict[str, str] = {each: text for each, text in MEANINGS.items() if each in kinds}
    if any(spot.findings for spot in spots):
        found["fault"] = "something is wrong"
    if any(depends(street) for street in streets):
        found["dashed"] = "depends on what was before"
    if any(isinstance(each.target, CallEnd) and ends_wrong(each.target) for each in streets):
        found["wrong"] = "a wrong end"
    found["time"] = "the earliest second of the call"
    return found


def seconds(time: float) -> str:
    return f"{time:.0f} s" if time >= 10 else f"{time:.1f} s"
