"""Originate: call far ends until one answers, for a channel or by api command.

Follows switch_ivr_originate.c, as far as recordings 05b, 05f, 13d and group 10 show it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from eslsync import CallState
from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, SECOND, Steps, pause
from ..model import answering, executing, hooks, playing, waiting
from ..model.arguments import atoi
from ..model.dial_strings import DialString, read_dial_string
from ..model.dialplan import transfer
from ..model.far_legs import FarLeg
from ..model.sounds import FRAME
from ..model.states import State
from ..model.tables import api, usage
from ..model.variables import exported, is_false, is_true
from .calling_group import Group, bounded, limit_of

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
#: The caller's variables that count for the far ends as those of the dial string do.
FROM_CALLER = (
    "group_confirm_key",
    "group_confirm_file",
    "group_confirm_read_timeout",
    "group_confirm_cancel_timeout",
    "group_confirm_timeout",
    "forked_dial",
    "fail_on_single_reject",
    "ignore_early_media",
    "bridge_early_media",
    "originate_continue_on_timeout",
    "ignore_ring_ready",
    "return_ring_ready",
    "ring_ready",
    "instant_ringback",
    "progress_timeout",
    "language",
)


def originate(channel: Channel, data: str) -> Steps[FarLeg | str]:
    """Call far ends until one answers; returns its leg, or the cause of the failure.

    Far ends separated by ``,`` are called at once, those separated by ``|`` one after the other.
    """
    if is_false(channel.get("preserve_originated_vars")):
        channel.set("originated_legs", None)
        channel.set("originate_causes", None)
    if channel.answered:
        channel.set_callstate(CallState.RING_WAIT)
    yield from hooks.execute_on(channel, "execute_on_pre_originate")
    yield from hooks.api_on(channel, "api_on_pre_originate")
    groups = _groups(channel.switch, data, exported(channel.get, "export_vars"), channel)
    if groups is None:
        return REFUSED
    options = _options(groups, channel)
    delay = atoi(options.get("originate_delay_start"))
    if delay > 0:
        yield from pause(channel.switch.scheduler, delay * MILLISECOND)
    channel.set("originate_disposition", "failure")
    channel.set("DIALSTATUS", DIALSTATUS["failure"])
    if not channel.answered:
        yield from answering.pre_answer(channel)
    limit = limit_of(options, atoi(channel.get("call_timeout")))
    outcome, group = yield from _reach(channel.switch, groups, options, limit, channel)
    if isinstance(outcome, FarLeg):
        yield from _succeeded(channel, outcome, group.legs)
    yield from hooks.execute_on(channel, "execute_on_post_originate")
    yield from hooks.api_on(channel, "api_on_post_originate")
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


def _options(groups: DialString, channel: Channel | None = None) -> dict[str, str]:
    """The variables for all phones; the caller's are added to them."""
    shared = [phone.shared for phones in groups for phone in phones]
    for name in FROM_CALLER:
        value = None if channel is None else channel.variables.get(name)
        if value is not None:
            for each in shared:
                each.setdefault(name, value)
    return shared[0] if shared else {}


def _reach(
    switch: Switch,
    groups: DialString,
    options: Mapping[str, str],
    limit: int,
    channel: Channel | None = None,
) -> Steps[tuple[FarLeg | str, Group]]:
    """Call far ends until one answers, for a channel or for nobody.

    Returns its leg, or the cause of the failure; and the group that was called last.
    """
    tries = _Tries(switch, options, channel)
    forced: str | None = None
    group = Group(switch, options, limit, channel)
    for attempt in range(tries.number):
        if attempt and not (yield from tries.begin()):
            break
        for at, phones in enumerate(groups):
            if attempt and not (yield from tries.sleep(tries.pause)):
                return forced or group.cause, group
            if at == 0:
                tries.last = switch.scheduler.now
            group = Group(switch, options, limit, channel, forced=forced)
            yield from group.call(phones)
            outcome: FarLeg | str = group.cause
            if group.fatal:
                group.hang_up(group.cause)
            elif channel is None:
                outcome = yield from _watch(group)
            else:
                outcome = yield from _wait(channel, group)
            if isinstance(outcome, FarLeg):
                return outcome, group
            forced = group.forced
            if channel is not None:
                _failed(channel, outcome, group.legs)
            over = group.timed_out and not is_true(options.get("originate_continue_on_timeout"))
            if group.fatal or over or not (channel is None or channel.up):
                return forced or outcome, group
    return forced or group.cause, group


class _Tries:
    """How often far ends are called, and the pauses between (originate_retries)."""

    def __init__(self, switch: Switch, options: Mapping[str, str], channel: Channel | None) -> None:
        self._switch = switch
        self._channel = channel
        self._began = self.last = switch.scheduler.now
        self._limit = max(0, atoi(options.get("originate_retry_timeout")))  # seconds
        most = 1 << 31 if self._limit else 100
        self.number = bounded(options, "originate_retries", 1, most, 1)
        self.pause = bounded(options, "originate_retry_sleep_ms", 500, 60_000, 1000)
        self._period = bounded(options, "originate_retry_min_period_ms", 500, 300_000, 1000)

    def begin(self) -> Steps[bool]:
        """Wait until the next try may begin; False if there is none."""
        now = self._switch.scheduler.now
        if self._limit and now // SECOND - self._began // SECOND > self._limit:
            return False
        wait = self._period - self.pause - (now - self.last) // MILLISECOND
        return wait <= 0 or (yield from self.sleep(wait))

    def sleep(self, milliseconds: int) -> Steps[bool]:
        """Sleep; False if the caller is gone by then."""
        if self._channel is None:
            yield from pause(self._switch.scheduler, milliseconds * MILLISECOND)
            return True
        yield from waiting.sleep(self._channel, milliseconds, None)
        return self._channel.is_ready()


def _failed(channel: Channel, cause: str, legs: list[FarLeg]) -> None:
    channel.set("originate_disposition", cause)
    channel.set("DIALSTATUS", DIALSTATUS.get(cause, cause))
    _note_causes(channel, legs)


def _note_causes(channel: Channel, called: list[FarLeg]) -> None:
    """Note how each leg of a group ended, in the order in which they were called."""
    for leg in called:
        cause = leg.hangup_cause or "NONE"
        channel.variables.push("originate_causes", f"{leg.uuid};{cause}")


def _wait(channel: Channel, group: Group) -> Steps[FarLeg | str]:
    """Wait for a far end, while the caller hears the ringback; returns what came of it."""
    ringback = _ringback(channel)
    ringing: Heard | None = None
    instant = any(is_true(group.options.get(name)) for name in ("instant_ringback", "ring_ready"))
    cancel_key = (channel.get("origination_cancel_key") or "")[:1]
    group.on_news = channel.poke
    if ringback:
        for leg in group.legs:
            leg.when_rings = channel.poke
    group.start()
    while True:
        heard = instant or any(leg.rang or leg.early_media for leg in group.legs)
        if ringback and not ringing and heard:
            ringing = channel.hear(ringback)
        outcome = group.look()
        if isinstance(outcome, FarLeg):
            group.hang_up("LOSE_RACE", outcome)
        if outcome is not None:
            break
        yield from executing.parse_all_events(channel)
        if not channel.is_ready():
            outcome = group.cause = "ORIGINATOR_CANCEL"
            group.hang_up(outcome)
            break
        if cancel_key and channel.digits and channel.take_digit().key == cancel_key:
            outcome = "LOSE_RACE" if len(group.legs) > 1 else "NO_ANSWER"
            group.hang_up(outcome)
            break
        until = group.due
        if cancel_key and channel.digits:
            until = channel.tick()
        yield from channel.frames_unread(until)
    if ringing:
        channel.hear_change(ringing, "cut")
    return outcome


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
    if leg.answered:
        yield from answering.answer(channel)
    elif leg.early_media:
        yield from answering.pre_answer(channel)
    channel.set("originate_signal_bond", None)
    for name in separate(channel.get("import") or "", ","):
        value = leg.get(name)
        if value:
            channel.set(name, value)
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
    channel.set("signal_bond", leg.uuid)
    yield from hooks.execute_on(leg, "execute_on_post_originate")
    yield from hooks.api_on(leg, "api_on_post_originate")


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
    groups = _groups(switch, target, {name: value for name, value in given.items() if value})
    if groups is None:
        return f"-ERR {REFUSED}\n"
    options = _options(groups)
    outcome, _ = yield from _reach(switch, groups, options, limit_of(options, atoi(timeout)))
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


def _watch(group: Group) -> Steps[FarLeg | str]:
    """Wait for a far end; returns what came of it.

    Frames count from its beginning. (FreeSWITCH looks at every frame; a minute has 3,000 of them.)
    """
    scheduler = group.switch.scheduler
    thread = scheduler.running
    due = 0

    def frame(moment: int) -> int:
        return group.began + -(-(moment - group.began) // FRAME) * FRAME

    def news() -> None:
        nonlocal due
        due = frame(scheduler.now)
        if thread is not None:
            thread.wake(due)

    group.on_news = news
    for leg in group.legs:
        for hooked in (leg.when_answered, leg.when_down, leg.when_early):
            hooked.append(news)
    group.start()
    while (outcome := group.look()) is None:
        due = frame(group.due)
        while scheduler.now < due:
            yield due
    if isinstance(outcome, FarLeg):
        group.hang_up("LOSE_RACE", outcome)
    for leg in group.legs:
        for hooked in (leg.when_answered, leg.when_down, leg.when_early):
            if news in hooked:
                hooked.remove(news)
    return outcome
