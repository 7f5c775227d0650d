"""Intercepting: a leg takes the place of another leg's partner.

switch_ivr_bridge.c, switch_ivr_intercept_session; recordings 220 to 224. A `uuid_bridge` takes
the leg, and the leg that it was bridged to is hung up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import Steps
from ..model import answering
from ..model.tables import application
from ..model.variables import is_true
from .uuid_bridge import uuid_bridge

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__: list[str] = []


@application("intercept", needs_data=True, recordings="221 222 223")
def intercept(channel: Channel, data: str) -> Steps[None]:
    """``[-bleg] <uuid>``: be bridged to that leg, or to the leg that it is bridged to."""
    words = separate(data, " ", 4)
    if words and words[0].lower() == "-bleg":
        taken = channel.switch.locate(words[1]) if len(words) > 1 else None
        taken = None if taken is None else taken.bonded
    else:
        taken = channel.switch.locate(words[0]) if words else None
    if taken is None:
        return
    if is_true(channel.get("intercept_unbridged_only")) and taken.bridged:
        return
    if is_true(channel.get("intercept_unanswered_only")) and taken.answered:
        return
    left = taken.bonded
    yield from answering.answer(channel)
    yield from answering.answer(taken)
    taken.park_elsewhere()
    if left is channel:
        left = None
    if left is not None:
        left.set("park_after_bridge", "true")
    uuid_bridge(channel.switch, channel.uuid, taken.uuid)
    if left is not None:
        left.hangup("PICKED_OFF")
