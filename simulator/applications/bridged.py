"""Two legs that hear each other: each one's side of it, and what becomes of each afterwards.

switch_ivr_bridge.c: `connect` is the side of the leg that bridges (multi_threaded_bridge),
`exchange_media` that of its peer (audio_bridge_on_exchange_media), and both are `_hear`
(audio_bridge_thread) in the middle: a loop that passes on keys, and executes what is sent to its
leg meanwhile. Recordings 05b, 10b to 10i, and those from 201 on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clockwork.threads import Steps
from ..model import ivr
from ..model.ivr import FRAME
from ..model.states import State
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel, Digit

__all__ = ["OnKey", "connect"]

#: What is sent to a leg waits until it has heard this much (DEFAULT_LEAD_FRAMES).
LEAD = 11 * FRAME

#: Takes a key before the other leg does: False ends the bridge, None keeps the key.
OnKey = Callable[["Digit"], "bool | None"]


@dataclass(eq=False)
class Side:
    """One leg's side of a bridge (switch_ivr_bridge_data)."""

    channel: Channel
    other: Channel
    on_key: OnKey | None = None
    #: inside another bridge, whose end the legs don't share (CF_INNER_BRIDGE)
    inner: bool = False
    clean_exit: bool = False  # it left for elsewhere, and decides for itself what comes then
    done: bool = False


def connect(
    channel: Channel, peer: Channel, *, on_key: OnKey | None = None, inner: bool = False
) -> Steps[None]:
    """Both legs hear each other until one goes; then what their variables say."""
    if not channel.is_ready():
        peer.hangup(channel.hangup_cause or "ORIGINATOR_CANCEL")
        return
    about = (("Bridge-A-Unique-ID", channel.uuid), ("Bridge-B-Unique-ID", peer.uuid))
    peer.read_locks += 1
    side = Side(channel, peer, on_key, inner)
    outer = (channel.partner, channel.bridged, channel.bridges)
    channel.partner, peer.partner = peer, channel
    channel.bridges, peer.bridges = True, False
    peer.phase = channel.phase
    channel.stamp(bridged=channel.now)
    peer.stamp(bridged=channel.now)
    peer.set("call_uuid", channel.uuid)
    peer.call_uuid = channel.uuid
    races = channel.switch.seen_waiting.get(peer.uuid)
    if races and peer.state is State.SOFT_EXECUTE and races.popleft():
        peer.state = State.CONSUME_MEDIA
        peer.thread.run()
    channel.fire("CHANNEL_BRIDGE", first=about)
    for one, other in ((channel, peer), (peer, channel)):
        one.set("bridge_to", other.uuid)
        one.set("last_bridge_to", other.uuid)
    yield from ivr.parse_all_events(peer)
    yield from ivr.parse_all_events(channel)
    for one, other in ((channel, peer), (peer, channel)):
        one.set("bridge_channel", other.name)
        one.set("bridge_uuid", other.uuid)
        one.set("signal_bond", other.uuid)
    theirs = Side(peer, channel, inner=inner)
    if peer.up:
        peer.state_handlers[State.EXCHANGE_MEDIA] = lambda: exchange_media(theirs)
        peer.state = State.EXCHANGE_MEDIA
        channel.bridged = peer.bridged = True
        peer.thread.run()
    _display(channel, peer)
    yield from _hear(side)
    channel.bridges = False
    ivr.stop_broadcast(peer)
    while peer.state is State.EXCHANGE_MEDIA and not theirs.done:
        yield None
    if inner:
        channel.partner, channel.bridged, channel.bridges = outer
    if channel.hangup_cause is not None:
        peer.set("bridge_hangup_cause", channel.hangup_cause)
    if peer.hangup_cause is not None:
        channel.set("bridge_hangup_cause", peer.hangup_cause)
    peer.call_uuid = peer.uuid
    peer.set("call_uuid", peer.uuid)
    channel.fire("CHANNEL_UNBRIDGE", first=about)
    if not (channel.reset_by_transfer or channel.redirected or side.clean_exit or inner):
        _go_on(channel, peer.hangup_cause or "NORMAL_CLEARING")
    if channel.redirected and channel.state not in (
        State.RESET,
        State.PARK,
        State.ROUTING,
        State.EXECUTE,
    ):
        channel.move_to(State.RESET)
    peer.read_locks -= 1
    peer.poke()


def _display(channel: Channel, peer: Channel) -> None:
    """Tell each leg's phone who the other is (send_display)."""
    assert channel.other_profile is not None
    callee = channel.other_profile
    number = callee.callee_id_number or callee.destination_number
    channel.set("last_sent_callee_id_name", callee.callee_id_name or number)
    channel.set("last_sent_callee_id_number", number)
    number = peer.profile.caller_id_number or channel.profile.caller_id_number or "UNKNOWN"
    name = peer.profile.caller_id_name or channel.profile.caller_id_name or number
    peer.set("last_sent_callee_id_name", name)
    peer.set("last_sent_callee_id_number", number)


def _hear(side: Side) -> Steps[None]:
    """Pass on keys and execute what is sent, until one leg goes (audio_bridge_thread)."""
    channel, other = side.channel, side.other
    lead = channel.now + LEAD
    while True:
        if channel.reset_by_transfer or (channel.up and not channel.is_ready()):
            side.clean_exit = True
        if side.clean_exit or not channel.up or not _stays(side):
            break
        if channel.private_events and not channel.event_locks and channel.now >= lead:
            other.suspended = True
            yield from ivr.parse_next_event(channel)
            other.suspended = False
            other.poke()
            if not (channel.is_ready() and _stays(side)):
                continue
        if not channel.suspended and not other.suspended:
            if not _pass_on_keys(side):
                break
            if channel.reset_by_transfer or not channel.up:
                continue
        until = None
        if channel.private_events and not channel.event_locks:
            until = max(lead, channel.tick())
        yield until
    channel.set("bridge_to", None)
    channel.bridged = False
    channel.partner = None
    other.poke()


def _stays(side: Side) -> bool:
    """Is the other leg still in this bridge?"""
    other = side.other
    return other.up and other.bridged and not other.reset_by_transfer


def _pass_on_keys(side: Side) -> bool:
    channel, other = side.channel, side.other
    while channel.digits:
        digit = channel.take_digit()
        passes: bool | None = True
        if side.on_key is not None:
            passes = side.on_key(digit)
        if passes is False:
            return False
        if passes and not is_true(channel.get("bridge_filter_dtmf")):
            other.send_digit(digit)
    return True


def _go_on(channel: Channel, cause: str) -> None:
    """What the leg that bridged does when its peer has gone."""
    if (channel.get("hangup_after_bridge") or "").lower() == "explicit":
        channel.hangup(cause)
    if not channel.up or channel.reset_by_transfer:
        return
    after = channel.get("transfer_after_bridge")
    if is_true(channel.get("park_after_bridge")):
        channel.park_elsewhere()
    elif after:
        _transfer_after_bridge(channel, after)
    elif is_true(channel.get("hangup_after_bridge")):
        channel.hangup(cause)


def exchange_media(side: Side) -> Steps[None]:
    """The peer's side of a bridge, and what it does afterwards."""
    channel = side.channel
    yield from _hear(side)
    channel.state_handlers.pop(State.EXCHANGE_MEDIA, None)
    elsewhere = channel.reset_by_transfer or channel.redirected or side.clean_exit or side.inner
    if channel.state is State.EXCHANGE_MEDIA and not elsewhere:
        after = channel.get("transfer_after_bridge")
        if is_true(channel.get("park_after_bridge")):
            channel.park_elsewhere()
        elif after:
            _transfer_after_bridge(channel, after)
        else:
            channel.hangup("NORMAL_CLEARING" if channel.answered else "ORIGINATOR_CANCEL")
    if channel.state is State.EXCHANGE_MEDIA:
        # nobody may want it any more
        channel.set("park_timeout", "3")
        channel.move_to(State.PARK)
    side.done = True
    side.other.poke()


def _transfer_after_bridge(channel: Channel, where: str) -> None:
    """``<extension>[:<dialplan>[:<context>]]``"""
    channel.set("transfer_after_bridge", None)
    channel.switch.transfer(channel, *where.split(":")[:3])
