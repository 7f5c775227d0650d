"""Events that an app fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..model.tables import application

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__: list[str] = []


@application("event", recordings="11l", nomedia=True, zombie=True)
def event(channel: Channel, data: str) -> None:
    """``<header>=<value>,...``: fire an event with these headers (recording 11l)."""
    name, subclass = "CHANNEL_APPLICATION", None
    before, first = [], []
    for pair in separate(data, ",", 25):
        key, equals, value = (part.strip(" ") for part in pair.partition("="))
        if not equals:
            continue
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
