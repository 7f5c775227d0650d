"""Events that an app fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.protocol import EVENT_NAMES
from eslsync.wire.separation import separate

from ..model import executing
from ..model.spelling import hint, misspelt
from ..model.tables import application

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__: list[str] = []

#: The headers by which an event is named.
NAMED_BY = ("Event-Name", "Event-Subclass")


@application("event", recordings="11l", nomedia=True, zombie=True)
def event(channel: Channel, data: str) -> None:
    """``<header>=<value>,...``: fire an event with these headers (recording 11l)."""
    name, subclass = "CHANNEL_APPLICATION", None
    before, first = [], []
    for pair in separate(data, ",", 25):
        key, equals, value = (part.strip(" ") for part in pair.partition("="))
        if not equals:
            continue
        _note(channel, key, value)
        if key.lower() == "event-subclass":
            subclass = value
            before.append((key, value))
            continue
        if key.lower() == "event-name":
            name = value.upper()
        first.append((key, value))
    channel.fire(
        name,
        before=before,
        first=first,
        subclass=subclass,
        named_first=not any(key.lower() == "event-name" for key, _ in first),
        called_from=("mod_dptools.c", "event_function", 1902),
    )


def _note(channel: Channel, key: str, value: str) -> None:
    """Report a name that makes an event another one than was meant."""
    meant = misspelt(key, NAMED_BY)
    if meant is not None and key.lower() not in map(str.lower, NAMED_BY):
        executing.refuse(channel, f"{key} does not name the event (did you mean {meant!r}?)")
    elif key.lower() == "event-name" and value.upper() not in EVENT_NAMES:
        executing.refuse(channel, f"there is no event {value}{hint(value, EVENT_NAMES)}")
