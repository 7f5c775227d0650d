"""One call from both ends: the caller's actions and perceptions, and the app.

A test plays a `Call`, whose verbs use this. The rest of the simulator gets it from
`simulator.calling.call.line_of`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eslsync import Hangup, Outbound, Session, Transferred
from eslsync.loading import Handler
from eslsync.wire.declared import declared

from ..clockwork.link import Exchange, Link
from ..clockwork.threads import SECOND
from ..ladders.transcript import CALLER, Party, Transcript
from ..model.channel import Channel, Heard
from ..model.events import SwitchEvent
from ..model.evidence import Part, StandsOn
from .faults import Fault, Tap
from .parting import Wire

__all__ = [
    "END_TIMEOUT",
    "OWN_ADDRESS",
    "App",
    "HeardPrompt",
    "Line",
    "NeverReturned",
    "host_and_port",
    "is_address",
    "normal_address",
]

#: The app that gets a call: a handler, or another program's address ("host:port").
App = Handler | Outbound | str

#: The address of another program.
ADDRESS = re.compile(r"[^/\\]*:\d+")

#: Where the dialplan finds the handler of a call.
OWN_ADDRESS = "127.0.0.1:5000"

#: Seconds for another program to close its connection after the hangup.
END_TIMEOUT = 10.0

#: Seconds without a running application after which another program seems to await a digit.
IDLE = 1.0


#: To whom each of them does what they do.
WHOM: dict[Party, Party] = {"caller": "switch", "switch": "caller", "app": "app"}

#: The events of its channel that a line notes.
NOTED = frozenset(
    """
    CHANNEL_ANSWER CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_BRIDGE
    CHANNEL_UNBRIDGE
    """.split()
)


class NeverReturned(BaseException):
    """Ends a handler in a look-up that never returns, once the call is over.

    In a real call, that thread would do nothing more for ever.
    """


@dataclass
class HeardPrompt:
    """A prompt that the caller heard; ``began`` and ``ended`` are values of `Line.events`."""

    name: str
    began: int
    heard: Heard
    ended: int | None = None

    @property
    def told(self) -> bool:
        """True if it is in `Call.heard`, which has the files of a ``file_string://``."""
        return self.heard.pieces is None


class Line:
    """One call: its channel, what the caller notices there, and the app."""

    def __init__(
        self, world: Exchange, app: App, channel: Channel, faults: Sequence[Fault] = ()
    ) -> None:
        self.app = app
        #: Where the dialplan finds the app.
        self.address = normal_address(app) if isinstance(app, str) else OWN_ADDRESS
        self.channel = channel
        self.number = channel.profile.caller_id_number  #: when the call began
        self.destination = channel.profile.destination_number
        self.began = channel.created_at  #: microseconds since the epoch
        self.transcript = Transcript(channel.created_at)
        self.transcript.legs[channel.uuid] = CALLER
        self._world = world

        # The caller's end.
        self.events = 0  #: counts what the caller notices
        self.mark = 0  #: the value of `events` when the last verb began
        self.prompts: list[HeardPrompt] = []
        self._prompt_of: dict[int, HeardPrompt] = {}  # by the identity of `Heard`
        self.fired: list[tuple[int, str]] = []  #: events, and applications as they begin
        self.executing: list[str] = []  #: applications that run on the channel
        self.bridged: list[str] = []  #: the far ends that the caller was bridged to
        #: The same, and the keys that the caller pressed, each with the value of `events`.
        self.joined: list[tuple[int, str]] = []
        self.pressed: list[tuple[int, str]] = []
        #: What the caller said, likewise.
        self.said: list[tuple[int, str]] = []
        self.begun = False  #: True once the call has begun, which takes a verb that waits
        self.hung_up = False
        self.overdue = False  #: another program has had `END_TIMEOUT` seconds since then
        self.caller_left = False  #: it was the caller who hung up
        self.hung_up_in: list[str] = []  #: the applications that ran at the hangup
        #: True if the test has waited since the call began, or since the caller's last key.
        self.awaited = False
        #: Called with each event of the channel.
        self.watchers: list[Callable[[str, SwitchEvent], None]] = []
        #: Called with each event of the channel that tells of a bridge, or of its end.
        self.on_bridge: Callable[[str, SwitchEvent], None] | None = None
        self._idle_since = 0
        self._talks_at = 0  # the number of the transcript's entry

        # What it used of FreeSWITCH.
        self.stands_on = StandsOn()
        self.not_modelled: list[Part] = []  #: what had no effect, and is not allowed
        self.on_lack: Callable[[Part], None] | None = None  #: called with each of these
        #: Applications that FreeSWITCH does not have and hung up on, and names close to theirs.
        self.unknown: dict[str, str] = {}
        #: Background jobs that failed, by Job-UUID, and what they printed; and the jobs whose
        #: results the handler has looked at ("" for those of all).
        self.failed_jobs: dict[str, tuple[str, str]] = {}
        self.jobs_seen: set[str] = set()
        self.cause_seen = False  #: the test has looked at the hangup cause

        # The app's end.
        self.faults = faults  #: to inject
        self.links: list[Link] = []  #: the control connections, one after the other
        self.wire: Wire | None = None  #: what is seen of another program's last one
        self.unreached: str | None = None  #: why nobody could be connected to, at first
        #: The test knows that nobody may listen; a handler of this process always does at first.
        self.absence_expected = not isinstance(app, str)
        self.tap: Tap | None = None  #: injects the faults, if any
        self.session: Session | None = None  #: None until the handler begins
        self.outcome: BaseException | None = None  #: the handler's exception
        self.in_thread: BaseException | None = None  #: the exception of a thread that it started
        self.served_by: int | None = None  #: the thread of the handler
        self.given_back = False
        #: When its process died; what the handler still does doesn't count.
        self.killed_at: int | None = None

        if channel.on_event is not None:
            self.watchers.append(channel.on_event)
        channel.on_heard = self._hear
        channel.on_hangup = self._hang_up
        channel.on_event = self._notice

    @property
    def link(self) -> Link | None:
        """The last control connection."""
        return self.links[-1] if self.links else None

    @property
    def killed(self) -> bool:
        """True if the app's process has died."""
        return self.killed_at is not None

    @property
    def ended(self) -> bool:
        """True when the call and its handlers have ended."""
        return self.hung_up and all(link.ended for link in self.links)

    @property
    def lasts(self) -> float:
        """Seconds from the start of the call to its hangup, or until now."""
        return ((self.channel.hung_up_at or self._world.now) - self.began) / SECOND

    @property
    def missed(self) -> tuple[Fault, ...]:
        """The faults that have not happened."""
        return tuple(self.faults if self.tap is None else self.tap.missed)

    @property
    def lacking(self) -> tuple[Fault, ...]:
        """The faults among these that have to happen."""
        return tuple(fault for fault in self.missed if not fault.optional)

    @property
    def answered(self) -> bool:
        """True if the call was answered."""
        return self.channel.answered_at is not None

    @property
    def error(self) -> BaseException | None:
        """The exception of the handler, or of a thread that it started.

        Hangup, Transferred and NeverReturned are not among them.
        """
        normal = isinstance(self.outcome, (Hangup, Transferred, NeverReturned))
        return (None if normal else self.outcome) or self.in_thread

    # The caller's actions

    def press(self, digit: str) -> None:
        """Press one key."""
        self.awaited = False
        self.pressed.append((self.events, digit))
        self.note("caller", f"presses {digit}")
        self.channel.press(digit)

    @property
    def listened_to(self) -> bool:
        """True if a recognizer waits for the caller to speak."""
        recognizer = self.channel.recognizer
        return recognizer is not None and recognizer.listens

    def talk(self, seconds: float, words: str = "") -> None:
        """Begin to speak, for ``seconds``."""
        if words:
            self.said.append((self.events, words))
        said = f"says {words}" if words else f"talks for {seconds:g} s"
        self.transcript.note(self._world.now, "caller", "switch", said)
        self._talks_at = self.transcript.last
        self.channel.talk(round(seconds * SECOND), words)

    def talk_on(self, seconds: float) -> None:
        """Talk so long in all, counted from when they began; it is noted there."""
        self.transcript.amend(self._talks_at, f"talks for {seconds:g} s")
        self.channel.talk_on(round(seconds * SECOND))

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hang up, if the call is up."""
        if self.channel.up:
            self.caller_left = True
            self.note("caller", f"hangs up {cause}")
            self.channel.caller_hangs_up(cause)

    # The handler's waits

    def asks_for_digit(self) -> bool:
        """True if the handler waits for a digit, or for an application that a digit ends."""
        if self.channel.digits:
            return False  # it has not taken the last one yet
        if self.session is not None:
            waits_for = self.session.waiting_for or ""
            what = declared(waits_for)
            asks = what.collects or what.records
            return waits_for == "DTMF" or (asks and self._collects())
        # Of another program, only the application that runs on the channel is known.
        if not self.answered or any(each != "socket" for each in self.executing):
            return self._collects()
        return self._world.now - self._idle_since >= IDLE * SECOND

    @property
    def collects_digits(self) -> bool:
        """True if the handler is in `get_digits`, whose prompt may play for ever."""
        return self.session is not None and self.session.channel.leg.collecting is not None

    def _collects(self) -> bool:
        """True if an application runs that collects digits, or ends with one."""
        none = (self.channel.get("playback_terminators") or "").lower() == "none"
        return any(
            declared(each).collects or (declared(each).records and not none)
            for each in self.executing
        )

    # The transcript

    def note(self, who: Party, text: str) -> None:
        """Note an action. (The app's commands are noted as they arrive.)"""
        self.transcript.note(self._world.now, who, WHOM[who], text)

    def tell(self, text: str) -> None:
        """Note an event of another leg that belongs to the call."""
        self.transcript.note(self._world.now, "switch", "switch", text)

    def bridged_to(self, whom: str) -> None:
        """Note that the caller and ``whom`` hear each other from now on."""
        self.bridged.append(whom)
        self.joined.append((self.events, whom))
        self.note("switch", f"bridged to {whom}")

    # The channel's events

    def _hear(self, heard: Heard) -> None:
        self.events += 1
        prompt = self._prompt_of.get(id(heard))
        if heard.is_piece:
            if prompt is None:
                self._prompt(heard)
            elif heard.ended is not None:
                prompt.ended = self.events
        elif prompt is None:
            self._prompt(heard)
            self.note("switch", f"plays {heard.prompt}")
        else:
            if heard.ended is not None:
                prompt.ended = self.events
            verb = {"paused": "pauses", "plays": "resumes", "ended": "ends", "cut": "cuts"}
            self.note("switch", f"{verb[heard.how]} {heard.prompt}")

    def _prompt(self, heard: Heard) -> None:
        prompt = self._prompt_of[id(heard)] = HeardPrompt(heard.prompt, self.events, heard)
        self.prompts.append(prompt)

    def lacks(self, part: Part) -> None:
        """Note something that had no effect, and is not allowed."""
        self.not_modelled.append(part)
        if self.on_lack is not None:
            self.on_lack(part)

    def _notice(self, name: str, event: SwitchEvent) -> None:
        self.events = number = self.events + 1
        self.fired.append((number, name))
        if event.subclass and name == "CUSTOM":
            self.fired.append((number, f"CUSTOM {event.subclass}"))
        for watcher in self.watchers:
            watcher(name, event)
        if name not in NOTED:
            return
        if name == "CHANNEL_EXECUTE":
            application = dict(event.own).get("Application", "")
            self.fired.append((self.events, application))
            self.executing.append(application)
        elif name == "CHANNEL_EXECUTE_COMPLETE":
            application = dict(event.own).get("Application", "")
            if application in self.executing:
                self.executing.remove(application)
                self._idle_since = self._world.now
                if self.session is None:
                    # Time must stop at that moment: a verb may wait for the channel to be idle.
                    self._world.at(self._world.now + round(IDLE * SECOND), lambda: None)
        elif name == "CHANNEL_HANGUP":
            self.hung_up_in = list(self.executing)
        elif name == "CHANNEL_ANSWER":
            self.note("switch", "answers")
        elif self.on_bridge is not None:
            self.on_bridge(name, event)

    def _hang_up(self) -> None:
        self.hung_up = True
        self.note("switch", f"hangs up {self.channel.hangup_cause}")
        if self.wire is not None and not self.ended:
            self._world.at(self._world.now + round(END_TIMEOUT * SECOND), self._lose_patience)

    def _lose_patience(self) -> None:
        self.overdue = not self.ended


def is_address(app: str) -> bool:
    """True if what a user calls an app by is a program's address, HOST:PORT, and no file."""
    return ADDRESS.fullmatch(app) is not None and not Path(app).exists()


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of a program's address. Raises ValueError for what is none."""
    host, colon, port = address.rpartition(":")
    if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"a program's address is host:port, not {address!r}")
    return host.strip("[]"), int(port)


def normal_address(address: str) -> str:
    """``host:port`` as the dialplan's `socket` has it, by which its listener is found."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]").lower()
    return f"{'127.0.0.1' if host == 'localhost' else host}:{port}"
