"""One call, as both of its ends have it: what its caller noticed and did, and which app has it.

A `Call` is played by its verbs; this is what they stand on, and what the rest of the simulator
looks at (`simulator.calling.call.line_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eslsync import Hangup, Outbound, Session
from eslsync.loading import Handler
from eslsync.wire.declared import declared

from ..clockwork.link import Exchange, Link
from ..clockwork.threads import SECOND
from ..ladders.transcript import CALLER, Party, Transcript
from ..model.channel import Channel, Heard
from ..model.events import SwitchEvent
from .faults import Fault, Tap

__all__ = ["App", "HeardPrompt", "Line"]

#: What a call is handed to: a handler, or another program's address ("host:port").
App = Handler | Outbound | str

#: Seconds without an application after which another program seems to wait for a digit.
IDLE = 1.0


@dataclass
class HeardPrompt:
    """A prompt that the caller heard; ``began`` and ``ended`` count as `Line.events` does."""

    name: str
    began: int
    heard: Heard
    ended: int | None = None

    @property
    def told(self) -> bool:
        """True if it stands in `Call.heard`. (A ``file_string://`` doesn't: its files do.)"""
        return self.heard.pieces is None


class Line:
    """One call: its channel, what the caller noticed there, and the app that has it."""

    def __init__(
        self, world: Exchange, app: App, channel: Channel, faults: Sequence[Fault] = ()
    ) -> None:
        self.app = app
        self.channel = channel
        self.number = channel.profile.caller_id_number  #: before any transfer or bridge
        self.destination = channel.profile.destination_number
        self.began = channel.created_at  #: microseconds since the epoch
        self.transcript = Transcript(channel.created_at)
        self.transcript.legs[channel.uuid] = CALLER
        self._world = world

        # The caller's end
        self.events = 0  #: counts what the caller notices
        self.mark = 0  #: what `events` was when the last verb began
        self.prompts: list[HeardPrompt] = []
        self.fired: list[tuple[int, str]] = []  #: events, and applications as they begin
        self.executing: list[str] = []  #: applications that run on the channel
        self.bridged: list[str] = []  #: whom the caller was bridged to
        self.hung_up = False
        #: Called with each event of the channel.
        self.watchers: list[Callable[[str, SwitchEvent], None]] = []
        self._idle_since = 0

        # The app's end
        self.faults = faults  #: on purpose
        self.link: Link | None = None  #: the control connection
        self.tap: Tap | None = None  #: stands on that connection, where there are faults
        self.session: Session | None = None  #: once the handler has begun
        self.outcome: BaseException | None = None  #: what the handler raised
        self.given_back = False

        channel.on_heard = self._hear
        channel.on_hangup = self._hang_up
        channel.on_event = self._notice

    @property
    def ended(self) -> bool:
        """True when the call has ended, and its handler has."""
        return self.hung_up and (self.link is None or self.link.ended)

    @property
    def answered(self) -> bool:
        """True if the call was answered."""
        return self.channel.answered_at is not None

    @property
    def error(self) -> BaseException | None:
        """What the handler raised, Hangup apart, which is a normal end."""
        return None if isinstance(self.outcome, Hangup) else self.outcome

    # What the caller does

    def press(self, digit: str) -> None:
        """Press one key."""
        self.note("caller", f"presses {digit}")
        self.channel.press(digit)

    def talk(self, seconds: float) -> None:
        """Begin to speak for that long."""
        self.note("caller", f"talks for {seconds:g} s")
        self.channel.quiet_since = self._world.now + round(seconds * SECOND)

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hang up, unless the call has ended."""
        if self.channel.up:
            self.note("caller", f"hangs up {cause}")
            self.channel.caller_hangs_up(cause)

    # What the handler waits for

    def asks_for_digit(self) -> bool:
        """True if the handler waits for a digit, or for an application that collects them."""
        if self.channel.digits:
            return False  # it has not even taken the last one
        if self.session is not None:
            waits_for = self.session.waiting_for or ""
            what = declared(waits_for)
            asks = what.collects or what.records
            return waits_for == "DTMF" or (asks and self._collects())
        # Of another program only this is known: what runs on the channel, or that nothing does.
        if not self.answered or any(each != "socket" for each in self.executing):
            return self._collects()
        return self._world.now - self._idle_since >= IDLE * SECOND

    def _collects(self) -> bool:
        """True if an application runs that waits for a digit."""
        none = (self.channel.get("playback_terminators") or "").lower() == "none"
        return any(
            declared(each).collects or (declared(each).records and not none)
            for each in self.executing
        )

    # What the transcript says

    def note(self, who: Party, text: str) -> None:
        """Note what somebody does. (What the app does besides its commands is its own affair.)"""
        whom: dict[Party, Party] = {"caller": "switch", "switch": "caller", "app": "app"}
        self.transcript.note(self._world.now, who, whom[who], text)

    def tell(self, text: str) -> None:
        """Note what happens on another leg of the call."""
        self.transcript.note(self._world.now, "switch", "switch", text)

    def bridged_to(self, whom: str) -> None:
        """Note whom the caller hears from now on."""
        self.bridged.append(whom)
        self.note("switch", f"bridged to {whom}")

    # What the channel tells

    def _hear(self, heard: Heard) -> None:
        self.events += 1
        prompt = next((each for each in reversed(self.prompts) if each.heard is heard), None)
        if heard.is_piece:
            if prompt is None:
                self.prompts.append(HeardPrompt(heard.prompt, self.events, heard))
            elif heard.ended is not None:
                prompt.ended = self.events
        elif prompt is None:
            self.prompts.append(HeardPrompt(heard.prompt, self.events, heard))
            self.note("switch", f"plays {heard.prompt}")
        else:
            if heard.ended is not None:
                prompt.ended = self.events
            verb = {"paused": "pauses", "plays": "resumes", "ended": "ends", "cut": "cuts"}
            self.note("switch", f"{verb[heard.how]} {heard.prompt}")

    def _notice(self, name: str, event: SwitchEvent) -> None:
        self.events += 1
        self.fired.append((self.events, name))
        for watcher in self.watchers:
            watcher(name, event)
        if name not in ("CHANNEL_ANSWER", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"):
            return
        application = dict(event.own).get("Application", "")
        if name == "CHANNEL_EXECUTE":
            self.fired.append((self.events, application))
            self.executing.append(application)
        elif name == "CHANNEL_EXECUTE_COMPLETE" and application in self.executing:
            self.executing.remove(application)
            self._idle_since = self._world.now
            if self.session is None:
                # a verb may wait for the channel to be idle
                self._world.at(self._world.now + round(IDLE * SECOND), lambda: None)
        if name == "CHANNEL_ANSWER":
            self.note("switch", "answers")

    def _hang_up(self) -> None:
        self.hung_up = True
        self.note("switch", f"hangs up {self.channel.hangup_cause}")
