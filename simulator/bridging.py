"""The bridge application: calling far ends, and being connected to one.

`originate` follows switch_ivr_originate.c and `connect` switch_ivr_bridge.c, as far as the
recordings of group 10 show them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from . import ivr
from .applications import application
from .arguments import atoi, variables_of
from .channel import Channel
from .legs import Leg, dial, split_targets
from .states import CallState, State
from .threads import SECOND, Steps
from .variables import is_true

__all__ = ["bridge", "connect", "originate"]

#: DIALSTATUS, where it is not the cause's own name.
DIALSTATUS = {
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "ORIGINATOR_CANCEL": "CANCEL",
    "CALL_REJECTED": "DONTCALL",
    "DESTINATION_OUT_OF_ORDER": "INVALIDARGS",
    "INVALID_PROFILE": "INVALIDARGS",
    "failure": "INVALIDARGS",
}

#: Hangup causes that a bridge which fails never passes on to its caller.
NO_REASON_TO_HANG_UP = frozenset({"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"})


def originate(channel: Channel, data: str) -> Steps[Leg | str]:
    """Call far ends until one answers: ``|`` between those to be tried one after the other,
    ``,`` between those to be tried at once. Returns the leg, or the cause of the failure.
    """
    variables, targets = variables_of(data)
    channel.set("originate_disposition", "failure")
    channel.set("DIALSTATUS", DIALSTATUS["failure"])
    if channel.answered:
        channel.set_callstate(CallState.RING_WAIT)
    else:
        channel.pre_answer()
    outcome: Leg | str = "NORMAL_TEMPORARY_FAILURE"
    for alternative in targets.split("|"):
        outcome, called = yield from _try(channel, alternative, variables)
        if isinstance(outcome, Leg):
            _succeeded(channel, outcome, called)
            return outcome
        channel.set("originate_disposition", outcome)
        channel.set("DIALSTATUS", DIALSTATUS.get(outcome, outcome))
        _note_causes(channel, called)
        if not channel.up:
            break
    if channel.callstate is CallState.RING_WAIT and channel.up:
        channel.set_callstate(CallState.ACTIVE)
    return outcome


def _note_causes(channel: Channel, called: list[Leg]) -> None:
    """How each leg that was called at once ended, in the order they were called."""
    for leg in called:
        cause = leg.hangup_cause or "NONE"
        channel.variables.push("originate_causes", f"{leg.uuid};{cause}")


def _try(
    channel: Channel, targets: str, variables: dict[str, str]
) -> Steps[tuple[Leg | str, list[Leg]]]:
    """Call one group of far ends at once; the outcome, and the legs that were called."""
    began = channel.now
    limit = variables.get("originate_timeout") or channel.get("call_timeout")
    # seconds are those of the epoch (recording 10c: 3 of them are 2.95)
    until = (began // SECOND + (atoi(limit) if limit else 60)) * SECOND
    legs: list[Leg] = []
    cause = "NORMAL_TEMPORARY_FAILURE"
    for target in split_targets(targets):
        own, target = variables_of(target)
        leg = dial(channel.switch, target, {**variables, **own}, channel)
        if isinstance(leg, str):
            cause = leg
            continue
        channel.set("originate_signal_bond", leg.uuid)
        callee = leg.profile
        channel.variables.push(
            "originated_legs", f"{leg.uuid};{callee.callee_id_name};{callee.callee_id_number}"
        )
        legs.append(leg)
    for leg in legs:
        leg.start()
    called = list(legs)
    # more than so many seconds of the epoch (check_per_channel_timeouts)
    ends = {
        leg: (began // SECOND + atoi(timeout) + 1) * SECOND
        for leg in legs
        if (timeout := leg.variables.get("leg_timeout")) is not None
    }
    while legs:
        answered = next((leg for leg in legs if leg.answered and leg.up), None)
        if answered is not None:
            for leg in legs:
                if leg is not answered:
                    leg.hangup("LOSE_RACE")
            return answered, called
        for leg in legs:
            if leg in ends and channel.now >= ends[leg]:
                leg.hangup("ALLOTTED_TIMEOUT")
        for leg in [leg for leg in legs if not leg.up]:
            cause = leg.hangup_cause or cause
            legs.remove(leg)
        if not channel.up or channel.now >= until:
            cause = "ORIGINATOR_CANCEL" if not channel.up else "NO_ANSWER"
            for leg in legs:
                leg.partner = channel if channel.up else None
                leg.hangup(cause)
            break
        if not legs:
            break
        yield from channel.frames(min([until, *(ends[leg] for leg in legs if leg in ends)]))
    return cause, called


def _succeeded(channel: Channel, leg: Leg, called: list[Leg]) -> None:
    if not channel.answered:
        channel.answer()
    channel.set("originate_signal_bond", None)
    callee = leg.profile
    sofia = leg.endpoint == "sofia"
    if sofia:
        callee = replace(
            callee,
            callee_id_name=callee.destination_number,
            callee_id_number=callee.destination_number,
            network_addr=re.sub(r".*@|:\d+$", "", leg.name),
        )
        channel.profile = replace(
            channel.profile,
            callee_id_name=callee.callee_id_name,
            callee_id_number=callee.callee_id_number,
        )
    channel.other_type = "originatee"
    channel.other_profile = replace(callee, logical_direction="inbound", profile_index="")
    channel.set("originate_disposition", "SUCCESS")
    channel.set("DIALSTATUS", "SUCCESS")
    _note_causes(channel, called)
    channel.set_callstate(CallState.ACTIVE)


def connect(channel: Channel, leg: Leg) -> Steps[None]:
    """Both legs hear each other until one goes (switch_ivr_multi_threaded_bridge)."""
    about = (("Bridge-A-Unique-ID", channel.uuid), ("Bridge-B-Unique-ID", leg.uuid))
    channel.partner = leg
    leg.state = State.EXCHANGE_MEDIA
    channel.stamp(bridged=channel.now)
    leg.stamp(bridged=channel.now)
    channel.set("signal_bond", leg.uuid)
    channel.fire("CHANNEL_BRIDGE", first=about)
    leg.set("call_uuid", channel.uuid)
    for one, other in ((channel, leg), (leg, channel)):
        one.set("bridge_to", other.uuid)
        one.set("last_bridge_to", other.uuid)
        one.set("bridge_channel", other.name)
        one.set("bridge_uuid", other.uuid)
        one.set("signal_bond", other.uuid)
    leg.joined = True
    leg.thread.run()
    assert channel.other_profile is not None
    channel.set("last_sent_callee_id_name", channel.other_profile.callee_id_name)
    channel.set("last_sent_callee_id_number", channel.other_profile.callee_id_number)
    leg.set("last_sent_callee_id_name", channel.profile.caller_id_name)
    leg.set("last_sent_callee_id_number", channel.profile.caller_id_number)
    while channel.is_ready() and leg.up:
        yield from ivr.parse_all_events(channel)
        if channel.digits:
            digit = channel.take_digit()
            leg.hear_digit(digit)
        while leg.digits:
            leg.take_digit()
        if channel.is_ready() and leg.up:
            yield from channel.frames(None)
    channel.partner = None
    leg.partner = None
    for one in (channel, leg):
        one.set("bridge_to", None)
    # The other leg of a caller who went is hung up as any other, with a cause of its own
    # (audio_bridge_on_exchange_media).
    cause = leg.hangup_cause or "NORMAL_CLEARING"
    if channel.hangup_cause is not None:
        leg.set("bridge_hangup_cause", channel.hangup_cause)
    channel.set("bridge_hangup_cause", cause)
    leg.call_uuid = leg.uuid
    leg.set("call_uuid", leg.uuid)
    channel.fire("CHANNEL_UNBRIDGE", first=about)
    if leg.up:
        leg.hangup(cause)
    leg.thread.wake(channel.now)
    if channel.up and is_true(channel.get("hangup_after_bridge")):
        channel.hangup(cause)


@application("bridge", nomedia=True)
def bridge(channel: Channel, data: str) -> Steps[None]:
    if not data:
        return
    outcome = yield from originate(channel, data)
    if isinstance(outcome, Leg):
        yield from connect(channel, outcome)
        return
    channel.set("originate_failed_cause", outcome)
    _pass_on(channel, outcome)


def _pass_on(channel: Channel, cause: str) -> None:
    """Hang the caller up with the far end's cause, or not (switch_channel_handle_cause)."""
    if not channel.up:
        return
    go_on = channel.get("continue_on_fail")
    failures = channel.get("failure_causes")
    if failures and not _named(cause, failures):
        return
    if go_on and (is_true(go_on) or _named(cause, go_on)):
        return
    if not go_on and not failures and cause in NO_REASON_TO_HANG_UP:
        return
    if not channel.reset_by_transfer and channel.state is not State.ROUTING:
        channel.hangup(cause)


def _named(cause: str, names: str) -> bool:
    """Is a cause in a list of names and numbers?"""
    return any(name.strip().upper() == cause for name in names.split(",") if name.strip())


@application("ring_ready", nomedia=True)
def ring_ready(channel: Channel, data: str) -> None:
    """Tell the caller that it rings (switch_channel_perform_mark_ring_ready_value)."""
    if channel.up and not channel.media_ready and not channel.ring_ready:
        channel.ring_ready = True
        channel.stamp(progress=channel.now)
        channel.fire("CHANNEL_PROGRESS")
