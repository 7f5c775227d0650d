"""Holding: `hold`, `unhold`, `soft_hold`, and the api command `uuid_hold`.

switch_ivr.c, switch_ivr_hold and the like; switch_ivr_async.c, switch_ivr_soft_hold; recordings
11m, 249, 262, 263. Only the SIP endpoint marks a call as held (switch_channel_mark_hold), with
its own events: a loopback call can be put on hold any number of times, and never taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync import CallState
from eslsync.wire.separation import separate

from ..clockwork.threads import Steps
from ..model import asking, executing, playing
from ..model.tables import api, application, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


def hold(channel: Channel) -> bool:
    """Put a call on hold, so that the other leg hears music; False if it is already held."""
    if channel.callstate is CallState.HELD:
        return False
    music, other = hold_music(channel), channel.bonded
    channel.suspended = channel.held = True
    if channel.endpoint == "sofia":
        channel.set_callstate(CallState.HELD)
        channel.stamp(last_hold=channel.now)
        channel.fire("CHANNEL_HOLD")
    if music is not None and other is not None:
        executing.broadcast(other, music, loops=-1)
    channel.fire("CHANNEL_HOLD")
    channel.poke()
    return True


def unhold(channel: Channel) -> bool:
    """Take a call back; False if it is not held."""
    if channel.callstate is not CallState.HELD:
        return False
    channel.suspended = channel.held = False
    times = channel.profile.times
    channel.stamp(hold_accum=times.hold_accum + channel.now - times.last_hold)
    channel.set_callstate(CallState.UNHELD)
    channel.fire("CHANNEL_UNHOLD")
    if channel.bonded is not None:
        executing.stop_broadcast(channel.bonded)
    channel.fire("CHANNEL_UNHOLD")
    return True


def hold_music(channel: Channel) -> str | None:
    """The music for the other leg, or None."""
    music = executing.hold_music(channel)
    return music if executing.is_music(music) else None


@application("hold", recordings="262", nomedia=True)
def hold_application(channel: Channel, data: str) -> None:
    hold(channel)


@application("unhold", recordings="262", nomedia=True)
def unhold_application(channel: Channel, data: str) -> None:
    unhold(channel)


@application("soft_hold", needs_data=True, recordings="262")
def soft_hold(channel: Channel, data: str) -> Steps[None]:
    """``<unhold key> [<own music>] [<music of the other leg>]``: hold until the key is pressed."""
    words = separate(data, " ", 3)
    other = channel.bonded
    if not words or other is None:
        return
    mine = words[1] if len(words) > 1 else hold_music(channel)
    theirs = words[2] if len(words) > 2 else hold_music(other)
    if theirs is not None and not other.broadcast:
        executing.broadcast(other, theirs, loops=-1)
    key = words[0]
    if mine is not None:
        yield from playing.play(channel, mine, lambda digit: digit.key == key)
    else:
        yield from asking.collect_digits(channel, "", 128, key, 0, 0)
    if theirs is not None:
        executing.stop_broadcast(other)


@api("uuid_hold", recordings="11m 262")
def uuid_hold(switch: Switch, argument: str) -> str:
    """``[off|toggle] <uuid> [<display>]``."""
    words = separate(argument)
    if not words:
        # it continues after the usage, and fails
        return usage("[off|toggle] <uuid> [<display>]") + "-ERR Operation failed\n"
    how = words[0].lower()
    if how in ("off", "toggle"):
        words = words[1:]
    channel = switch.locate(words[0]) if words else None
    state = None if channel is None else channel.callstate
    if channel is None:
        done = True  # an unknown uuid counts as done (switch_ivr_hold_uuid)
    elif how == "off" or (how == "toggle" and state is CallState.HELD):
        done = unhold(channel)
    elif how == "toggle" and state not in (CallState.ACTIVE, CallState.UNHELD):
        done = True
    else:
        done = hold(channel)
    return "+OK Success\n" if done else "-ERR Operation failed\n"
