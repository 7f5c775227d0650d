"""A channel rings, lets media through, and is answered (switch_channel.c).

Its variables may have applications and api commands run then, before the caller is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync import CallState

from ..clockwork.threads import Steps
from . import hooks, waiting
from .arguments import atoi
from .variables import is_true

if TYPE_CHECKING:
    from .channel import Channel

__all__ = [
    "answer",
    "mark_answered",
    "mark_pre_answered",
    "mark_ringing",
    "pre_answer",
    "ring_ready",
]


def ring_ready(channel: Channel) -> Steps[None]:
    """Signal ringing to the caller, unless there is media (switch_channel_perform_ring_ready)."""
    if channel.up and not channel.media_ready and not channel.ring_ready:
        channel.ring_ready = True
        channel.stamp(progress=channel.now)
        yield from mark_ringing(channel)


def mark_ringing(channel: Channel) -> Steps[None]:
    """What follows the note of the time (switch_channel_perform_mark_ring_ready_value)."""
    for action in channel.when_early:
        action()
    channel.fire("CHANNEL_PROGRESS")
    yield from hooks.execute_on(channel, "execute_on_ring")
    yield from hooks.api_on(channel, "api_on_ring")
    channel.set_callstate(CallState.RINGING)


def pre_answer(channel: Channel) -> Steps[bool]:
    """Let media through (switch_channel_perform_pre_answer); False if the channel is down."""
    if not channel.up:
        return False
    if not channel.media_ready:
        if not channel.negotiated:
            yield from _negotiate(channel)
        channel.stamp(progress_media=channel.now)
        yield from mark_pre_answered(channel)
    return True


def _negotiate(channel: Channel) -> Steps[None]:
    """Agree on the codec with a SIP caller (mod_sofia's inbound-late-negotiation)."""
    name, rate, bit_rate = channel.codec
    channel.negotiated = True
    channel.fire(
        "CODEC",
        (
            ("channel-read-codec-name", name),
            ("channel-read-codec-rate", rate),
            ("channel-read-codec-bit-rate", bit_rate),
        ),
        called_from=("switch_core_codec.c", "switch_core_session_set_real_read_codec", 168),
    )
    channel.fire(
        "CODEC",
        (
            ("Channel-Write-Codec-Name", name),
            ("Channel-Write-Codec-Rate", rate),
            ("Channel-Write-codec-bit-rate", bit_rate),
        ),
        called_from=("switch_core_codec.c", "switch_core_session_set_write_codec", 450),
    )
    yield channel.tick()
    channel.set("audio_media_flow", None)  # it is set anew, behind the others
    for variable, value in (
        ("remote_text_media_flow", "inactive"),
        ("audio_media_flow", "sendrecv"),
        ("read_codec", name),
        ("original_read_codec", name),
        ("read_rate", rate),
        ("original_read_rate", rate),
        ("write_codec", name),
        ("write_rate", rate),
        ("dtmf_type", "rfc2833"),
    ):
        channel.set(variable, value)


def mark_pre_answered(channel: Channel) -> Steps[None]:
    """What follows the note of the time (switch_channel_perform_mark_pre_answered)."""
    channel.early_media = True
    for action in channel.when_early:
        action()
    channel.set("endpoint_disposition", "EARLY MEDIA")
    channel.fire("CHANNEL_PROGRESS_MEDIA")
    yield from hooks.execute_on(channel, "execute_on_pre_answer")
    yield from hooks.execute_on(channel, "execute_on_media")
    yield from hooks.api_on(channel, "api_on_pre_answer")
    yield from hooks.api_on(channel, "api_on_media")
    channel.set_callstate(CallState.EARLY)


def answer(channel: Channel) -> Steps[None]:
    """Answer an inbound call, unless it is answered (switch_channel_perform_answer)."""
    if not channel.up or channel.answered or channel.profile.direction == "outbound":
        return
    if not channel.negotiated:
        yield from pre_answer(channel)  # mod_sofia lets media through first
    yield from mark_answered(channel)
    delay = atoi(channel.get("answer_delay"))
    if delay > 0:
        yield from waiting.sleep(channel, delay, None)


def mark_answered(channel: Channel) -> Steps[None]:
    """Note that the channel is answered (switch_channel_perform_mark_answered)."""
    channel.stamp(answered=channel.now)
    channel.answered = True
    for action in channel.when_answered:
        action()
    channel.fire("CHANNEL_ANSWER")
    heartbeat = channel.get("enable_heartbeat_events")
    if heartbeat and (heartbeat.isdigit() or is_true(heartbeat)):
        channel.beat_every(atoi(heartbeat) or 60)
    channel.set("endpoint_disposition", "ANSWER")
    yield from hooks.execute_on(channel, "execute_on_answer")
    if not channel.early_media:
        yield from hooks.execute_on(channel, "execute_on_media")
        yield from hooks.api_on(channel, "api_on_media")
    yield from hooks.api_on(channel, "api_on_answer")
    channel.set_callstate(CallState.ACTIVE)
