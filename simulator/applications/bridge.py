"""The bridge application, and two legs that hear each other.

switch_ivr_bridge.c: `connect` is the side of the leg that bridges (multi_threaded_bridge),
`_exchange_media` that of its peer (audio_bridge_on_exchange_media). Both run `_hear`
(audio_bridge_thread): a loop that passes on keys, and executes what is sent to its leg meanwhile.
Recordings 05b, 10b to 10i, and those from 201 on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clockwork.threads import Steps
from ..model import answering, executing, hooks
from ..model.dialplan import transfer
from ..model.far_legs import FarLeg
from ..model.sounds import FRAME
from ..model.states import State
from ..model.tables import application
from ..model.variables import exported, is_true
from .originate import handle_cause, originate

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.digits import Digit

__all__ = ["OnKey", "connect"]


@application("bridge", recordings="05b 10a 10b", nomedia=True)
def bridge(channel: Channel, data: str) -> Steps[None]:
    if not data:
        return
    outcome = yield from originate(channel, data)
    if isinstance(outcome, FarLeg):
        ours, theirs = _ends_it(channel), _ends_it(outcome)
        yield from connect(channel, outcome, on_key=ours, on_their_key=theirs)
        return
    channel.set("originate_failed_cause", outcome)
    handle_cause(channel, outcome)


def _ends_it(leg: Channel) -> OnKey | None:
    """The keys with which a leg ends the bridge, if it has one (bridge_on_dtmf)."""
    keys = leg.get("bridge_terminate_key")
    return None if keys is None else lambda digit: digit.key not in keys


# --- connected


#: Microseconds of media before commands sent to a leg run (DEFAULT_LEAD_FRAMES).
LEAD = 11 * FRAME
#: Called with a key before it is passed on: False ends the bridge, None keeps the key back.
OnKey = Callable[["Digit"], "bool | None"]


@dataclass(eq=False)
class BridgeSide:
    """One leg's side of a bridge (switch_ivr_bridge_data)."""

    channel: Channel
    other: Channel
    on_key: OnKey | None = None
    displayed: bool = False  # both phones display the other end
    clean_exit: bool = False  # it was transferred, and knows what comes next
    done: bool = False


def connect(
    channel: Channel,
    peer: Channel,
    *,
    on_key: OnKey | None = None,
    on_their_key: OnKey | None = None,
) -> Steps[None]:
    """Let two legs hear each other until one goes; then act by their variables.

    A bridge inside another one, which continues afterwards, is an inner one.
    """
    inner = channel.inner_bridge
    if not channel.is_ready():
        peer.hangup(channel.hangup_cause or "ORIGINATOR_CANCEL")
        return
    about = (("Bridge-A-Unique-ID", channel.uuid), ("Bridge-B-Unique-ID", peer.uuid))
    for one, other in ((peer, channel), (channel, peer)):
        for name, value in exported(one.get, "bridge_export_vars").items():
            other.set(name, value)
    if peer.answered:
        yield from answering.answer(channel)
    peer.read_locks += 1
    side = BridgeSide(channel, peer, on_key)
    outer = (channel.partner, channel.bridged, channel.bridges)
    channel.partner, peer.partner = peer, channel
    channel.bridges, peer.bridges = True, False
    peer.phase = channel.phase
    channel.stamp(bridged=channel.now)
    peer.stamp(bridged=channel.now)
    peer.set("call_uuid", channel.uuid)
    peer.call_uuid = channel.uuid
    races = channel.switch.races
    if peer.state is State.SOFT_EXECUTE and races.consumes_media(peer.uuid):
        peer.state = State.CONSUME_MEDIA
        peer.thread.run()
    channel.fire("CHANNEL_BRIDGE", first=about)
    for one, other in ((channel, peer), (peer, channel)):
        one.set("bridge_to", other.uuid)
        one.set("last_bridge_to", other.uuid)
    yield from executing.parse_all_events(peer)
    yield from executing.parse_all_events(channel)
    for one, other in ((channel, peer), (peer, channel)):
        one.set("bridge_channel", other.name)
        one.set("bridge_uuid", other.uuid)
        one.set("signal_bond", other.uuid)
    for leg, app, data in (
        (channel, "bridge_pre_execute_aleg_app", "bridge_pre_execute_aleg_data"),
        (peer, "bridge_pre_execute_bleg_app", "bridge_pre_execute_bleg_data"),
    ):
        if channel.get(app):
            leg.set("bridge_pre_execute_app", channel.get(app))
            leg.set("bridge_pre_execute_data", channel.get(data))
    theirs = BridgeSide(peer, channel, on_their_key)
    if peer.up:
        peer.state_handlers[State.EXCHANGE_MEDIA] = lambda: _exchange_media(theirs)
        peer.state = State.EXCHANGE_MEDIA
        channel.bridged = peer.bridged = True
        peer.thread.run()
    yield from _hear(side)
    if outer[0] is not None and not inner:
        outer[0].poke()  # the bridge around this one has ended with it
    channel.bridges = False
    executing.stop_broadcast(peer)
    if theirs.done:
        yield from _until_it_leaves(channel, peer)
    while peer.state is State.EXCHANGE_MEDIA and not theirs.done:
        yield None
    if not (channel.up or inner):
        yield channel.now  # a thread that bridges the peer elsewhere is faster
    if inner:
        channel.partner, channel.bridged, channel.bridges = outer
        for leg in (channel, peer):
            leg.bridged = leg.bridged or leg.is_ready()
    if channel.hangup_cause is not None:
        peer.set("bridge_hangup_cause", channel.hangup_cause)
    if peer.hangup_cause is not None:
        channel.set("bridge_hangup_cause", peer.hangup_cause)
    peer.call_uuid = peer.uuid
    peer.set("call_uuid", peer.uuid)
    channel.fire("CHANNEL_UNBRIDGE", first=about)
    if not (channel.reset_by_transfer or channel.redirected or side.clean_exit or inner):
        _go_on(channel, peer)
    if channel.redirected and channel.state not in (
        State.RESET,
        State.PARK,
        State.ROUTING,
        State.EXECUTE,
    ):
        channel.move_to(State.RESET)
    peer.read_locks -= 1
    peer.poke()


def _until_it_leaves(channel: Channel, peer: Channel) -> Steps[None]:
    """Wait for the end of another bridge, in which the peer is by now: it is not told apart."""
    noticed = (peer.when_down, peer.when_routed)
    for actions in noticed:
        actions.append(channel.poke)
    while peer.state is State.EXCHANGE_MEDIA:
        yield None
    for actions in noticed:
        actions.remove(channel.poke)


def _display_once(side: BridgeSide) -> None:
    """Display the other end on each phone, once both are answered (send_display)."""
    channel, peer = side.channel, side.other
    if side.displayed or not (channel.answered and peer.answered):
        return
    side.displayed = True
    assert channel.other_profile is not None
    callee = channel.other_profile
    number = callee.callee_id_number or callee.destination_number
    channel.set("last_sent_callee_id_name", callee.callee_id_name or number)
    channel.set("last_sent_callee_id_number", number)
    number = peer.profile.caller_id_number or channel.profile.caller_id_number or "UNKNOWN"
    name = peer.profile.caller_id_name or channel.profile.caller_id_name or number
    peer.set("last_sent_callee_id_name", name)
    peer.set("last_sent_callee_id_number", number)


def _hear(side: BridgeSide) -> Steps[None]:
    """Pass on keys and execute commands, until one leg goes (audio_bridge_thread)."""
    channel, other = side.channel, side.other
    inner = channel.inner_bridge
    lead = channel.now + LEAD
    before: int | None = None
    if _has_hooks(side):
        before = channel.now + LEAD - FRAME
    while True:
        if channel.reset_by_transfer or (channel.up and not channel.is_ready()):
            side.clean_exit = True
        if side.clean_exit or not channel.up or channel.media_ended or not _stays(side):
            break
        if before is not None and channel.now >= before:
            before = None
            yield from _run_hooks(side)
            continue
        if channel.private_events and not channel.event_locks and channel.now >= lead:
            other.suspended = True
            yield from executing.parse_next_event(channel)
            other.suspended = False
            other.poke()
            if not (channel.is_ready() and _stays(side)):
                continue
        if inner or not (channel.suspended or other.suspended):
            if not _pass_on_keys(side):
                break
            if channel.reset_by_transfer or not channel.up:
                continue
            if channel.bridges and not side.displayed:
                yield from _answer_with(channel, other)
                _display_once(side)
        until = before
        if channel.private_events and not channel.event_locks:
            until = max(lead, channel.tick())
        yield from channel.frames_unread(until)
    yield from hooks.execute_on(channel, "execute_on_post_bridge")
    if not inner:
        yield from hooks.api_on(channel, "api_after_bridge")
        _execute_afterwards(channel)
    channel.reset()
    channel.set("bridge_to", None)
    channel.bridged = False
    channel.partner = None
    other.poke()


def _answer_with(channel: Channel, other: Channel) -> Steps[None]:
    """Answer the leg that bridged, or let its media through, as the other leg does."""
    if other.answered:
        yield from answering.answer(channel)
    elif other.early_media:
        yield from answering.pre_answer(channel)


def _has_hooks(side: BridgeSide) -> bool:
    """True if something is to be executed as the bridge begins."""
    channel = side.channel
    beginning = channel.variables.beginning
    return bool(
        channel.get("bridge_pre_execute_app")
        or beginning("execute_on_pre_bridge")
        or beginning("api_before_bridge")
    )


def _run_hooks(side: BridgeSide) -> Steps[None]:
    channel = side.channel
    yield from hooks.execute_on(channel, "execute_on_pre_bridge")
    if not channel.inner_bridge:
        yield from hooks.api_on(channel, "api_before_bridge")
    name = channel.get("bridge_pre_execute_app")
    if name:
        executing.execute_async(channel, name, channel.get("bridge_pre_execute_data"))


def _execute_afterwards(channel: Channel) -> None:
    """Let an application be all that the dialplan still runs (exec_after_bridge_app)."""
    name = channel.get("exec_after_bridge_app")
    if not name or not channel.up or channel.redirected:
        return
    channel.run_extension([(name, channel.get("exec_after_bridge_arg") or "")])
    if channel.state is not State.EXECUTE:
        channel.move_to(State.EXECUTE)


def _stays(side: BridgeSide) -> bool:
    """True while the other leg is in this bridge."""
    other = side.other
    return other.up and other.bridged and not other.reset_by_transfer


def _pass_on_keys(side: BridgeSide) -> bool:
    """Pass on the keys that were pressed; False if one of them ends the bridge."""
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


def _go_on(channel: Channel, peer: Channel) -> None:
    """Continue the leg that bridged once its peer has gone."""
    cause = peer.hangup_cause or "NORMAL_CLEARING"
    was_up = channel.up
    if not peer.answered:
        handle_cause(channel, cause)
    if (channel.get("hangup_after_bridge") or "").lower() == "explicit":
        channel.hangup(cause)
    if not was_up or not peer.media_ready or channel.reset_by_transfer:
        return
    answered = peer.answered
    after = channel.get("transfer_after_bridge") if answered else None
    after = after or channel.get("transfer_after_early_bridge")
    if (answered and is_true(channel.get("park_after_bridge"))) or is_true(
        channel.get("park_after_early_bridge")
    ):
        channel.park_elsewhere()
    elif after:
        _transfer_after_bridge(channel, after)
    elif answered and is_true(channel.get("hangup_after_bridge")):
        channel.hangup(cause)


def _exchange_media(side: BridgeSide) -> Steps[None]:
    """Run the peer's side of a bridge, and the steps after it."""
    channel = side.channel
    yield from _hear(side)
    channel.state_handlers.pop(State.EXCHANGE_MEDIA, None)
    elsewhere = (
        channel.reset_by_transfer or channel.redirected or side.clean_exit or channel.inner_bridge
    )
    if channel.state is State.EXCHANGE_MEDIA and not elsewhere:
        after = channel.get("transfer_after_bridge")
        if is_true(channel.get("park_after_bridge")):
            channel.park_elsewhere()
        elif after:
            _transfer_after_bridge(channel, after)
        elif channel.answered:
            channel.hangup("NORMAL_CLEARING")
        else:
            executed = yield from hooks.execute_on(channel, "execute_on_orphaned_bleg")
            if not (yield from hooks.api_on(channel, "api_on_orphaned_bleg")) and not executed:
                channel.hangup("ORIGINATOR_CANCEL")
    if channel.state is State.EXCHANGE_MEDIA:
        # nobody else may claim it
        channel.set("park_timeout", "3")
        channel.move_to(State.PARK)
    side.done = True
    side.other.poke()


def _transfer_after_bridge(channel: Channel, where: str) -> None:
    """``<extension>[:<dialplan>[:<context>]]``"""
    channel.set("transfer_after_bridge", None)
    transfer(channel, *where.split(":")[:3])
