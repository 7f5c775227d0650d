"""Files on the switch's disk. The test machine's disk isn't touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.tables import application

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__: list[str] = []


@application("rename", needs_data=True, recordings="30d", nomedia=True, zombie=True)
def rename(channel: Channel, data: str) -> None:
    """``<path> <new path>``: a file that was recorded is played under its new name."""
    old, blank, new = data.partition(" ")
    if blank:
        channel.switch.media.rename(old, new)
