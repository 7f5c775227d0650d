"""The session thread: a channel's way through its states (switch_core_state_machine.c)."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
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

#: What a call ends with: its times as dates, if it has them, and in seconds and microseconds;
#: between them, how long it was held.
TIMES = "start profile_start answer bridge last_hold resurrect progress progress_media end".split()
STAMPS = ["hold_stamp" if name == "last_hold" else f"{name}_stamp" for name in TIMES]
EPOCHS = [f"{name}_{epoch}" for name in TIMES for epoch in ("epoch", "uepoch")]
HELD = EPOCHS.index("resurrect_epoch")
EPOCHS[HELD:HELD] = ["hold_accum_seconds", "hold_accum_usec", "hold_accum_ms"]
_TIMES = attrgetter(
    *"created profile_created answered bridged last_hold resurrected".split(),
    *"progress progress_media hungup".split(),
)
#: How long it took, until it was answered, and so on.
SPANS = [
    name
    for unit, whole in (("sec", "duration"), ("msec", "mduration"), ("usec", "uduration"))
    for name in (
        whole,
        *(each + unit for each in "bill progress answer wait".split()),
        f"progress_media{unit}",
        f"flow_bill{unit}",
    )
]


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
    cause = channel.hangup_cause
    channel.set("hangup_cause", cause)
    channel.set("hangup_cause_q850", str(_q850(cause)))
    for variables in _call_times(channel):
        channel.variables.set_all(variables)
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


def _call_times(channel: Channel) -> Iterator[dict[str, str]]:
    """The variables that a call ends with, in their order (switch_channel_set_timestamps)."""
    t = channel.profile.times
    ends = {"digits_dialed": channel.digits_dialed or "none"}
    times = _TIMES(t)
    for name, time in zip(STAMPS, times, strict=True):
        if time:
            ends[name] = local_time(time)
    yield ends
    epochs = [each for time in times for each in (time // SECOND, time)]
    epochs[HELD:HELD] = [t.hold_accum // SECOND, t.hold_accum, t.hold_accum // MILLISECOND]
    yield dict(zip(EPOCHS, map(str, epochs), strict=True))
    ends = {}
    if channel.app_log:
        ends["last_app"], ends["last_arg"] = channel.app_log[-1]
    ends["caller_id"] = _caller_id(channel)
    yield ends
    up_to = t.hungup if t.answered else 0
    spans = [
        (t.created, t.hungup),
        (t.answered, up_to),
        (t.created, t.progress),
        (t.created, t.answered),
        (t.created, t.bridged),
        (t.created, t.progress_media),
        (t.created, up_to),
    ]
    lasted = [
        end // unit - start // unit if end else 0
        for unit in (SECOND, MILLISECOND, 1)
        for start, end in spans
    ]
    yield dict(zip(SPANS, map(str, lasted), strict=True))


def _caller_id(channel: Channel) -> str:
    name, number = channel.profile.caller_id_name, channel.profile.caller_id_number
    return f'"{name}" <{number}>' if name else number
