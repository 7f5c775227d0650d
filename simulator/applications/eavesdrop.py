"""Listening in on another call: `eavesdrop`, and `three_way`, where all hear each other.

switch_ivr_async.c, switch_ivr_eavesdrop_session; recordings 230 to 233. The only trace is the
media bug on the other channel. Keys choose who hears the listener.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import Steps
from ..model import media_bugs
from ..model.known_options import note_option
from ..model.tables import application
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__: list[str] = []


@application("eavesdrop", needs_data=True, recordings="230 231")
def eavesdrop(channel: Channel, data: str) -> Steps[None]:
    """``<uuid>``: listen until one of the two hangs up, or ``*`` is pressed."""
    if data.lower() == "all":
        note_option(channel.switch, channel, "eavesdrop all")
    keys = channel.get("eavesdrop_enable_dtmf")
    group = channel.get("eavesdrop_require_group")
    yield from _listen(channel, data, keys=keys is None or is_true(keys), group=group)


@application("three_way", recordings="32a")
def three_way(channel: Channel, data: str) -> Steps[None]:
    """``<uuid>``: join a call until one of the two hangs up."""
    yield from _listen(channel, data, keys=False, group=None)


def _listen(channel: Channel, uuid: str, *, keys: bool, group: str | None) -> Steps[None]:
    target = channel.switch.locate(uuid)
    if target is None or target is channel or not target.media_ready:
        return
    groups = (target.get("eavesdrop_group") or "").split(",")
    if group and group not in groups:
        return
    channel.read_in_linear(object())
    bug = media_bugs.MediaBug(target, "eavesdrop", uuid)
    channel.set("last_sent_callee_id_name", target.profile.caller_id_name)
    channel.set("last_sent_callee_id_number", target.profile.caller_id_number)
    target.when_down.append(channel.poke)
    while channel.is_ready() and target.up:
        if keys and channel.digits and channel.take_digit().key == "*":
            break
        yield from channel.frames_unread(channel.tick() if keys and channel.digits else None)
    target.when_down.remove(channel.poke)
    bug.stop()
    channel.reset()  # with the digits that nobody read (recording 32a)
