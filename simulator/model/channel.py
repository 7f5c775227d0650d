"""A channel: the call leg that the app's socket controls.

Its session thread is a generator (see `simulator.clockwork.threads`) that follows the core state
machine: execute the dialplan, hang up, report. What applications are made of, playing and
collecting digits and parsing what was sent, is in `simulator.model.ivr`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from eslsync import HangupCause

from ..clockwork.threads import MILLISECOND, SECOND, Steps, Thread
from . import ivr
from .arguments import expand
from .events import Block, Event, Headers, local_time
from .file_string import Pieces
from .ivr import FRAME
from .profile import NEVER, PROFILE_VARIABLES, Profile, when, who
from .states import CallState, State
from .variables import Variables

if TYPE_CHECKING:
    from ..event_socket.listener import Control
    from .switch import Switch

__all__ = ["Channel", "Codec", "Digit", "Heard"]

T = TypeVar("T")


#: Events that carry the channel's variables (switch_channel_event_set_extended_data).
WITH_VARIABLES = frozenset(
    """
    CHANNEL_CREATE CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_ANSWER CHANNEL_PARK CHANNEL_UNPARK
    CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_HANGUP
    CHANNEL_HANGUP_COMPLETE REQUEST_PARAMS CHANNEL_DATA CHANNEL_EXECUTE
    CHANNEL_EXECUTE_COMPLETE CHANNEL_DESTROY SESSION_HEARTBEAT API RECORD_START RECORD_STOP
    PLAYBACK_START PLAYBACK_STOP CALL_UPDATE MEDIA_BUG_START MEDIA_BUG_STOP CHANNEL_HOLD
    CHANNEL_UNHOLD TEXT CUSTOM
    """.split()
)


class Codec(NamedTuple):
    """What a channel's media is coded in, as events name it."""

    name: str = "L16"
    rate: str = "8000"
    bit_rate: str = "128000"


@dataclass(frozen=True)
class Digit:
    """A key that was pressed; ``duration`` in samples, as DTMF-Duration gives it."""

    key: str
    duration: int = 1600
    source: str = "UNKNOWN"


@dataclass
class Heard:
    """A prompt that the caller heard, or hears: by the name it was played under."""

    prompt: str
    started: int  #: microseconds since the epoch
    ended: int | None = None
    #: "plays", "paused" (another is played inside it), "ended", or "cut"
    how: str = "plays"
    #: the files that it consists of, one after the other; and is it one of those itself?
    pieces: Pieces | None = None
    is_piece: bool = False


Watcher = Callable[[Heard], None]


class Channel:
    """One call leg. Times are microseconds since the epoch.

    ``on_event`` is called with every event the channel fires, ``on_heard`` whenever a prompt
    begins, is paused, resumes, ends, or is cut, ``on_hangup`` once, when the call has ended.
    """

    def __init__(
        self,
        switch: Switch,
        profile: Profile,
        dialplan: Sequence[tuple[str, str]] = (),
        *,
        endpoint: Literal["loopback", "sofia"] = "loopback",
    ) -> None:
        self.switch = switch
        self.uuid = profile.uuid
        self.name = profile.channel_name
        self.endpoint = endpoint
        self.variables = Variables()
        self.codec = Codec()
        self.call_uuid = profile.uuid

        self.state = State.EXECUTE
        self.running_state = State.EXECUTE
        self.callstate = CallState.RINGING
        self.hangup_cause: str | None = None
        self.answered = False
        self.early_media = False
        self.ring_ready = False
        self.reset_by_transfer = False  # CF_TRANSFER: what runs must come to an end
        self.redirected = False  # CF_REDIRECT: a uuid_bridge sends it elsewhere
        self.in_dialplan = False  # CF_DIALPLAN: an outbound leg that was sent to an extension
        self.called = False  # CF_BLEG: an inbound leg that a uuid_bridge made the called one
        self.profile = profile
        self.phase = profile.times.created  #: when some frame came, and all others every 20 ms
        #: the profile of the leg on the other side of a bridge, and what it is to this one
        self.other_type = ""
        self.other_profile: Profile | None = None

        #: applications that are still to run (the dialplan's extension), and where the last was
        self.extension: deque[tuple[str, str]] = deque(dialplan)
        #: what was sent to be executed on this channel, in order (the private event queue)
        self.private_events: deque[ivr.Message] = deque()
        #: events that were sent to it, for whatever takes them next (see ivr.fire_queued)
        self.queued_events: deque[Event] = deque()
        self.digits: deque[Digit] = deque()
        self.audible = False  # does the caller make a sound that is no key, all the time?
        self.quiet_since = profile.times.created  # when he stopped talking, or will
        self.digits_dialed = ""
        #: how many of the nested parses hold the event lock (CF_EVENT_LOCK is counted)
        self.event_locks = 0
        self.controlled = False  # CF_CONTROLLED: parked under a socket
        self.broadcast = False  # CF_BROADCAST: a private event executes
        self.stop_broadcast = False
        self.break_requested = False  # CF_BREAK
        self.divert_events = False
        self.heartbeat: int | None = None  # microseconds between SESSION_HEARTBEATs
        self._heartbeat_due = 0
        self.controls: list[Control] = []
        self.partner: Channel | None = None  # whom it is bridged to
        self.bridges = False  # CF_BRIDGE_ORIGINATOR: it is the one that bridged
        self.bridged = False  # CF_BRIDGED: its own side of the bridge runs
        self.suspended = False  # CF_SUSPEND: the other side of the bridge executes something
        self.read_locks = 0  #: who still looks at it, so that it can't be destroyed
        #: what an application has made of the states (switch_channel_add_state_handler)
        self.state_handlers: dict[State, Callable[[], Steps[None]]] = {}
        self.app_log: list[tuple[str, str]] = []

        self.heard: list[Heard] = []
        self.on_event: Callable[[str, Event], None] | None = None
        self.on_heard: Watcher | None = None
        self.on_hangup: Callable[[], None] | None = None
        #: the tail of a hangup, and what else must see this channel when it goes down
        self.when_down: list[Callable[[], None]] = []
        self.when_answered: list[Callable[[], None]] = []
        self._described: tuple[object, ...] = ()  # the state that these are of:
        self._blocks: list[Block] = []
        self._made: dict[tuple[object, ...], Any] = {}
        self.thread = Thread(switch.scheduler, self._run())

    # --- what the world looks at

    @property
    def cause(self) -> str | None:
        """Why the call ended; None while it is up."""
        return self.hangup_cause

    @property
    def created_at(self) -> int:
        return self.profile.times.created

    @property
    def answered_at(self) -> int | None:
        return self.profile.times.answered or None

    @property
    def hung_up_at(self) -> int | None:
        """When it was hung up; the tail of events may follow a step later."""
        return self._hung_up_at

    _hung_up_at: int | None = None

    @property
    def up(self) -> bool:
        return self.state < State.HANGUP

    def is_ready(self) -> bool:
        """May an application go on? (switch_channel_ready)"""
        return (
            State.ROUTING < self.state < State.HANGUP
            and self.state is not State.RESET
            and self.state is self.running_state
            and not self.reset_by_transfer
        )

    @property
    def bonded(self) -> Channel | None:
        """The other leg, bridged or about to be (switch_channel_get_partner_uuid)."""
        variables = self.variables
        uuid = variables.get("signal_bond") or variables.get("originate_signal_bond")
        return self.switch.locate(uuid) if uuid else None

    @property
    def media_ready(self) -> bool:
        return self.answered or self.early_media

    # --- the caller's side

    def press(self, key: str, duration_ms: int = 200) -> None:
        """The caller presses a key; the application that reads next consumes it."""
        # Recordings 03a and 03h: a key of 200 ms arrives by loopback as 1600 samples from
        # nowhere in particular, by SIP as an RTP event.
        source = "RTP" if self.endpoint == "sofia" else "UNKNOWN"
        self.queue_digit(Digit(key, duration_ms * 8, source))

    def queue_digit(self, digit: Digit) -> None:
        if self.up:
            self.digits.append(digit)
            self.poke()

    def send_digit(self, digit: Digit) -> None:
        """A key goes out to who is at the other end: of a caller, nobody here listens to it."""
        if self.when_sent is not None:
            self.when_sent(digit)

    when_sent: Callable[[Digit], None] | None = None

    def caller_hangs_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """The caller puts the phone down."""
        self.hangup(cause)

    # --- time

    @property
    def now(self) -> int:
        return self.switch.scheduler.now

    def tick(self) -> int:
        """When the session thread's next frame is due."""
        return self.now + FRAME - (self.now - self.phase) % FRAME

    def poke(self) -> None:
        """There is news for the session thread: it sees it with its next frame."""
        self.thread.wake(self.tick())

    def frames(self, until: int | None) -> Steps[None]:
        """Read frames until a time, or until there is news (switch_core_session_read_frame)."""
        if self.digits or (self.private_events and not self.event_locks):
            until = self.tick() if until is None else min(until, self.tick())
        yield from self.frames_unread(until)

    def frames_unread(self, until: int | None) -> Steps[None]:
        """The same, by who looks neither at digits nor at what was sent."""
        if self.heartbeat is not None:
            until = self._heartbeat_due if until is None else min(until, self._heartbeat_due)
        yield until
        if self.heartbeat is not None and self.now >= self._heartbeat_due and self.up:
            self._heartbeat_due = self.now + self.heartbeat
            self.fire("SESSION_HEARTBEAT")

    def beat_every(self, seconds: int) -> None:
        """Fire a SESSION_HEARTBEAT every so many seconds of media; 0: no more."""
        self.heartbeat = seconds * SECOND if seconds > 0 else None
        # the first comes with the first frame after a second's boundary of its own count
        self._heartbeat_due = self.tick() + seconds * SECOND

    # --- events

    def fire(
        self,
        name: str,
        own: Headers = (),
        *,
        before: Headers = (),
        first: Headers = (),
        body: bytes | None = None,
        subclass: str | None = None,
        called_from: tuple[str, str, int] | None = None,
        named_first: bool = True,
        variables: bool | None = None,
    ) -> None:
        """Fire an event about this channel: ``first``, what describes the channel, ``own``."""
        blocks = self.blocks(variables=name in WITH_VARIABLES if variables is None else variables)
        if first:
            blocks = [Block(first), *blocks]
        event = self.switch.event(
            name,
            own,
            before=before,
            blocks=blocks,
            body=body,
            subclass=subclass,
            called_from=called_from,
            named_first=named_first,
        )
        if self.on_event is not None:
            self.on_event(name, event)
        if self.divert_events and name == "DTMF":
            for control in self.controls:
                control.deliver(event)
        else:
            self.switch.publish(event)

    def queue_event(self, event: Event) -> None:
        """An event is sent to this channel (switch_core_session_queue_event)."""
        if self.divert_events:
            for control in self.controls:
                control.deliver(event)
        else:
            self.queued_events.append(event)
            self.poke()

    def divert(self, on: bool) -> None:
        """Do those who control the channel get what is queued for it?"""
        self.divert_events = on
        while on and self.queued_events:
            self.queue_event(self.queued_events.popleft())

    def blocks(self, *, variables: bool) -> list[Block]:
        """What describes the channel (switch_channel_event_set_data)."""
        blocks = self._description()
        return [*blocks, self.variables.block] if variables else blocks

    def _description(self) -> list[Block]:
        """The channel's state, what it is, and who calls whom."""
        state = (
            self.running_state,
            self.callstate,
            self.state,
            self.answered,
            self.early_media,
            self.hangup_cause,
            self.codec,
            self.name,
            self.call_uuid,
            self.in_dialplan,
            self.variables.get("presence_id"),
            self.profile,
            self.other_type,
            self.other_profile,
        )
        if state != self._described:
            self._described = state
            self._blocks = [
                self._once(_states, self.running_state, self.callstate, self.state),
                self._once(
                    _identity,
                    self.name,
                    self.uuid,
                    self.profile.direction,
                    self.in_dialplan,
                    self.variables.get("presence_id"),
                    self.call_uuid,
                ),
                self._once(_answer, self.answer_state, self.hangup_cause, self.codec),
                *self.describe(self.profile, "Caller"),
            ]
            if self.other_profile is not None:
                self._blocks.append(Block([("Other-Type", self.other_type)]))
                self._blocks += self.describe(self.other_profile, "Other-Leg")
        return self._blocks

    def describe(self, profile: Profile, prefix: str) -> tuple[Block, Block, Block]:
        """A profile, as events list it under ``prefix``."""
        before, after = self._once(who, profile._replace(times=NEVER), prefix)
        return before, self._once(when, profile.times, prefix), after

    def _once(self, make: Callable[..., T], *of: object) -> T:
        """What ``make`` makes of this: once, for as long as the channel lasts."""
        key = (make, of)
        made: T | None = self._made.get(key)
        if made is None:
            made = self._made[key] = make(*of)
        return made

    @property
    def answer_state(self) -> str:
        if not self.up:
            return "hangup"
        return "answered" if self.answered else "early" if self.early_media else "ringing"

    # --- variables

    def get(self, name: str) -> str | None:
        """A variable, a field of the profile, or a global (switch_channel_get_variable)."""
        value = self.variables.get(name)
        if value is None:
            value = getattr(self.profile, PROFILE_VARIABLES.get(name, ""), None) or None
        if value is None:
            value = self.switch.globals.get(name)
        return value

    def set(self, name: str, value: str | None) -> None:
        self.variables.set(name, value)

    def set_profile_field(self, name: str, value: str) -> None:
        """Change the profile by the name that its field has as a variable."""
        field = PROFILE_VARIABLES.get(name)
        if field is not None:
            self.profile = self.profile._replace(**{field: value})  # type: ignore[arg-type]

    def expand(self, text: str) -> str:
        """Replace ``${...}`` in an argument."""
        return expand(text, self.get, self.switch.api_now)

    def stamp(self, **times: int) -> None:
        """Note when something happened."""
        self.profile = self.profile._replace(times=self.profile.times._replace(**times))

    # --- the dialplan

    def run_extension(self, actions: Iterable[tuple[str, str]]) -> None:
        """These applications are what is to run now (switch_channel_set_caller_extension).

        Who was called is, from here on, the one who calls (recording 13d).
        """
        self.extension.clear()
        self.extension.extend(actions)
        self.take_dialplan()

    def take_dialplan(self) -> None:
        """An outbound leg's caller and callee change places (switch_channel_flip_cid)."""
        if self.profile.direction == "inbound" or self.in_dialplan:
            return
        self.in_dialplan = True
        old = self.profile
        for name in ("caller_id_name", "caller_id_number"):
            if getattr(old, name):
                self.set(f"pre_transfer_{name}", getattr(old, name))
        self.profile = old._replace(
            caller_id_name=old.callee_id_name,
            caller_id_number=old.callee_id_number,
            callee_id_name="" if self.bridged else old.caller_id_name,
            callee_id_number="" if self.bridged else old.caller_id_number,
        )
        self.set("channel_cid_flipped", "yes")
        direction = [("Direction", "RECV")]
        if self.bonded is not None:
            direction.append(("Bridged-To", self.bonded.uuid))
        self.fire("CALL_UPDATE", first=direction)

    def step_profile(self, **changes: str) -> None:
        """A new profile takes the old one's place (switch_channel_set_caller_profile)."""
        old = self.profile
        directed = old.direction == "outbound" and not self.in_dialplan
        self.profile = old._replace(
            **changes,
            logical_direction="outbound" if directed else "inbound",
            profile_index=str(int(old.profile_index or "1") + 1),
            times=old.times._replace(
                profile_created=self.now,
                bridged=0,
                last_hold=0,
                hold_accum=0,
                resurrected=0,
            ),
        )

    def exchange_ids(self) -> None:
        """Caller and callee change places (switch_channel_invert_cid)."""
        old = self.profile
        self.profile = old._replace(
            caller_id_name=old.callee_id_name or "Unknown",
            caller_id_number=old.callee_id_number or "Unknown",
            callee_id_name=old.caller_id_name,
            callee_id_number=old.caller_id_number,
        )

    # --- answering

    def answer(self) -> None:
        """switch_channel_perform_mark_answered."""
        if not self.up or self.answered or self.profile.direction == "outbound":
            return
        self.mark_answered()

    def mark_answered(self) -> None:
        self.stamp(answered=self.now)
        self.answered = True
        for action in self.when_answered:
            action()
        self.fire("CHANNEL_ANSWER")
        heartbeat = self.variables.get("enable_heartbeat_events")
        if heartbeat:
            self.beat_every(int(heartbeat) if heartbeat.isdigit() else 60)
        self.set("endpoint_disposition", "ANSWER")
        self.set_callstate(CallState.ACTIVE)

    def pre_answer(self) -> bool:
        """Let media through (switch_channel_perform_mark_pre_answered); was there a channel?"""
        if not self.up:
            return False
        if not self.media_ready:
            self.early_media = True
            self.set("endpoint_disposition", "EARLY MEDIA")
            self.stamp(progress_media=self.now)
            self.fire("CHANNEL_PROGRESS_MEDIA")
            self.set_callstate(CallState.EARLY)
        return True

    def set_callstate(self, callstate: CallState) -> None:
        if callstate == self.callstate or self.callstate is CallState.HANGUP:
            return
        original, self.callstate = self.callstate, callstate
        self.fire(
            "CHANNEL_CALLSTATE",
            first=(
                ("Original-Channel-Call-State", original.name),
                ("Channel-Call-State-Number", str(int(callstate))),
            ),
        )

    # --- the state machine

    def move_to(self, state: State) -> None:
        """Have the session thread go on in another state (switch_channel_set_state).

        Whoever hung up stays so.
        """
        if self.up:
            self.state = state
            self._poke_both()

    def park_elsewhere(self) -> None:
        """Have the channel park, away from what it does (switch_ivr_park_session)."""
        self.reset_by_transfer = True
        self.move_to(State.PARK)

    def _poke_both(self) -> None:
        """The other side of a bridge sees first that this one leaves (recordings 201, 205)."""
        if self.partner is not None:
            self.partner.poke()
        self.poke()

    def start(self) -> None:
        """The call comes in: its dialplan begins to run."""
        self.thread.run()

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """switch_channel_perform_hangup: whoever is first gives the cause."""
        if not self.up:
            return
        self.state = State.HANGUP
        self.hangup_cause = cause
        self._hung_up_at = self.now
        bonded = self.bonded
        if bonded is not None:
            bonded.set("last_bridge_hangup_cause", cause)
            protocol = self.variables.get("proto_specific_hangup_cause")
            if protocol:
                bonded.set("last_bridge_proto_specific_hangup_cause", protocol)
        if self.bridges or self.bridged:
            self.set("last_bridge_role", "originator" if self.bridges else "originatee")
        self.fire("CHANNEL_HANGUP")
        self._poke_both()
        for action in self.when_down:
            action()

    def set_running_state(self, state: State) -> None:
        self.running_state = state
        if self.profile.direction == "inbound" and state < State.HANGUP:
            if state is State.ROUTING:
                self.set_callstate(CallState.RINGING)
            elif self.answered:
                self.set_callstate(CallState.ACTIVE)
            elif self.early_media:
                self.set_callstate(CallState.EARLY)
        self.fire("CHANNEL_STATE")

    def _run(self) -> Steps[None]:
        """The session thread (switch_core_session_run)."""
        if self.state is self.running_state:
            yield from self._work()  # the call comes in in the middle of its state
        while self.up:
            if self.state is not self.running_state:
                self._enter()
                yield from self._work()
                continue
            yield from ivr.parse_all_events(self)
            if self.state is self.running_state:
                yield None  # asleep, until somebody changes the state or sends something
        yield from self._end()

    def _enter(self) -> None:
        self.set_running_state(self.state)
        self.reset_by_transfer = self.redirected = False
        standard = self.state not in self.state_handlers
        if standard and self.state in (State.ROUTING, State.EXECUTE, State.RESET):
            self.set("call_uuid", self.call_uuid)

    def _work(self) -> Steps[None]:
        """What is to be done in the state, once (STATE_MACRO)."""
        handler = self.state_handlers.get(self.state)
        if handler is not None:
            yield from handler()
        elif self.state is State.ROUTING:
            self.switch.route(self)
        elif self.state is State.EXECUTE:
            yield from self._execute()
        elif self.state is State.PARK:
            yield from ivr.park(self)
        elif self.state is State.RESET:
            self.state = State.EXECUTE

    def _end(self) -> Steps[None]:
        self._hang_up()
        self._report()
        yield from self._until_released()
        self._destroy()

    def _execute(self) -> Steps[None]:
        """Run what the dialplan says (switch_core_standard_on_execute)."""
        while self.state is State.EXECUTE and self.extension:
            name, data = self.extension.popleft()
            yield from ivr.execute(self, name, data)
        if self.state is State.EXECUTE:
            self.hangup("NORMAL_CLEARING")

    def _hang_up(self) -> None:
        """switch_core_session_hangup_state."""
        self.state = State.HANGUP
        self.set_running_state(State.HANGUP)
        self.stamp(hungup=self.now)
        self.when_hung_up()
        self.set("hangup_cause", self.hangup_cause)
        self.set("hangup_cause_q850", str(_q850(self.hangup_cause)))
        for name, value in self._call_times():
            self.set(name, value)
        self.set_callstate(CallState.HANGUP)

    def when_hung_up(self) -> None:
        """Media bugs are removed before the call's times are counted."""
        ivr.close(list(self.bugs))

    def _report(self) -> None:
        """switch_core_session_reporting_state."""
        self.state = State.REPORTING
        self.set_running_state(State.REPORTING)
        self.switch.callers.discard(self.variables.get("other_loopback_leg_uuid") or "")
        if self.endpoint == "loopback":
            self.set("is_loopback", "1")
        assert self.hangup_cause is not None
        self.fire("CHANNEL_HANGUP_COMPLETE", first=(("Hangup-Cause", self.hangup_cause),))
        self.state = State.DESTROY
        if self.on_hangup is not None:
            self.on_hangup()

    def _until_released(self) -> Steps[None]:
        """Whoever still looks at the channel keeps it from being destroyed."""
        while self.controls or self.read_locks:
            yield None

    def _destroy(self) -> None:
        self.fire("CHANNEL_DESTROY")
        self.running_state = State.DESTROY
        self.fire("CHANNEL_STATE")
        self.switch.forget(self)
        # Nobody is told of anything any more, and so nobody is held on to: thousands of calls
        # that keep each other in a circle keep the garbage collector busy.
        self.on_event = self.on_heard = self.on_hangup = None

    def _call_times(self) -> list[tuple[str, str]]:
        """The variables that a call ends with (switch_channel_set_timestamps), in their order."""
        t = self.profile.times
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
        pairs = [("digits_dialed", self.digits_dialed or "none")]
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
        if self.app_log:
            pairs += [("last_app", self.app_log[-1][0]), ("last_arg", self.app_log[-1][1])]
        pairs.append(("caller_id", self._caller_id()))
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

    def _caller_id(self) -> str:
        name, number = self.profile.caller_id_name, self.profile.caller_id_number
        return f'"{name}" <{number}>' if name else number

    # --- digits and media

    def take_digit(self) -> Digit:
        """switch_channel_dequeue_dtmf: who reads a digit makes the event of it."""
        digit = self.digits.popleft()
        self.digits_dialed += digit.key
        self.fire(
            "DTMF",
            (
                ("DTMF-Digit", digit.key),
                ("DTMF-Duration", str(digit.duration)),
                ("DTMF-Source", digit.source),
            ),
        )
        return digit

    def flush_digits(self) -> None:
        """Forget what was pressed and not read; it still counts as dialled (recording 11l)."""
        self.digits_dialed += "".join(digit.key for digit in self.digits)
        self.digits.clear()

    @property
    def bugs(self) -> list[ivr.MediaBug]:
        """What listens in on the media: recordings, detectors."""
        if self._bugs is None:
            self._bugs = []
        return self._bugs

    _bugs: list[ivr.MediaBug] | None = None

    def hear(self, prompt: str, starts: Sequence[tuple[str, int]] = ()) -> Heard:
        """A prompt begins; whatever was playing is paused.

        ``starts`` are the files that it consists of, and when each of them begins in it.
        """
        heard = Heard(prompt, self.now)
        self.heard.append(heard)
        self._tell(heard)
        if starts and self.on_heard is not None:
            heard.pieces = Pieces(self, list(starts))
            heard.pieces.change("plays")
        return heard

    def hear_piece(self, name: str) -> Heard:
        """A file begins that is part of what plays."""
        heard = Heard(name, self.now, is_piece=True)
        self._tell(heard)
        return heard

    def hear_change(self, heard: Heard, how: str) -> None:
        if heard.how == how:
            return
        heard.how = how
        if how in ("ended", "cut"):
            heard.ended = self.now
        if heard.pieces is not None:
            heard.pieces.change(how)
        self._tell(heard)

    def _tell(self, heard: Heard) -> None:
        if self.on_heard is not None:
            self.on_heard(heard)

    def __repr__(self) -> str:
        return f"<Channel {self.name} {self.uuid} {self.state}>"


def _states(running: State, call: CallState, state: State) -> Block:
    headers = (
        ("Channel-State", str(running)),
        ("Channel-Call-State", call.name),
        ("Channel-State-Number", str(int(state))),
    )
    return Block(headers, prefix="channel-")


def _identity(
    name: str,
    uuid: str,
    direction: str,
    in_dialplan: bool,
    presence: str | None,
    call_uuid: str,
) -> Block:
    headers = [
        ("Channel-Name", name),
        ("Unique-ID", uuid),
        ("Call-Direction", direction),
        ("Presence-Call-Direction", direction),
        ("Channel-HIT-Dialplan", "true" if direction == "inbound" or in_dialplan else "false"),
        ("Channel-Call-UUID", call_uuid),
    ]
    if presence:
        headers.insert(5, ("Channel-Presence-ID", presence))
    return Block(headers)


def _answer(state: str, cause: str | None, codec: Codec) -> Block:
    headers = [("Answer-State", state)]
    if cause:
        headers.append(("Hangup-Cause", cause))
    for way in ("Read", "Write"):
        headers.append((f"Channel-{way}-Codec-Name", codec.name))
        headers.append((f"Channel-{way}-Codec-Rate", codec.rate))
        headers.append((f"Channel-{way}-Codec-Bit-Rate", codec.bit_rate))
    return Block(headers)


def _q850(cause: str | None) -> int:
    """switch_channel_cause_q850: causes of FreeSWITCH's own count as NORMAL_CLEARING."""
    known = HangupCause.known(cause)
    code = known.code if isinstance(known, HangupCause) else 16
    return code if code <= 127 else 16
