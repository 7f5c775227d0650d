"""The bridge application: calling far ends, and being connected to one.

`originate` follows switch_ivr_originate.c, as far as the recordings of group 10 show it.
"""

from __future__ import annotations

import re

from ..clockwork.threads import SECOND, Steps
from ..model import ivr
from ..model.arguments import atoi, variables_of
from ..model.channel import Channel, Heard
from ..model.far_legs import Leg, dial, split_targets
from ..model.states import CallState, State
from ..model.variables import is_true
from .basics import application
from .bridged import connect

__all__ = ["bridge", "originate"]

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
    ringback = _ringback(channel)
    ringing: Heard | None = None
    instant = is_true(variables.get("instant_ringback") or channel.get("instant_ringback"))
    for leg in legs:
        if ringback:
            leg.when_rings = channel.poke
        leg.start()
    called = list(legs)
    # more than so many seconds of the epoch (check_per_channel_timeouts)
    ends = {
        leg: (began // SECOND + atoi(timeout) + 1) * SECOND
        for leg in legs
        if (timeout := leg.variables.get("leg_timeout")) is not None
    }
    while legs:
        if ringback and not ringing and (instant or any(leg.rang for leg in legs)):
            ringing = channel.hear(ringback)
        answered = next((leg for leg in legs if leg.answered and leg.up), None)
        if answered is not None:
            for leg in legs:
                if leg is not answered:
                    leg.hangup("LOSE_RACE")
            if ringing:
                channel.hear_change(ringing, "cut")
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
                leg.hangup(cause)
            break
        if not legs:
            break
        yield from channel.frames_unread(min([until, *(ends[leg] for leg in legs if leg in ends)]))
    if ringing:
        channel.hear_change(ringing, "cut")
    return cause, called


def _ringback(channel: Channel) -> str | None:
    """What the caller hears while it rings: a tone or a file, again and again.

    (switch_ivr_originate.c, setup_ringback: from when a far end says that it rings.)
    """
    data = channel.get("transfer_ringback") if channel.answered else None
    data = data or channel.get("ringback")
    if not data or data.lower().startswith("silence"):
        return None
    is_file = data.startswith("/") or "://" in data
    if is_file and channel.switch.media.open(data, ivr.sound_prefix(channel)) is None:
        return None
    return data


def _succeeded(channel: Channel, leg: Leg, called: list[Leg]) -> None:
    if not channel.answered:
        channel.answer()
    channel.set("originate_signal_bond", None)
    callee = leg.profile
    sofia = leg.endpoint == "sofia"
    if sofia:
        callee = callee._replace(
            callee_id_name=callee.destination_number,
            callee_id_number=callee.destination_number,
            network_addr=re.sub(r".*@|:\d+$", "", leg.name),
        )
        channel.profile = channel.profile._replace(
            callee_id_name=callee.callee_id_name,
            callee_id_number=callee.callee_id_number,
        )
    channel.other_type = "originatee"
    channel.other_profile = callee._replace(logical_direction="inbound", profile_index="")
    channel.set("originate_disposition", "SUCCESS")
    channel.set("DIALSTATUS", "SUCCESS")
    _note_causes(channel, called)
    channel.set_callstate(CallState.ACTIVE)
    channel.set("signal_bond", leg.uuid)


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
