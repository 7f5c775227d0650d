"""Originate: call far ends until one answers, for a channel or by api command.

Follows switch_ivr_originate.c, as far as recordings 05b, 05f, 13d and group 10 show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from eslsync import CallState, HangupCause
from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, SECOND, Steps, Thread, pause
from ..model import answering, executing, hooks, playing, waiting
from ..model.arguments import atoi
from ..model.dial_strings import ENTERPRISE, DialString, read_dial_string
from ..model.dialplan import transfer
from ..model.far_legs import FarLeg
from ..model.profile import Times
from ..model.sounds import FRAME, tone_length
from ..model.states import State
from ..model.tables import api, usage
from ..model.variables import exported, is_false, is_true
from .calling_group import Group, bounded, limit_of

if TYPE_CHECKING:
    from ..model.channel import Channel, Heard
    from ..model.switch import Switch

__all__ = ["handle_cause", "originate"]


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
#: Hangup causes that a failed bridge never passes on to the caller.
NO_REASON_TO_HANG_UP = frozenset({"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"})
#: The cause of the end of far ends' legs whose caller has gone, or goes elsewhere.
CANCELLED = "ORIGINATOR_CANCEL"
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
    "ring_ready",
    "instant_ringback",
    "progress_timeout",
    "language",
)


def originate(channel: Channel, data: str) -> Steps[FarLeg | str]:
    """Call far ends until one answers; returns its leg, or the cause of the failure.

    Far ends separated by ``,`` are called at once, those separated by ``|`` one after the other.
    """
    given = exported(channel.get, "export_vars")
    if ENTERPRISE in data:
        given["ent_originate_aleg_uuid"] = channel.uuid
        return (yield from _side_by_side(channel.switch, data, given, channel))
    if is_false(channel.get("preserve_originated_vars")):
        channel.set("originated_legs", None)
        channel.set("originate_causes", None)
    if channel.answered:
        channel.set_callstate(CallState.RING_WAIT)
    yield from hooks.execute_on(channel, "execute_on_pre_originate")
    yield from hooks.api_on(channel, "api_on_pre_originate")
    read = read_dial_string(data, given)
    if read is None:
        return REFUSED
    [groups] = read
    options = _options(groups, channel)
    delay = atoi(options.get("originate_delay_start"))
    if delay > 0:
        yield from pause(channel.switch.scheduler, delay * MILLISECOND)
    channel.set("originate_disposition", "failure")
    channel.set("DIALSTATUS", DIALSTATUS["failure"])
    limit = limit_of(options, atoi(channel.get("call_timeout")))
    outcome, group = yield from _reach(channel.switch, groups, options, limit, channel)
    if isinstance(outcome, FarLeg):
        yield from _succeeded(channel, outcome, group.legs)
    yield from executing.parse_all_events(channel)
    yield from hooks.execute_on(channel, "execute_on_post_originate")
    yield from hooks.api_on(channel, "api_on_post_originate")
    if channel.callstate is CallState.RING_WAIT and channel.up:
        channel.set_callstate(CallState.ACTIVE)
    return outcome


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
    side: _Side | None = None,
) -> Steps[tuple[FarLeg | str, Group]]:
    """Call far ends until one answers, for a channel or for nobody.

    Returns its leg, or the cause of the failure; and the group that was called last.
    """
    tries = _Tries(switch, options, channel)
    forced: str | None = None
    group = Group(switch, options, limit, channel, side)
    for attempt in range(tries.number):
        if attempt and not (yield from tries.begin()):
            break
        for at, phones in enumerate(groups):
            if attempt and not (yield from tries.sleep(tries.pause)):
                return forced or group.cause, group
            if channel is not None and not channel.is_ready():
                _failed(channel, CANCELLED, [])
                return CANCELLED, group
            if at == 0:
                tries.last = switch.scheduler.now
            group = Group(switch, options, limit, channel, side, forced=forced)
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
            if channel is not None and not group.fatal:
                _failed(channel, outcome, group.legs)
            over = group.timed_out and not is_true(options.get("originate_continue_on_timeout"))
            over = over or (side is not None and side.cancelled is not None)
            # (of a caller who has gone, the next alternative notes it)
            gone = at + 1 == len(groups) and not (channel is None or channel.up)
            if group.fatal or over or gone:
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
    ringback, rings = _Ringback(channel), False
    group.before_the_end = ringback.end
    instant = any(is_true(group.options.get(name)) for name in ("instant_ringback", "ring_ready"))
    ignored = is_true(group.options.get("ignore_ring_ready"))
    cancel_key = (channel.get("origination_cancel_key") or "")[:1]
    group.on_news = channel.poke
    for leg in group.legs if ringback.data else ():
        leg.when_rings = channel.poke
    yield from group.start()
    while True:
        outcome = group.look()
        heard = instant or any(leg.rang or leg.early_media for leg in group.legs)
        if heard and group.legs and not rings and outcome is None:
            rings = True
            ringback.begin()
        if not ringback.data and len(group.legs) == 1 and group.legs[0].rang and not ignored:
            _pass_callee_id(group.legs[0], channel)
        if isinstance(outcome, FarLeg):
            group.hang_up("LOSE_RACE", outcome)
        if outcome is not None:
            break
        looked = channel.now
        yield from executing.parse_all_events(channel)
        if not channel.is_ready():
            outcome = group.cause = CANCELLED
            group.hang_up(outcome)
            break
        if cancel_key and channel.digits and channel.take_digit().key == cancel_key:
            outcome = group.cause = "LOSE_RACE" if len(group.legs) > 1 else "NO_ANSWER"
            group.hang_up(outcome)
            break
        if ringback.failed and channel.now >= ringback.failed:
            outcome = group.cause = "NO_ANSWER"
            group.hang_up(outcome)
            break
        until = min(group.due, ringback.failed or group.due)
        if (cancel_key and channel.digits) or channel.now > looked:  # news came meanwhile
            until = channel.tick()
        yield from channel.frames_unread(until)
    ringback.end()
    return outcome


class _Ringback:
    """What the caller hears once a far end rings, in a codec of its own (setup_ringback).

    ``transfer_ringback`` or ``ringback``: a file, a tone, or silence.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        data = channel.get("transfer_ringback") if channel.answered else None
        self.data = data or channel.get("ringback")
        self._over = False
        self._heard: Heard | None = None
        self.failed: int | None = None  #: when a script that is no tone fails the bridge

    def begin(self) -> None:
        """Begin it, if there is one."""
        if self.data:
            self._channel.read_in_linear(self)
            self.hear()

    def hear(self) -> None:
        """Let the caller hear it."""
        channel, data = self._channel, self.data or "silence"
        if data.lower().startswith("silence"):
            return
        if data.startswith("/") or "://" in data:
            # (without a file it rings on in silence)
            if channel.switch.media.open(data, playing.sound_prefix(channel)) is not None:
                self._heard = channel.hear(data)
        elif tone_length(data) == 0:
            self.failed = channel.now + FRAME
        else:
            self._heard = channel.hear(data)

    def end(self) -> None:
        if self._heard is not None:
            self._channel.hear_change(self._heard, "cut")
            self._heard = None
        if not self._over:
            self._over = True
            # both of the caller's session (switch_ivr_originate): what it is within loses its own
            self._channel.reset(digits=False)
            self._channel.reset(digits=False)


def _pass_callee_id(leg: FarLeg, channel: Channel) -> None:
    """Tell the caller's profile who is reached (switch_channel_pass_callee_id)."""
    callee, own = leg.profile, channel.profile
    channel.profile = own._replace(
        callee_id_name=callee.callee_id_name or own.callee_id_name,
        callee_id_number=callee.callee_id_number or own.callee_id_number,
    )


def _succeeded(channel: Channel, leg: FarLeg, called: list[FarLeg]) -> Steps[None]:
    if leg.endpoint == "loopback":
        _pass_callee_id(leg, channel)
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


# --- dial strings side by side


class _Side:
    """One of several dial strings that are called side by side."""

    def __init__(self, channel: Channel | None, ended: Callable[[], None]) -> None:
        self.channel = channel
        self.outcome: FarLeg | str | None = None
        self.cancelled: str | None = None
        self.group: Group | None = None
        self._ended = ended

    def run(self, switch: Switch, groups: DialString, given: int) -> Steps[None]:
        options = _options(groups)
        outcome, _ = yield from _reach(
            switch, groups, options, limit_of(options, given), None, self
        )
        if self.cancelled is not None and isinstance(outcome, FarLeg):
            outcome.set("group_dial_status", "loser")
            outcome.hangup("LOSE_RACE")
        self.outcome = outcome
        self._ended()

    def cancel(self, cause: str) -> None:
        if self.outcome is None:
            self.cancelled = cause
            if self.group is not None:
                self.group.on_news()


def _side_by_side(
    switch: Switch, data: str, given: dict[str, str], channel: Channel | None, limit: int = 0
) -> Steps[FarLeg | str]:
    """Originate several dial strings at once, each as if for nobody; the first to succeed wins
    (switch_ivr_enterprise_originate).
    """
    read = read_dial_string(data, given)
    if read is None:
        return REFUSED
    waiting = switch.scheduler.running

    def ended() -> None:
        if channel is not None:
            channel.poke()
        elif waiting is not None:
            waiting.wake(switch.scheduler.now)

    if channel is not None:
        limit = atoi(channel.get("call_timeout"))
    sides = [_Side(channel, ended) for _ in read]
    for side, groups in zip(sides, read, strict=True):
        Thread(switch.scheduler, side.run(switch, groups, limit)).run()
    ringback = None if channel is None else _Ringback(channel)
    if channel is not None and ringback is not None and ringback.data:
        if (yield from answering.pre_answer(channel)):
            ringback.hear()
    winner: FarLeg | None = None
    while winner is None and any(side.outcome is None for side in sides):
        if channel is not None and not channel.is_ready():
            break
        yield from channel.frames_unread(None) if channel is not None else _asleep()
        winner = next((side.outcome for side in sides if isinstance(side.outcome, FarLeg)), None)
    winner = next((side.outcome for side in sides if isinstance(side.outcome, FarLeg)), None)
    if ringback is not None:
        ringback.end()
    for side in sides:
        side.cancel("ORIGINATOR_CANCEL" if winner is None else "LOSE_RACE")
    causes = [side.outcome for side in sides if isinstance(side.outcome, str)]
    cause = next((each for each in reversed(causes) if each != "LOSE_RACE"), "NO_ANSWER")
    if channel is not None and winner is not None:
        channel.set("originate_disposition", "success")
        winner.other_type = "originator"
        winner.other_profile = channel.profile._replace(
            profile_index="", transfer_source="", times=Times()
        )
        channel.other_type = "originatee"
        callee = winner.profile._replace(logical_direction="inbound", profile_index="")
        channel.other_profile = callee
    elif channel is not None:
        for each in causes:
            handle_cause(channel, each)
        channel.set("originate_disposition", "failure")
        channel.set("hangup_cause", cause)
    return winner or cause


def _asleep() -> Steps[None]:
    yield None


def handle_cause(channel: Channel, cause: str) -> None:
    """Hang the caller up with the far end's cause, unless its variables say otherwise
    (switch_channel_handle_cause).
    """
    if not channel.up:
        return
    if cause != "ATTENDED_TRANSFER":
        go_on = channel.get("continue_on_fail")
        failures = channel.get("failure_causes")
        if failures and not _named(cause, failures):
            return
        if go_on and (is_true(go_on) or _named(cause, go_on)):
            return
        if not go_on and not failures and cause in NO_REASON_TO_HANG_UP:
            return
        causes, *where = (channel.get("transfer_on_fail") or "").split(" ")
        if is_true(causes):
            return
        if _named(cause, causes):
            if not where or where[0].lower() == "auto_cause":
                where[:1] = [cause]
            transfer(channel, *where[:3])
    if not channel.reset_by_transfer and channel.state is not State.ROUTING:
        channel.hangup(cause)


def _named(cause: str, listed: str) -> bool:
    """True if a cause is in a list of names and numbers."""
    known = HangupCause.known(cause)
    number = str(known.code) if isinstance(known, HangupCause) else ""
    return any(name.strip().upper() in (cause, number) for name in listed.split(",") if name)


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
    named = {"origination_caller_id_name": name, "origination_caller_id_number": number}
    given = {name: value for name, value in named.items() if value}
    outcome: FarLeg | str = REFUSED
    read = read_dial_string(target, given)
    if ENTERPRISE in target:
        outcome = yield from _side_by_side(switch, target, given, None, atoi(timeout))
    elif read is not None:
        options = _options(read[0])
        limit = limit_of(options, atoi(timeout))
        outcome, _ = yield from _reach(switch, read[0], options, limit)
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
    yield from group.start()
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
