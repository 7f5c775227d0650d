"""A channel: one call leg, and its current state.

`state_machine` runs its session thread; `executing`, `waiting`, `playing` and `asking` are the
building blocks of applications.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from eslsync import CallState

from ..clockwork.threads import SECOND, Steps, Thread
from .arguments import expand
from .description import WITH_VARIABLES, Codec, Description
from .digits import Digit, Filters
from .events import Block, Headers, PrivateCommand, SwitchEvent
from .file_string import Pieces
from .profile import PROFILE_VARIABLES, Profile
from .sounds import FRAME
from .states import State
from .talking import Listens, Speech
from .variables import OrderedVariables, is_true

if TYPE_CHECKING:
    from .file_handle import FileHandle
    from .media_bugs import MediaBug
    from .switch import Switch

__all__ = ["Channel", "Controller", "Heard", "Listener"]

#: The states in which an application may run.
READY = frozenset(state for state in State if State.ROUTING < state < State.HANGUP) - {State.RESET}
#: Channel-Call-State-Number (switch_channel_callstate_t).
CALLSTATE_NUMBERS = {state: number for number, state in enumerate(CallState)}


@dataclass
class Heard:
    """A prompt that the caller heard, or hears, by the name that was played."""

    prompt: str
    started: int  #: microseconds since the epoch
    ended: int | None = None
    #: "plays", "paused" (another is played inside it), "ended", or "cut"
    how: str = "plays"
    #: The files of a ``file_string``; and True if this is one of those files.
    pieces: Pieces | None = None
    is_piece: bool = False
    is_text: bool = False  #: True if an engine speaks it


class Listener(Protocol):
    """Something that listens to the frames of a channel."""

    @property
    def due(self) -> int | None:
        """When it next has something to do, in microseconds since the epoch."""

    def heed(self) -> Steps[None]:
        """Do what is due."""


class Controller(Protocol):
    """A connection that controls a channel: the listener of a `socket` application."""

    connected: bool  #: True once `connect` has come
    finished: bool  #: True once the connection is closed

    @property
    def resumes(self) -> bool:
        """True if the dialplan continues after it."""

    def start(self, *, full: bool) -> None:
        """Serve the connection on a separate thread (``async``)."""

    def run(self, *, full: bool, asynchronous: bool) -> Steps[None]:
        """Serve the connection to its end."""

    def deliver(self, event: SwitchEvent) -> None:
        """Send an event to the app."""


class Channel:
    """One call leg. Times are microseconds since the epoch.

    The creator of a channel sets its session ``thread``. The channel calls ``on_event`` with every
    event it fires; ``on_heard`` whenever a prompt begins, is paused, resumes, ends, or is cut; and
    ``on_hangup`` once, when the call has ended.
    """

    thread: Thread

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
        self.variables = OrderedVariables()
        self.codec = Codec()
        #: Who reads audio in L16; below the last of them are the others, and the channel's codec.
        self.readers: tuple[object, ...] = ()
        #: False for a SIP caller of a profile with inbound-late-negotiation, until there is media.
        self.negotiated = True
        self.call_uuid = profile.uuid

        self.state = State.EXECUTE
        self.running_state = State.EXECUTE
        self.callstate = CallState.RINGING
        #: The cause and time of the hangup; None while it is up. Its last events may come later.
        self.hangup_cause: str | None = None
        self.hung_up_at: int | None = None
        self.answered = False
        self.early_media = False
        self.ring_ready = False
        self.media_ended = False  # the other half of a loopback is down
        self.reset_by_transfer = False  # CF_TRANSFER: the running application must end
        self.redirected = False  # CF_REDIRECT: a uuid_bridge sends it elsewhere
        self.in_dialplan = False  # CF_DIALPLAN: an outbound leg that was sent to an extension
        self.called = False  # CF_BLEG: an inbound leg that a uuid_bridge made the called one
        self.profile = profile
        self.phase = profile.times.created  #: when one of its frames came: one comes every 20 ms
        #: The profile of the leg on the other side of a bridge, and "originator" or "originatee".
        self.other_type = ""
        self.other_profile: Profile | None = None

        #: The extension's applications that have not run yet.
        self.extension: deque[tuple[str, str]] = deque(dialplan)
        #: Commands sent to the channel, in order (the private event queue).
        self.private_events: deque[PrivateCommand] = deque()
        #: Events sent to the channel; the next application may take them.
        self.queued_events: deque[SwitchEvent] = deque()
        self.digits: deque[Digit] = deque()
        #: The frequency in Hertz of the continuous tone that the caller makes; None for none.
        self.tone: float | None = None
        #: What listens to every frame that the session thread reads.
        self.listeners: list[Listener] = []
        self.speech = Speech(profile.times.created, profile.times.created)
        #: What listens to the caller's speech (``detect_speech``); told when they begin to talk.
        self.recognizer: Listens | None = None
        self.filters = Filters()
        self.digits_dialed = ""
        #: The number of nested parses that hold the event lock (CF_EVENT_LOCK is counted).
        self.event_locks = 0
        self.controlled = False  # CF_CONTROLLED: parked under a socket
        self.broadcast = False  # CF_BROADCAST: a private event executes
        self.holds_other = False  # CF_HOLD_BLEG: the other leg hears music meanwhile
        self.stop_broadcast = False
        self.break_requested = False  # CF_BREAK
        self.divert_events = False
        self.verbose = False  # CF_VERBOSE_EVENTS: all its events carry its variables
        self.heartbeat: int | None = None  # microseconds between SESSION_HEARTBEATs
        self.heartbeat_task = 0  # the task that fires them, if no frames are counted
        self._heartbeat_due = 0
        self.controls: list[Controller] = []
        self.partner: Channel | None = None  # the leg it is bridged to
        self.bridges = False  # CF_BRIDGE_ORIGINATOR: it is the leg that bridged
        self.bridged = False  # CF_BRIDGED: its own side of the bridge runs
        self.inner_bridge = False  # CF_INNER_BRIDGE: what it is bridged to is not the end of it
        self.held = False  # CF_HOLD: a file that is played to it stands still
        self.suspended = False  # CF_SUSPEND: the other side of the bridge executes an application
        self.read_locks = 0  #: the number of holders that keep it from being destroyed
        #: The state handlers that an application has set (switch_channel_add_state_handler).
        self.state_handlers: dict[State, Callable[[], Steps[None]]] = {}
        self.app_log: list[tuple[str, str]] = []

        #: The file that plays, as others see it; None also after one that played inside it.
        self.file: FileHandle | None = None
        self.bugs: list[MediaBug] = []
        self.heard: list[Heard] = []
        self.on_event: Callable[[str, SwitchEvent], None] | None = None
        self.on_heard: Callable[[Heard], None] | None = None
        self.on_hangup: Callable[[], None] | None = None
        #: Called with every key that is sent to the other end.
        self.when_sent: Callable[[Digit], None] | None = None
        #: Called when the channel is hung up, goes to another extension, is answered, and when it
        #: rings or lets media through.
        self.when_down: list[Callable[[], None]] = []
        self.when_routed: list[Callable[[], None]] = []
        self.when_answered: list[Callable[[], None]] = []
        self.when_early: list[Callable[[], None]] = []
        #: The headers that describe it.
        self.description = Description(self)

    # --- its state

    @property
    def created_at(self) -> int:
        return self.profile.times.created

    @property
    def answered_at(self) -> int | None:
        return self.profile.times.answered or None

    @property
    def up(self) -> bool:
        return self.state < State.HANGUP

    def is_ready(self) -> bool:
        """True while an application may continue (switch_channel_ready)."""
        state = self.state
        return state is self.running_state and state in READY and not self.reset_by_transfer

    @property
    def bond(self) -> str | None:
        """The uuid of the other leg of a bridge, made or about to be, also after its end.

        (switch_channel_get_partner_uuid)
        """
        variables = self.variables
        return variables.get("signal_bond") or variables.get("originate_signal_bond")

    @property
    def bonded(self) -> Channel | None:
        """The other leg of a bridge, made or about to be, if there still is one."""
        uuid = self.bond
        return self.switch.locate(uuid) if uuid else None

    @property
    def media_ready(self) -> bool:
        return self.answered or self.early_media

    # --- the caller's side

    def press(self, key: str, duration_ms: int = 200, *, unfiltered: bool = False) -> None:
        """Press a key as the caller; the next application that reads digits takes it."""
        # A key of 200 ms arrives by loopback as 1600 samples of unknown source, by SIP as an RTP
        # event (recordings 03a and 03h).
        source = "RTP" if self.endpoint == "sofia" else "UNKNOWN"
        self.queue_digit(Digit(key, duration_ms * 8, source), unfiltered=unfiltered)

    def queue_digit(self, digit: Digit, *, unfiltered: bool = False) -> None:
        """Receive a key, unless a filter takes it (switch_channel_queue_dtmf)."""
        if self.up and (unfiltered or not self.filters.take_received(digit)):
            self.digits.append(digit)
            self.poke()

    def send_digit(self, digit: Digit, *, unfiltered: bool = False) -> None:
        """Send a key to the other end, unless a filter takes it (switch_core_session_send_dtmf)."""
        taken = not unfiltered and self.filters.take_sent(digit)
        if self.when_sent is not None and not taken:
            self.when_sent(digit)

    def talk(self, microseconds: int, words: str = "") -> None:
        """Begin to speak as the caller."""
        self.speech = Speech(self.now, self.now + microseconds, words)
        if self.recognizer is not None:
            self.recognizer.caller_talks()

    def talk_on(self, microseconds: int) -> None:
        """Have what the caller says last so long in all, counted from when they began."""
        began, _, words = self.speech
        self.speech = Speech(began, began + microseconds, words)
        if self.recognizer is not None:
            self.recognizer.caller_talks()

    @property
    def audible(self) -> bool:
        """True if the caller makes a continuous sound that is not a key."""
        return self.tone is not None

    @property
    def quiet_since(self) -> int:
        """When the caller stopped talking, or will."""
        return self.speech.ended

    def caller_hangs_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hang up as the caller."""
        if (
            self.endpoint == "loopback"
            and self.up
            and self.switch.races.media_ends_first(self.uuid)
        ):
            # channel_write_frame fails before channel_on_hangup reaches this half (mod_loopback.c)
            self.media_ended = True
            self.poke()
            # the other leg of a bridge has gone by then, and is not told the cause
            due = self.tick() + 3 * FRAME * self.bridged
            self.switch.scheduler.at(due, lambda: self.hangup(cause))
        else:
            if self.endpoint == "sofia" and self.up and self.answered:
                self.set("proto_specific_hangup_cause", "sip:200")  # the answer to its BYE
            self.hangup(cause)

    # --- time

    @property
    def now(self) -> int:
        return self.switch.scheduler.now

    def tick(self) -> int:
        """When the session thread's next frame is due."""
        return self.now + FRAME - (self.now - self.phase) % FRAME

    def poke(self) -> None:
        """Have the session thread notice a change with its next frame."""
        self.thread.wake(self.tick())

    def frames(self, until: int | None, *, digits: bool = True) -> Steps[None]:
        """Read frames until a time, or until something changes (switch_core_session_read_frame).

        With ``digits=False``, digits that wait don't count: the reader has no use for them.
        """
        if (digits and self.digits) or (self.private_events and not self.event_locks):
            until = self.tick() if until is None else min(until, self.tick())
        yield from self.frames_unread(until)

    def frames_unread(self, until: int | None) -> Steps[None]:
        """As `frames`, for loops that look neither at digits nor at commands."""
        counts = self.heartbeat is not None and not self.heartbeat_task
        if counts:
            until = self._heartbeat_due if until is None else min(until, self._heartbeat_due)
        for listener in self.listeners:
            if listener.due is not None:
                until = listener.due if until is None else min(until, listener.due)
        yield until
        for listener in list(self.listeners):
            if listener.due is not None and self.now >= listener.due and self.up:
                yield from listener.heed()
        if counts and self.heartbeat is not None and self.now >= self._heartbeat_due and self.up:
            # the frame with which the counter reaches 0 is not counted
            self._heartbeat_due = self.tick() + self.heartbeat
            self.fire("SESSION_HEARTBEAT")

    def beat_every(self, seconds: int) -> None:
        """Fire a SESSION_HEARTBEAT every ``seconds`` of media; 0 or less stops it."""
        self.heartbeat = seconds * SECOND if seconds > 0 else None
        # counted from the next frame
        at_once = is_true(self.get("heartbeat_fire_on_set"))
        self._heartbeat_due = self.tick() + (0 if at_once else seconds * SECOND)

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
        """Fire an event about this channel.

        ``before`` and ``first`` come before the headers that describe the channel, ``own`` after
        them; ``variables`` overrides whether its variables are listed.
        """
        blocks = self.description.blocks()
        if variables or (variables is None and (name in WITH_VARIABLES or self.verbose)):
            blocks = (*blocks, self.variables.block)
        switch = self.switch
        event = switch.event(
            name, own, blocks, before, body, subclass, called_from, named_first, first
        )
        if not self.description.has_fields_added and not (
            (before or first) and "unique-id" in {key.lower() for key, _ in (*before, *first)}
        ):
            event.uuid = self.uuid
        if self.on_event is not None:
            self.on_event(name, event)
        if self.divert_events and name == "DTMF":
            for control in self.controls:
                control.deliver(event)
        else:
            switch.publish(event)

    def queue_event(self, event: SwitchEvent) -> None:
        """Send an event to this channel (switch_core_session_queue_event)."""
        if self.divert_events:
            for control in self.controls:
                control.deliver(event)
        else:
            self.queued_events.append(event)
            self.poke()

    def divert(self, on: bool) -> None:
        """Pass the events queued for the channel to its controllers, or stop."""
        self.divert_events = on
        while on and self.queued_events:
            self.queue_event(self.queued_events.popleft())

    def blocks(self, *, variables: bool) -> tuple[Block, ...]:
        """The headers that describe the channel."""
        blocks = self.description.blocks()
        return (*blocks, self.variables.block) if variables else blocks

    @property
    def answer_state(self) -> str:
        if not self.up:
            return "hangup"
        return "answered" if self.answered else "early" if self.early_media else "ringing"

    # --- variables

    def get(self, name: str) -> str | None:
        """A variable, a field of the profile, or a global (switch_channel_get_variable)."""
        value = self.variables.get(name)
        return self._other(name) if value is None else value

    def element(self, name: str, index: int) -> str | None:
        """As `get`; an element of an array if ``index`` is not below 0."""
        value = self.variables.element(name, index)
        return self._other(name) if value is None else value

    def _other(self, name: str) -> str | None:
        """A field of the profile that is not empty, or a global."""
        field = PROFILE_VARIABLES.get(name)
        return (field and getattr(self.profile, field)) or self.switch.globals.get(name)

    def set(self, name: str, value: str | None) -> None:
        self.variables.set(name, value)

    def set_profile_field(self, name: str, value: str) -> None:
        """Change the profile by the name that its field has as a variable, or add a field
        (switch_channel_set_profile_var).
        """
        field = PROFILE_VARIABLES.get(name.lower())
        if field is not None:
            self.profile = self.profile._replace(**{field: value})  # type: ignore[arg-type]
            return
        if not re.fullmatch(r"[A-Za-z_][\w.-]*", name):
            return  # it would break the channel's events
        soft = {key.lower(): (key, old) for key, old in self.profile.soft}
        soft[name.lower()] = (soft.get(name.lower(), (name,))[0], value)
        self.profile = self.profile._replace(soft=tuple(soft.values()))

    def expand(self, text: str) -> str:
        """Replace ``${...}`` in an argument."""

        def api(name: str, argument: str) -> str:
            return self.switch.api_now(name, argument, self)

        return expand(text, self.element, api)

    def stamp(self, **times: int) -> None:
        """Note the times of events in the profile."""
        self.profile = self.profile._replace(times=self.profile.times._replace(**times))

    def note_transfer(self, source: str) -> None:
        """Note the source of a transfer (transfer_source and transfer_history)."""
        self.profile = self.profile._replace(transfer_source=source)
        self.variables.push("transfer_history", source)
        self.set("transfer_source", source)

    @property
    def read_codec(self) -> Codec:
        """The codec in which audio is read."""
        if not self.readers:
            return self.codec
        rate = self.codec.rate
        return Codec("L16", rate, str(16 * int(rate)))

    def read_in_linear(self, reader: object) -> None:
        """Let a reader have audio in L16, unless it is the last that does; fires CODEC."""
        if self.readers[-1:] != (reader,):
            self.readers += (reader,)
            self._tell_read_codec()

    def read_in_own(self) -> None:
        """Let audio be read as it was before its last reader came; fires CODEC."""
        if self.readers:
            self.readers = self.readers[:-1]
            self._tell_read_codec()

    def reset(self, *, digits: bool = True) -> None:
        """Let nothing remain of an application that read audio (switch_core_session_reset).

        That takes away its codec, or if it had none, that of the application around it.
        """
        self.read_in_own()
        if digits:
            self.flush_digits()
        self.break_requested = False

    def _tell_read_codec(self) -> None:
        name, rate, bit_rate = self.read_codec
        self.set("read_codec", name)
        self.set("read_rate", rate)
        self.fire(
            "CODEC",
            (
                ("channel-read-codec-name", name),
                ("channel-read-codec-rate", rate),
                ("channel-read-codec-bit-rate", bit_rate),
            ),
        )

    # --- the dialplan

    def run_extension(self, actions: Iterable[tuple[str, str]]) -> None:
        """Let these applications run now (switch_channel_set_caller_extension).

        An outbound leg's callee becomes its caller (recording 13d).
        """
        self.extension.clear()
        self.extension.extend(actions)
        self.take_dialplan()

    def take_dialplan(self) -> None:
        """Exchange an outbound leg's caller and callee, once (switch_channel_flip_cid)."""
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
        """Replace the profile by a new one (switch_channel_set_caller_profile)."""
        old = self.profile
        directed = old.direction == "outbound" and not self.in_dialplan
        self.profile = old._replace(
            **changes,  # type: ignore[arg-type]
            channel_name=self.name,
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
        """Exchange caller and callee (switch_channel_invert_cid)."""
        old = self.profile
        self.profile = old._replace(
            caller_id_name=old.callee_id_name or "Unknown",
            caller_id_number=old.callee_id_number or "Unknown",
            callee_id_name=old.caller_id_name,
            callee_id_number=old.caller_id_number,
        )

    # --- states

    def set_callstate(self, callstate: CallState) -> None:
        if callstate == self.callstate or self.callstate is CallState.HANGUP:
            return
        original, self.callstate = self.callstate, callstate
        self.fire(
            "CHANNEL_CALLSTATE",
            first=(
                ("Original-Channel-Call-State", original.name),
                ("Channel-Call-State-Number", str(CALLSTATE_NUMBERS[callstate])),
            ),
        )

    def move_to(self, state: State) -> None:
        """Continue in another state, unless the channel is down (switch_channel_set_state)."""
        if self.up:
            self.state = state
            self._poke_both()

    def park_elsewhere(self) -> None:
        """Have the channel leave its application, and park (switch_ivr_park_session)."""
        self.reset_by_transfer = True
        self.move_to(State.PARK)

    def _poke_both(self) -> None:
        # the other side of a bridge sees first that this one leaves (recordings 201, 205)
        if self.partner is not None:
            self.partner.poke()
        self.poke()

    def start(self) -> None:
        """Begin the session thread."""
        self.thread.run()

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hang up; the first hangup sets the cause (switch_channel_perform_hangup)."""
        if not self.up:
            return
        self.state = State.HANGUP
        self.hangup_cause = cause
        self.hung_up_at = self.now
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

    # --- digits

    def take_digit(self) -> Digit:
        """Take a digit off the queue, which fires DTMF (switch_channel_dequeue_dtmf)."""
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
        """Drop the digits that were not read.

        They still count as dialled (recording 11l), unless it was hung up before.
        """
        if self.up:
            self.digits_dialed += "".join(digit.key for digit in self.digits)
        self.digits.clear()

    # --- prompts

    def hear(
        self, prompt: str, starts: Sequence[tuple[str, int]] = (), *, is_text: bool = False
    ) -> Heard:
        """Begin a prompt, or a text that is spoken.

        ``starts`` are the files of a ``file_string``, and when each begins, in microseconds.
        """
        heard = Heard(prompt, self.now, is_text=is_text)
        self.heard.append(heard)
        self._tell(heard)
        if starts and self.on_heard is not None:
            heard.pieces = Pieces(self.switch.scheduler, list(starts), self._hear_piece)
            heard.pieces.change("plays")
        return heard

    def _hear_piece(self, name: str) -> Callable[[str], None]:
        """Begin a file of a ``file_string``; return the function to call when it ends or is cut."""
        heard = Heard(name, self.now, is_piece=True)
        self._tell(heard)
        return lambda how: self.hear_change(heard, how)

    def hear_change(self, heard: Heard, how: str) -> None:
        """Note that a prompt "plays" again, is "paused", has "ended", or was "cut"."""
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
