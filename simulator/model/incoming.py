"""Calls that come in to the switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..clockwork.threads import Thread
from .channel import Channel
from .profile import Profile, Times
from .state_machine import run_session

if TYPE_CHECKING:
    from .switch import Extension, Switch

__all__ = ["add_channel", "incoming"]


def incoming(
    switch: Switch,
    *,
    caller_number: str = "1001",
    caller_name: str = "",
    destination: str = "5000",
    context: str = "default",
    socket: str = "127.0.0.1:5000 async full",
    before: Extension = (),
    after: Extension = (),
    variables: Mapping[str, str] | None = None,
    uuid: str | None = None,
) -> Channel:
    """Let a call come in by loopback. `Channel.start` runs its dialplan: before, socket, after."""
    uuid, other = uuid or switch.uuid(), switch.uuid()
    name = f"loopback/{destination}-b"
    created = switch.scheduler.now
    profile = Profile(
        uuid=uuid,
        channel_name=name,
        caller_id_name=caller_name,
        caller_id_number=caller_number,
        orig_caller_id_name=caller_name,
        orig_caller_id_number=caller_number,
        callee_id_name="Outbound Call",
        callee_id_number=context,
        ani=caller_number,
        destination_number=destination,
        context=context,
        times=Times(profile_created=created, created=created),
    )
    switch.sessions += 2
    switch.callers.add(other)
    channel = add_channel(switch, profile, [*before, ("socket", socket), *after])
    channel.variables.set_all(
        {
            "direction": "inbound",
            "uuid": uuid,
            "session_id": str(switch.sessions),
            "channel_name": name,
            "read_codec": "L16",
            "read_rate": "8000",
            "write_codec": "L16",
            "write_rate": "8000",
            "origination_uuid": other,
            "origination_caller_id_number": caller_number,
            "origination_caller_id_name": caller_name,
            "loopback_bowout": "false",
            "loopback_bowout_on_execute": "false",
            "ignore_early_media": "true",
            "other_loopback_leg_uuid": other,
            "loopback_leg": "B",
            "call_uuid": uuid,
        }
    )
    for key, value in (variables or {}).items():
        channel.set(key, value)
    return channel


def add_channel(switch: Switch, profile: Profile, dialplan: Extension) -> Channel:
    """Add a channel with this profile, which will run these applications."""
    channel = Channel(switch, profile, dialplan)
    channel.thread = Thread(switch.scheduler, run_session(channel))
    switch.channels[channel.uuid] = channel
    return channel
