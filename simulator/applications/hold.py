"""Being on hold: `hold`, `unhold`, `soft_hold`, and the api command `uuid_hold`.

switch_ivr.c, switch_ivr_hold and its like; switch_ivr_async.c, switch_ivr_soft_hold; recordings
11m, 249, 262, 263. It is the endpoint that marks a call as held, and SIP's does so, with events of
its own (switch_channel_mark_hold): a call by loopback can be put on hold again and again, and
never be taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import Steps
from ..model import ivr
from ..model.api import api, usage
from ..model.arguments import separate
from ..model.states import CallState
from .basics import application

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


def hold(channel: Channel) -> bool:
    """Put a call on hold: the other leg hears music."""
    if channel.callstate is CallState.HELD:
        return False
    music, other = hold_music(channel), channel.bonded
    channel.suspended = True
    if channel.endpoint == "sofia":
        channel.set_callstate(CallState.HELD)
        channel.stamp(last_hold=channel.now)
        channel.fire("CHANNEL_HOLD")
    if music is not None and other is not None:
        ivr.broadcast(other, music, loops=-1)
    channel.fire("CHANNEL_HOLD")
    return True


def unhold(channel: Channel) -> bool:
    """Take a call back."""
    if channel.callstate is not CallState.HELD:
        return False
    channel.suspended = False
    times = channel.profile.times
    channel.stamp(hold_accum=times.hold_accum + channel.now - times.last_hold)
    channel.set_callstate(CallState.UNHELD)
    channel.fire("CHANNEL_UNHOLD")
    if channel.bonded is not None:
        ivr.stop_broadcast(channel.bonded)
    channel.fire("CHANNEL_UNHOLD")
    return True


def hold_music(channel: Channel) -> str | None:
    """switch_channel_get_hold_music."""
    music = channel.get("temp_hold_music") or channel.get("hold_music")
    return None if music in (None, "", "silence", "indicate_hold") else music


@application("hold", nomedia=True)
def hold_application(channel: Channel, data: str) -> None:
    hold(channel)


@application("unhold", nomedia=True)
def unhold_application(channel: Channel, data: str) -> None:
    unhold(channel)


@application("soft_hold")
def soft_hold(channel: Channel, data: str) -> Steps[None]:
    """``<unhold key> [<music of this leg>] [<music of the other>]``: until the key is pressed."""
    words = separate(data, " ", 3)
    other = channel.bonded
    if not words or other is None:
        return
    mine = words[1] if len(words) > 1 else hold_music(channel)
    theirs = words[2] if len(words) > 2 else hold_music(other)
    if theirs is not None and not other.broadcast:
        ivr.broadcast(other, theirs, loops=-1)
    key = words[0]
    if mine is not None:
        yield from ivr.play(channel, mine, lambda digit: digit.key == key)
    else:
        yield from ivr.collect_digits(channel, "", 128, key, 0, 0)
    if theirs is not None:
        ivr.stop_broadcast(other)


@api("uuid_hold")
def uuid_hold(switch: Switch, argument: str) -> str:
    """``[off|toggle] <uuid> [<display>]``."""
    words = separate(argument)
    if not words:
        # it goes on, to try what it was not given
        return usage("[off|toggle] <uuid> [<display>]") + "-ERR Operation failed\n"
    how = words[0].lower()
    if how in ("off", "toggle"):
        words = words[1:]
    channel = switch.locate(words[0]) if words else None
    if channel is None:
        done = bool(words)  # nobody to put on hold counts as done (switch_ivr_hold_uuid)
    elif how == "off" or (how == "toggle" and channel.callstate is CallState.HELD):
        done = unhold(channel)
    else:
        done = hold(channel)
    return "+OK Success\n" if done else "-ERR Operation failed\n"
