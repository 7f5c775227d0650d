"""The api command `uuid_bridge`: two legs leave their applications, and are bridged.

switch_ivr_bridge.c, switch_ivr_uuid_bridge and its state handlers; recordings 201 to 215. The leg
that bridges goes through CS_HIBERNATE and CS_RESET to CS_SOFT_EXECUTE, waits there for the other,
and bridges. Afterwards its dialplan continues after the application that it left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND, Steps
from ..model import executing
from ..model.profile import Times
from ..model.sounds import FRAME
from ..model.states import State
from ..model.tables import api, usage
from ..model.variables import is_true
from .bridge import connect

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__ = ["uuid_bridge"]


@api("uuid_bridge", recordings="201 202 203")
def uuid_bridge_api(switch: Switch, argument: str) -> str:
    """``<uuid> <other_uuid> [<another_uuid>]``: the third is used if the second doesn't exist."""
    words = separate(argument, " ", 4)
    if len(words) < 2:
        return usage("<uuid> <other_uuid>")
    for other in words[1:3]:
        if uuid_bridge(switch, words[0], other):
            return f"+OK {other}\n"
    return "-ERR Invalid uuid\n"


def uuid_bridge(switch: Switch, originator_uuid: str, originatee_uuid: str) -> bool:
    """Have two channels leave their applications for each other; False if one doesn't exist."""
    channel, other = switch.locate(originator_uuid), switch.locate(originatee_uuid)
    if channel is None or other is None:
        return False
    channel.take_dialplan()
    if not channel.media_ready:
        if not other.media_ready:
            return False
        channel, other = other, channel
    outbound = [each.profile.direction == "outbound" for each in (channel, other)]
    if outbound[1]:
        other.in_dialplan = False
    for one in (channel, other):
        # whatever they were bridged to (cleanup_proxy_mode_a)
        one.set("bridge_to", None)
        one.set("bridge_uuid", None)
    channel.set("uuid_bridge", other.uuid)
    for one, two in ((channel, other), (other, channel)):
        one.set("bridge_channel", two.name)
        one.set("bridge_uuid", two.uuid)
        one.set("signal_bond", two.uuid)
    if (outbound[0] and not channel.in_dialplan) or (not outbound[0] and channel.called):
        channel.exchange_ids()
    if not outbound[1] and not other.called:
        other.exchange_ids()
        other.called = True
    for one in (other, channel):
        profile = one.profile
        one.set("original_destination_number", profile.destination_number)
        one.set("original_caller_id_name", profile.caller_id_name)
        one.set("original_caller_id_number", profile.caller_id_number)
        one.step_profile()
    _introduce(channel, other)
    for one, two in ((channel, other), (other, channel)):
        executing.stop_broadcast(one)
        one.reset_by_transfer = one.redirected = True
        source = f"{switch.scheduler.now // SECOND}:{switch.uuid()}:uuid_br:{two.uuid}"
        one.note_transfer(source)
    for one, two in ((channel, other), (other, channel)):
        # the peer's side of a bridge that goes on ends with the handler of its state
        one.state_handlers = _handlers(one, two, bridges=one is channel)
        again = one.state is State.HIBERNATE
        one.move_to(State.CONSUME_MEDIA if again else State.HIBERNATE)
    return True


def _introduce(channel: Channel, other: Channel) -> None:
    """Tell each leg about the other, as it was until now."""
    mine, theirs = channel.profile, other.profile
    channel.other_type, other.other_type = "originatee", "originator"
    channel.other_profile = theirs._replace(
        logical_direction="inbound", profile_index="", transfer_source=""
    )
    other.other_profile = mine._replace(profile_index="", transfer_source="", times=Times())
    channel.profile = mine._replace(
        callee_id_name=theirs.callee_id_name, callee_id_number=theirs.callee_id_number
    )
    other.profile = theirs._replace(
        caller_id_name=mine.caller_id_name, caller_id_number=mine.caller_id_number
    )


def _handlers(
    channel: Channel, other: Channel, *, bridges: bool
) -> dict[State, Callable[[], Steps[None]]]:
    """The handlers of the states of a leg on its way to the bridge."""

    def hibernate() -> Steps[None]:
        channel.state = State.RESET
        yield from ()

    def reset() -> Steps[None]:
        if bridges:
            channel.state = State.SOFT_EXECUTE
        else:
            channel.set("call_uuid", channel.call_uuid)
        yield from ()

    def soft_execute() -> Steps[None]:
        for state in handlers:
            channel.state_handlers.pop(state, None)
        if bridges:
            yield from _bridge(channel, other)

    handlers = {
        State.HIBERNATE: hibernate,
        State.CONSUME_MEDIA: hibernate,
        State.RESET: reset,
        State.SOFT_EXECUTE: soft_execute,
    }
    return dict(handlers)


def _bridge(channel: Channel, other: Channel) -> Steps[None]:
    """Wait until the other leg is ready, and bridge (uuid_bridge_on_soft_execute)."""
    channel.set("uuid_bridge", None)
    while channel.up and other.up:
        if other.state is other.running_state:
            if other.state is State.RESET:
                other.move_to(State.SOFT_EXECUTE)
            if other.running_state is State.SOFT_EXECUTE:
                break
        yield channel.now + FRAME
    if not (yield from _wait_for_answer(channel, other)):
        if is_true(channel.get("uuid_bridge_continue_on_cancel")):
            channel.move_to(State.EXECUTE)
        elif is_true(channel.get("uuid_bridge_park_on_cancel")):
            channel.park_elsewhere()
        elif not channel.reset_by_transfer:
            channel.hangup("ORIGINATOR_CANCEL")
        return
    if not channel.is_ready() or not other.up:
        other.hangup("DESTINATION_OUT_OF_ORDER")
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        return
    for one, two in ((channel, other), (other, channel)):
        about = (("Application", "uuid_bridge"), ("Application-Data", two.uuid))
        one.fire("CHANNEL_EXECUTE", about)
    yield from connect(channel, other)
    elsewhere = channel.state in (State.ROUTING, State.PARK)
    if not (channel.reset_by_transfer or channel.redirected or elsewhere):
        channel.move_to(State.EXECUTE)


def _wait_for_answer(channel: Channel, other: Channel) -> Steps[bool]:
    """A leg without media is hung up (switch_ivr_wait_for_answer; recording 213)."""
    if other.media_ready or not other.up:
        return other.up
    yield channel.tick()
    other.hangup("DESTINATION_OUT_OF_ORDER")
    return False
