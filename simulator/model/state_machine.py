"""The session thread: a channel's way through its states (switch_core_state_machine.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync import CallState, HangupCause

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from . import hooks
from .dialplan import route
from .events import local_time
from .executing import execute, parse_all_events
from .media_bugs import remove_all
from .states import State
from .waiting import park

if TYPE_CHECKING:
    from .channel import Channel

__all__ = ["end_session", "run_session"]


def run_session(channel: Channel) -> Steps[None]:
    """Do the work of each state, until the channel is destroyed (switch_core_session_run)."""
    if channel.state is channel.running_state:
        yield from _work(channel)  # an incoming call begins in the middle of its state
    while channel.up:
        if channel.state is not channel.running_state:
            _enter_state(channel)
            yield from _work(channel)
            continue
        yield from parse_all_events(channel)
        if channel.state is channel.running_state:
            yield None  # asleep, until somebody changes the state or sends something
    yield from end_session(channel)


def _enter_state(channel: Channel) -> None:
    channel.set_running_state(channel.state)
    channel.reset_by_transfer = channel.redirected = False
    standard = channel.state not in channel.state_handlers
    if standard and channel.state in (State.ROUTING, State.EXECUTE, State.RESET):
        channel.set("call_uuid", channel.call_uuid)


def _work(channel: Channel) -> Steps[None]:
    """Do the work of the state once (STATE_MACRO)."""
    handler = channel.state_handlers.get(channel.state)
    if handler is not None:
        yield from handler()
    elif channel.state is State.ROUTING:
        route(channel)
    elif channel.state is State.EXECUTE:
        yield from _execute_dialplan(channel)
    elif channel.state is State.PARK:
        yield from park(channel)
    # CS_RESET lasts until somebody else ends it


def _execute_dialplan(channel: Channel) -> Steps[None]:
    """Run the extension's applications (switch_core_standard_on_execute)."""
    while channel.state is State.EXECUTE and channel.extension:
        name, data = channel.extension.popleft()
        yield from execute(channel, name, data)
    if channel.state is State.EXECUTE:
        channel.hangup("NORMAL_CLEARING")


# --- the end


def end_session(channel: Channel) -> Steps[None]:
    """CS_HANGUP, CS_REPORTING and CS_DESTROY."""
    _hang_up(channel)
    yield from hooks.api_hook(channel, "api_hangup_hook")
    _begin_report(channel)
    yield from hooks.api_hook(channel, "api_reporting_hook")
    _report(channel)
    while channel.controls or channel.read_locks:
        yield None  # until no read lock keeps it from being destroyed
    _destroy(channel)


def _hang_up(channel: Channel) -> None:
    """switch_core_session_hangup_state."""
    channel.state = State.HANGUP
    channel.set_running_state(State.HANGUP)
    channel.stamp(hungup=channel.now)
    remove_all(list(channel.bugs))
    channel.set("hangup_cause", channel.hangup_cause)
    channel.set("hangup_cause_q850", str(_q850(channel.hangup_cause)))
    for name, value in _call_times(channel):
        channel.variables.set(name, value)
    channel.set_callstate(CallState.HANGUP)
    if channel.endpoint == "loopback":
        channel.set("is_loopback", "1")


def _q850(cause: str | None) -> int:
    """A cause's number; FreeSWITCH's own causes count as NORMAL_CLEARING
    (switch_channel_cause_q850).
    """
    known = HangupCause.known(cause)
    code = known.code if isinstance(known, HangupCause) else 16
    return code if code <= 127 else 16


def _begin_report(channel: Channel) -> None:
    """switch_core_session_reporting_state."""
    channel.state = State.REPORTING
    channel.set_running_state(State.REPORTING)
    channel.switch.callers.discard(channel.variables.get("other_loopback_leg_uuid") or "")


def _report(channel: Channel) -> None:
    assert channel.hangup_cause is not None
    channel.fire("CHANNEL_HANGUP_COMPLETE", first=(("Hangup-Cause", channel.hangup_cause),))
    channel.state = State.DESTROY
    if channel.on_hangup is not None:
        channel.on_hangup()


def _destroy(channel: Channel) -> None:
    channel.fire("CHANNEL_DESTROY")
    channel.running_state = State.DESTROY
    channel.fire("CHANNEL_STATE")
    channel.switch.forget(channel)
    # Release the watchers: cycles of thousands of ended calls keep the garbage collector busy.
    channel.on_event = channel.on_heard = channel.on_hangup = None


def _call_times(channel: Channel) -> list[tuple[str, str]]:
    """The variables that a call ends with, in their order (switch_channel_set_timestamps)."""
    t = channel.profile.times
    stamps = [
        ("start", t.created),
        ("profile_start", t.profile_created),
        ("answer", t.answered),
        ("bridge", t.bridged),
        ("hold", t.last_hold),
        ("resurrect", t.resurrected),
        ("progress", t.progress),
        ("progress_media", t.progress_media),
        ("end", t.hungup),
    ]
    pairs = [("digits_dialed", channel.digits_dialed or "none")]
    pairs += [(f"{name}_stamp", local_time(time)) for name, time in stamps if time]
    for name, time in (
        ("start", t.created),
        ("profile_start", t.profile_created),
        ("answer", t.answered),
        ("bridge", t.bridged),
        ("last_hold", t.last_hold),
    ):
        pairs += [(f"{name}_epoch", str(time // SECOND)), (f"{name}_uepoch", str(time))]
    pairs += [
        ("hold_accum_seconds", str(t.hold_accum // SECOND)),
        ("hold_accum_usec", str(t.hold_accum)),
        ("hold_accum_ms", str(t.hold_accum // MILLISECOND)),
    ]
    for name, time in (
        ("resurrect", t.resurrected),
        ("progress", t.progress),
        ("progress_media", t.progress_media),
        ("end", t.hungup),
    ):
        pairs += [(f"{name}_epoch", str(time // SECOND)), (f"{name}_uepoch", str(time))]
    if channel.app_log:
        pairs += [("last_app", channel.app_log[-1][0]), ("last_arg", channel.app_log[-1][1])]
    pairs.append(("caller_id", _caller_id(channel)))
    spans = [
        ("duration", t.created, t.hungup),
        ("bill", t.answered, t.hungup if t.answered else 0),
        ("progress", t.created, t.progress),
        ("answer", t.created, t.answered),
        ("wait", t.created, t.bridged),
        ("progress_media", t.created, t.progress_media),
        ("flow_bill", t.created, t.hungup if t.answered else 0),
    ]
    for suffix, unit in (("sec", SECOND), ("msec", MILLISECOND), ("usec", 1)):
        for name, start, end in spans:
            if name == "duration":
                name = {"sec": "duration", "msec": "mduration", "usec": "uduration"}[suffix]
            else:
                name += suffix
            pairs.append((name, str(end // unit - start // unit if end else 0)))
    return pairs


def _caller_id(channel: Channel) -> str:
    name, number = channel.profile.caller_id_name, channel.profile.caller_id_number
    return f'"{name}" <{number}>' if name else number
