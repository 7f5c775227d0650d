"""Originate: call far ends until one answers, for a channel or by api command.

Follows switch_ivr_originate.c, as far as recordings 05b, 05f, 13d and group 10 show it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eslsync import CallState

from ..clockwork.agenda import Agenda
from ..clockwork.threads import SECOND, Steps
from ..model import answering, playing
from ..model.arguments import atoi, separate
from ..model.dial_strings import DialString, Phone, read_dial_string
from ..model.dialplan import transfer
from ..model.far_legs import FarLeg, dial
from ..model.sounds import FRAME
from ..model.states import State
from ..model.tables import api, usage
from ..model.variables import exported, is_true

if TYPE_CHECKING:
    from ..model.channel import Channel, Heard
    from ..model.switch import Switch

__all__ = ["originate"]


#: The causes whose DIALSTATUS has another name.
DIALSTATUS = {
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "ORIGINATOR_CANCEL": "CANCEL",
    "CALL_REJECTED": "DONTCALL",
    "DESTINATION_OUT_OF_ORDER": "INVALIDARGS",
    "INVALID_PROFILE": "INVALIDARGS",
    "failure": "INVALIDARGS",
}


#: The cause of a dial string whose brackets are not closed, or that names nobody.
REFUSED = "DESTINATION_OUT_OF_ORDER"


def originate(channel: Channel, data: str) -> Steps[FarLeg | str]:
    """Call far ends until one answers; returns its leg, or the cause of the failure.

    Far ends separated by ``,`` are called at once, those separated by ``|`` one after the other.
    """
    read = _groups(channel.switch, data, exported(channel.get, "export_vars"), channel)
    if read is None:
        return REFUSED
    channel.set("originate_disposition", "failure")
    channel.set("DIALSTATUS", DIALSTATUS["failure"])
    if channel.answered:
        channel.set_callstate(CallState.RING_WAIT)
    else:
        yield from answering.pre_answer(channel)
    outcome: FarLeg | str = "NORMAL_TEMPORARY_FAILURE"
    for phones in read:
        outcome, called = yield from _try(channel, phones)
        if isinstance(outcome, FarLeg):
            yield from _succeeded(channel, outcome, called)
            return outcome
        channel.set("originate_disposition", outcome)
        channel.set("DIALSTATUS", DIALSTATUS.get(outcome, outcome))
        _note_causes(channel, called)
        if not channel.up:
            break
    if channel.callstate is CallState.RING_WAIT and channel.up:
        channel.set_callstate(CallState.ACTIVE)
    return outcome


def _groups(
    switch: Switch, data: str, given: dict[str, str], channel: Channel | None = None
) -> DialString | None:
    """The groups of phones in a dial string; None if FreeSWITCH refuses it."""
    read = read_dial_string(data, given)
    if read is None:
        return None
    if len(read) == 1:
        return read[0]
    if any(len(groups) > 1 for groups in read):
        switch.not_modelled("option", ":_: with |", channel)
    return [[phone for groups in read if groups for phone in groups[0]]]


def _note_causes(channel: Channel, called: list[FarLeg]) -> None:
    """Note how each leg of a group ended, in the order in which they were called."""
    for leg in called:
        cause = leg.hangup_cause or "NONE"
        channel.variables.push("originate_causes", f"{leg.uuid};{cause}")


def _try(channel: Channel, phones: list[Phone]) -> Steps[tuple[FarLeg | str, list[FarLeg]]]:
    """Call a group of far ends at once; returns the outcome, and the legs."""
    began = channel.now
    legs: list[FarLeg] = []
    until: dict[FarLeg, int] = {}
    cause = "NORMAL_TEMPORARY_FAILURE"
    for phone in phones:
        leg = dial(channel.switch, phone.name, phone.variables, channel)
        if isinstance(leg, str):
            cause = leg
            continue
        channel.set("originate_signal_bond", leg.uuid)
        callee = leg.profile
        channel.variables.push(
            "originated_legs", f"{leg.uuid};{callee.callee_id_name};{callee.callee_id_number}"
        )
        legs.append(leg)
        limit = phone.shared.get("originate_timeout") or channel.get("call_timeout")
        # whole seconds since the epoch are counted: here 3 of them took 2.95 s (recording 10c)
        until[leg] = (began // SECOND + (atoi(limit) if limit else 60)) * SECOND
    ringback = _ringback(channel)
    ringing: Heard | None = None
    instant = is_true(channel.get("instant_ringback")) or any(
        is_true(phone.shared.get("instant_ringback")) for phone in phones
    )
    for leg in legs:
        if ringback:
            leg.when_rings = channel.poke
        leg.start()
    called = list(legs)
    # more than this many whole seconds since the epoch (check_per_channel_timeouts)
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
        late = [leg for leg in legs if not channel.up or channel.now >= until[leg]]
        if late or not channel.up:
            cause = "NO_ANSWER" if channel.up else "ORIGINATOR_CANCEL"
        for leg in late:
            leg.hangup(cause)
            legs.remove(leg)
        if not legs:
            break
        due = [*(until[leg] for leg in legs), *(ends[leg] for leg in legs if leg in ends)]
        yield from channel.frames_unread(min(due))
    if ringing:
        channel.hear_change(ringing, "cut")
    return cause, called


def _ringback(channel: Channel) -> str | None:
    """The tone or file that the caller hears once a far end rings (setup_ringback)."""
    data = channel.get("transfer_ringback") if channel.answered else None
    data = data or channel.get("ringback")
    if not data or data.lower().startswith("silence"):
        return None
    is_file = data.startswith("/") or "://" in data
    if is_file and channel.switch.media.open(data, playing.sound_prefix(channel)) is None:
        return None
    return data


def _succeeded(channel: Channel, leg: FarLeg, called: list[FarLeg]) -> Steps[None]:
    if not channel.answered:
        yield from answering.answer(channel)
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


# --- the api command


ORIGINATE_SYNTAX = (
    "<call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] "
    "[<cid_name>] [<cid_num>] [<timeout_sec>]"
)


@api("originate", recordings="13d 201 202")
def originate_api(switch: Switch, argument: str) -> Steps[str]:
    """Call a far end, and send its leg to an application or an extension (recording 13d)."""
    words = separate(argument, " ", 10)
    if not 2 <= len(words) <= 7:
        return usage(ORIGINATE_SYNTAX)
    words = ["" if word.lower() == "undef" else word for word in words] + [""] * 5
    target, extension, dialplan, context, name, number, timeout = words[:7]
    given = {"origination_caller_id_name": name, "origination_caller_id_number": number}
    read = _groups(switch, target, {name: value for name, value in given.items() if value})
    if read is None:
        return f"-ERR {REFUSED}\n"
    outcome = yield from _reach(switch, read, atoi(timeout) if timeout else 60)
    if not isinstance(outcome, FarLeg):
        return f"-ERR {outcome}\n"
    if extension.startswith("&") and len(extension) > 1:
        application, _, data = extension[1:].partition(")")[0].partition("(")
        outcome.run_extension([(application, data)])
        outcome.state = State.EXECUTE
        outcome.thread.wake(outcome.now)
    else:
        transfer(outcome, extension, dialplan or "XML", context or "default")
    return f"+OK {outcome.uuid}\n"


def _reach(switch: Switch, groups: DialString, seconds: int) -> Steps[FarLeg | str]:
    """Call far ends until one answers; returns its leg, or the cause of the failure."""
    cause = "NORMAL_TEMPORARY_FAILURE"
    for phones in groups:
        limits = [atoi(phone.shared.get("originate_timeout")) or seconds for phone in phones]
        until = (switch.scheduler.now // SECOND + max(limits, default=0)) * SECOND
        legs = []
        for phone in phones:
            leg = dial(switch, phone.name, phone.variables)
            if isinstance(leg, FarLeg):
                legs.append(leg)
                leg.start()
            else:
                cause = leg
        began = switch.scheduler.now
        while legs:
            answered = next((leg for leg in legs if leg.answered and leg.up), None)
            late = switch.scheduler.now >= until
            for leg in legs:
                if leg is not answered and (answered is not None or late):
                    leg.hangup("LOSE_RACE" if answered is not None else "NO_ANSWER")
            if answered is not None:
                return answered
            cause = next((leg.hangup_cause for leg in legs if leg.hangup_cause), cause)
            legs = [leg for leg in legs if leg.up]
            if legs:
                yield from _wait_for_news(switch.scheduler, legs, began, until)
    return cause


def _wait_for_news(
    scheduler: Agenda, legs: Sequence[FarLeg], began: int, until: int
) -> Steps[None]:
    """Wait for the frame in which a leg is answered or hung up, or for the last one.

    Frames count from ``began``. (FreeSWITCH looks at every frame; a minute has 3,000 of them.)
    """

    def frame(moment: int) -> int:
        return began + -(-(moment - began) // FRAME) * FRAME

    due = frame(until)
    thread = scheduler.running

    def news() -> None:
        nonlocal due
        due = frame(scheduler.now)
        if thread is not None:
            thread.wake(due)

    hooks = [hooks for leg in legs for hooks in (leg.when_answered, leg.when_down)]
    for each in hooks:
        each.append(news)
    try:
        while scheduler.now < due:
            yield due
    finally:
        for each in hooks:
            each.remove(news)
