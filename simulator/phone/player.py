"""One call whose caller is a person: played to any moment, and played again up to an earlier one.

The call is in virtual time, so it is the same each time it is played with the same moves: a step
back is another call that stands at an earlier moment. What makes it feel real is a `Pace`, which
says how far to let time pass (pacing.py).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from sysconfig import get_paths
from traceback import FrameSummary
from typing import Any, Literal, NamedTuple

from eslsync.stacks import place, users_stack

from ..calling.call import GAP, Call, CallFailed, line_of
from ..calling.far_end import FarEnd
from ..calling.freeswitch import FreeSwitch, simulation_of
from ..calling.line import App, HeardPrompt
from ..calling.other_legs import CalledLeg, HeardThere
from ..captions import caption
from ..clockwork.threads import MILLISECOND, SECOND
from ..clockwork.virtual_time import SimulationError
from ..ladders.transcript import Party, Transcript
from ..model import playing
from ..model.endpoint_modules import OTHERS
from ..model.events import SwitchEvent
from ..scripts.script import Script
from ..scripts.steps import Step

__all__ = [
    "BY_HAND",
    "CALLER",
    "FarLine",
    "Heard",
    "Move",
    "Player",
    "Playing",
    "Recording",
    "Said",
    "Verb",
    "Whereabouts",
]

#: Folders of Python's library and of packages, in which a handler may wait as well.
INSTALLED = tuple(
    os.path.join(get_paths()[each], "") for each in ("stdlib", "platstdlib", "purelib", "platlib")
)

Verb = Literal["press", "talk", "hangup", "answer", "reject"]

#: The number of the caller's line; those of far ends follow, in the order in which they are called.
CALLER = 1

#: In a script, the behaviour of a far end whose phone rings until somebody answers it.
BY_HAND = {"rings": True, "answers_after": "never"}


class Move(NamedTuple):
    """Something that the caller did, or somebody at a far end."""

    at: int  #: microseconds since the call began
    verb: Verb
    keys: str = ""
    line: int = CALLER
    seconds: float = 0.0  #: for which they talk

    @property
    def ended(self) -> int:
        """When they have done it."""
        return self.at + round(self.seconds * SECOND)


class Playing(NamedTuple):
    """A prompt that the caller hears."""

    name: str
    began: float  #: seconds since the call began


class Heard(NamedTuple):
    """A prompt that has begun. Times are in microseconds since the call began."""

    name: str
    began: int
    how: str  #: "plays"; "paused", while another one plays inside it; "ended"; or "cut"
    since: int  #: when that came
    played: int  #: how much of it was heard until then, in microseconds
    is_text: bool = False  #: True if it is no file, but a text that an engine speaks


class Recording(NamedTuple):
    """A recording of what the caller says. Times are in microseconds since the call began."""

    path: str
    began: int
    ended: int | None = None  #: None: it records


class Said(NamedTuple):
    """What went over the control connection."""

    at: float  #: seconds since the call began
    sender: Party
    data: bytes


class FarLine(NamedTuple):
    """A call to a far end that is played by hand, as it is seen there."""

    number: int
    dial_string: str
    caller: str  #: the number of whoever calls
    phase: Literal["waits", "rings", "up", "ended"]  #: "waits": it does not ring yet
    cause: str  #: why it has ended
    heard: list[Heard]


class Whereabouts(NamedTuple):
    """Where the handler is."""

    frame: FrameSummary | None  #: the innermost of its own; None if that is unknown
    waits_for: str  #: empty: it runs


class Player:
    """A call, at one moment of it. Used by one thread; a context manager.

    ``script`` has the handler and the circumstances of the call; its steps are not played. (With
    ``app``, that handler instead.) ``moves`` are made first, and the call then stands at the last
    of them, or at ``stands`` (microseconds since it began). A handler may take as long as it
    likes: there is no patience. If it is a program's address, time is real. Far ends that don't
    answer by themselves are played by hand, too. ``lasts`` says for how many seconds a prompt is
    heard whose length the script doesn't give, and whose file isn't there. Raises ScriptError for a
    script that can't be run.
    """

    def __init__(
        self,
        script: Script,
        app: App | None = None,
        *,
        moves: Sequence[Move] = (),
        stands: int = 0,
        lasts: Callable[[str], float] | None = None,
    ) -> None:
        self.app = script.load() if app is None else app
        self._script = script
        self.moves: list[Move] = []
        self._planned = tuple(moves)
        self._stands = stands
        self.is_live = isinstance(self.app, str)  #: it is another program, called in real time
        self._lasts = lasts
        self._lengths: dict[str, float] = {}  # the prompts that `lasts` was asked for
        self._left = False  # the caller has hung up
        self._refusal: str | None = None  # why a program can't be called
        self._stuck: str | None = None  # why the handler waits for ever
        self._called: list[CalledLeg] = []  # far ends that are played by hand
        self.recordings: list[Recording] = []  #: of the call, in the order in which they began
        self._resources = ExitStack()

    def __enter__(self) -> Player:
        options, circumstances = self._script.circumstances()
        made = FreeSwitch(patience=None, raises=False, real_time=self.is_live, **options)
        self.switch = self._resources.enter_context(made)
        self._simulation = simulation_of(self.switch)
        self.media = self._simulation.model.media
        if self._lasts is not None:
            self.media.unknown = self._length
        self.call: Call = self.switch.call(self.app, **circumstances)
        self._script.set_up(self.call)
        self._line = line_of(self.call)
        self._line.watchers.append(self._notice)
        self._simulation.legs.on_called = self._call
        self._world = self._simulation.world
        self._began = self._world.now
        self._settle()
        for move in self._planned:
            self.pass_to(move.at)
            if move.verb == "talk":
                self.talk(move.seconds)
            else:
                self.make(move.verb, move.keys, move.line)
        self.pass_to(self._stands)
        return self

    def _call(self, called: CalledLeg) -> None:
        if called.by_hand:
            self._called.append(called)

    def __exit__(self, *error: Any) -> None:
        self._line.awaited = True  # left where it stands, also right after a key
        with self._noting():
            self._resources.__exit__(*error)

    # Where it is

    @property
    def now(self) -> int:
        """Microseconds since the call began; those that it lasted, once it has ended."""
        if self.is_live and self.ended:
            return round(self._line.lasts * SECOND)
        return self._world.now - self._began

    @property
    def ended(self) -> bool:
        """True once the call and its handler have ended, or when neither can ever.

        Of a program: or had its time to do so.
        """
        return self.call.ended or self._line.overdue or self._stuck is not None

    @property
    def hung_up(self) -> bool:
        """True once the call has ended, whatever its handler still does."""
        return self._line.hung_up

    @property
    def next_due(self) -> int | None:
        """When the next thing happens by itself, in microseconds since the call began, or None."""
        due = self._world.next_due()
        return None if due is None else due - self._began

    @property
    def transcript(self) -> Transcript:
        """What has happened so far."""
        return self._line.transcript

    @property
    def wire(self) -> list[Said]:
        """What went over its control connection; nothing if it had several, one after the other."""
        if len(self._line.links) > 1:
            return []
        return [
            Said((at - self._began) / SECOND, sender, what)
            for at, sender, _, what in self.transcript.entries_raw
            if isinstance(what, bytes)
        ]

    @property
    def plays(self) -> list[Playing]:
        """What the caller hears now, the innermost last."""
        return [
            Playing(each.name, (each.heard.started - self._began) / SECOND)
            for each in self._line.prompts
            if each.ended is None and each.told and not self._line.hung_up
        ]

    @property
    def heard(self) -> list[str]:
        """The prompts that have begun so far."""
        return self.call.heard

    @property
    def prompts_began(self) -> list[int]:
        """When they began, in microseconds since the call began."""
        return [each.heard.started - self._began for each in self._line.prompts if each.told]

    @property
    def prompts(self) -> list[Heard]:
        """The same, with what has become of them."""
        noted = self.transcript.entries_raw
        return [self._heard(each, noted) for each in self._line.prompts if each.told]

    def _heard(self, prompt: HeardPrompt, noted: list[tuple[int, Party, Party, Any]]) -> Heard:
        heard = prompt.heard
        since, played, how = heard.started, 0, "plays"
        for at, sender, _, what in noted:
            if at < since or sender != "switch" or (heard.ended or at) < at:
                continue
            if how == "plays" and what == f"pauses {prompt.name}":
                played, since, how = played + at - since, at, "paused"
            elif how == "paused" and what == f"resumes {prompt.name}":
                since, how = at, "plays"
        if heard.ended is not None:
            played += heard.ended - since if how == "plays" else 0
            since, how = heard.ended, heard.how
        began = self._began
        return Heard(prompt.name, heard.started - began, how, since - began, played, heard.is_text)

    @property
    def lines(self) -> list[FarLine]:
        """The calls to far ends that are played by hand, in order, also those that have ended."""
        return [self._far_line(number, each) for number, each in self._numbered.items()]

    @property
    def _numbered(self) -> dict[int, CalledLeg]:
        return dict(enumerate(self._called, CALLER + 1))

    def _far_line(self, number: int, called: CalledLeg) -> FarLine:
        return FarLine(
            number,
            called.dial_string,
            called.caller,
            phase_of(called),
            called.leg.hangup_cause or "",
            [self._heard_there(each) for each in called.heard if each.heard.pieces is None],
        )

    def _heard_there(self, each: HeardThere) -> Heard:
        began = self._began
        name, started = each.heard.prompt, each.heard.started - began
        return Heard(name, started, each.how, each.since - began, each.played, each.heard.is_text)

    # Sounds

    @property
    def records(self) -> bool:
        """True if what the caller says is recorded now."""
        return any(each.ended is None for each in self.recordings)

    @property
    def sound_prefix(self) -> str:
        """The folder of relative names of files."""
        return playing.sound_prefix(self._line.channel)

    def recording_of(self, prompt: Heard) -> Recording | None:
        """The recording of this call that a prompt plays; None if it plays something else."""
        path = None if prompt.is_text else self.media.path(prompt.name, self.sound_prefix)
        for each in reversed(self.recordings):
            if each.path == path and each.ended is not None and each.ended <= prompt.began:
                return each
        return None

    def caption(self, prompt: Heard, texts: Mapping[str, str]) -> str:
        """What somebody hears in this call, as text; empty for silence."""
        if self.recording_of(prompt) is not None:
            return "(what you said)"
        return prompt.name if prompt.is_text else caption(prompt.name, texts)

    def _length(self, file: str) -> float:
        assert self._lasts is not None
        if file not in self._lengths:
            self._lengths[file] = self._lasts(file)
        return self._lengths[file]

    def _notice(self, name: str, event: SwitchEvent) -> None:
        if name not in ("RECORD_START", "RECORD_STOP"):
            return
        path = dict(event.own).get("Record-File-Path", "")
        if name == "RECORD_START":
            self.recordings.append(Recording(path, self.now))
        for number, each in enumerate(self.recordings):
            if name == "RECORD_STOP" and each.ended is None and each.path == path:
                self.recordings[number] = each._replace(ended=self.now)

    # The handler

    @property
    def whereabouts(self) -> Whereabouts | None:
        """Where the handler is; None before it begins and once it has ended."""
        session = self._line.session
        threads = [each for each in threading.enumerate() if each.ident == self._line.served_by]
        if session is None or not threads:
            return None
        frames = users_stack(threads[0], waits=session.waiting_for is not None)
        own = [each for each in frames if not each.filename.startswith(INSTALLED)] or frames
        return Whereabouts(own[-1] if own else None, session.waiting_for or "")

    @property
    def where(self) -> str:
        """The line of the handler's at which it waits, and what for; empty once it has ended."""
        found = self.whereabouts
        if found is None:
            return ""
        said = f"waits for {found.waits_for}" if found.waits_for else "runs"
        return f"{place(found.frame)} {said}" if found.frame else said

    # Time

    def pass_to(self, moment: int) -> None:
        """Let time pass to a moment, in microseconds since the call began; none if that is past."""
        left = moment - self.now
        if left >= 0 and not self.ended:
            with self._noting():
                self.call.say_nothing(left / SECOND)

    def _settle(self) -> None:
        """Have happen what is due now."""
        with self._noting():
            self.call.say_nothing(0.0)

    def skip(self) -> None:
        """Let time pass to what next shows in the ladder, or is heard, or to the call's end."""
        before = len(self.transcript.entries_raw), len(self.heard)
        while not self.ended and (len(self.transcript.entries_raw), len(self.heard)) == before:
            due = self.next_due
            if due is None:
                return
            self.pass_to(due)

    # The caller, and far ends

    def make(self, verb: Verb, keys: str = "", line: int = CALLER) -> None:
        """Press keys, hang up, answer or reject a call, now, on a line.

        Several keys are pressed one after the other, which takes time. Nothing happens if that
        line can't do so: its call has ended, or it is another one's turn.
        """
        for index, key in enumerate(keys or [""]):
            if index:
                self.pass_to(self.now + round(GAP * SECOND))
            self._settle()  # what is due now comes first, as in the script of the call
            if not self.hung_up:
                self._talk_until(self.now)
            if line == CALLER:
                self._make(verb, key)
            else:
                self._make_far(verb, key, line)

    def _make(self, verb: Verb, key: str) -> None:
        if verb not in ("press", "hangup") or self.hung_up or self._left:
            return
        self.moves.append(Move(self.now, verb, key))
        if verb == "press":
            with self._noting():
                self.call.press(key)
        else:
            self._left = True
            self.call.hangup_after(0.0)
            self._settle()

    def talk(self, seconds: float) -> None:
        """Talk for so many seconds from now on; if the caller talks already, go on."""
        self._settle()
        if self.hung_up or self._left or self._talk_until(self.now + round(seconds * SECOND)):
            return
        self.moves.append(Move(self.now, "talk", seconds=seconds))
        self._simulation.later(0.0, lambda: self._line.talk(seconds))
        self._settle()

    def _talk_until(self, moment: int) -> bool:
        """Have what the caller says last until a moment; False if they don't talk."""
        last = self.moves[-1] if self.moves else None
        if last is None or last.verb != "talk" or last.ended < self.now:
            return False
        # (whole milliseconds, as a ladder and a script have them)
        self.moves[-1] = last._replace(seconds=(moment - last.at) // MILLISECOND / 1000)
        self._line.talk_on(self.moves[-1].seconds)
        return True

    def _make_far(self, verb: Verb, key: str, line: int) -> None:
        called = self._numbered.get(line)
        phase = None if called is None else phase_of(called)
        if called is None or phase != ("rings" if verb in ("answer", "reject") else "up"):
            return
        self.moves.append(Move(self.now, verb, key, line))
        far_end = FarEnd(self._simulation, called.dial_string, called.number)
        try:
            if verb == "answer":
                far_end.answer()
            elif verb == "reject":
                far_end.reject()
            elif verb == "press":
                far_end.press(key)
            else:
                far_end.hangup()
        except CallFailed:
            if not self.is_live:
                raise
            self.moves.pop()  # its call has just ended: real time has passed

    # Another program, in real time

    @property
    def signs(self) -> tuple[object, ...]:
        """Differs once something has happened in the call."""
        line = self._line
        return len(line.transcript.entries_raw), line.events, self.ended

    def wait(self, until: Callable[[], bool]) -> None:
        """Let time pass until something holds, or nothing more can happen by itself."""
        with self._noting():
            self._simulation.run(until, None)

    def wake(self) -> None:
        """Have `wait` look again. Any thread."""
        self._world.nudge()

    @property
    def amiss(self) -> list[str]:
        """What is wrong with the app's part in the call, in sentences, but for what it raised."""
        found = [self._refusal, self._line.unreached]
        parted = self.call.parting if self.is_live and not any(found) else None
        if parted is not None and not parted.orderly and (self.ended or not self.hung_up):
            # Of one whose caller has left, only that it stays is to be told.
            if not self._left or self._line.overdue:
                found.append(str(parted))
        stuck = [] if self._stuck is None else [self._stuck]
        return stuck + [f"{each[:1].upper()}{each[1:]}." for each in found if each]

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note why the call can't go on, which is raised by whatever waits first."""
        try:
            yield
        except CallFailed as error:
            if not self.is_live:
                raise
            self._refusal = str(error).partition("\n\n")[0]
        except SimulationError as error:
            self._stuck = f"The handler waits for ever: {str(error).rstrip()}"

    # Again

    def back(self, moment: int) -> Player:
        """The same call, up to an earlier moment; what was done after it is not done."""
        kept = [each for each in self.moves if each.at < moment]
        return Player(self._script, self.app, moves=kept, stands=max(moment, 0), lasts=self._lasts)

    def script(self) -> Script:
        """The caller, and who played far ends, as a script: it plays the same call."""
        steps: list[Step] = []
        at = 0
        last = self.moves[-1] if self.moves else None
        for move in self.moves:
            steps.append(Step("say_nothing", {"seconds": (move.at - at) / SECOND}))
            at = move.ended
            if move.line != CALLER:
                steps.append(self._far_step(move))
            elif move.verb == "press":
                steps.append(Step("press", {"digits": move.keys}))
            elif move.verb == "talk":
                steps.append(Step("talk", {"seconds": move.seconds}))
            elif move is last:
                steps.append(Step("hangup"))
            else:  # somebody at a far end did something afterwards
                steps.append(Step("hangup_after", {"seconds": 0}))
        if not (steps and steps[-1].verb == "hangup"):
            over = self.ended or self._left
            steps.append(Step("wait") if over else Step("hangup"))
        ends: Any = self._script.call.get("endpoints", {})
        if not self._called:  # then it says nothing of this call that somebody would be there
            ends = {to: each for to, each in ends.items() if (to, each) != (OTHERS, BY_HAND)}
        lengths: Any = self._script.call.get("prompts", {})
        lengths = {**lengths, **self._lengths}
        more = {"endpoints": ends, "prompts": lengths}
        call = {**self._script.call, **more}
        call = {name: each for name, each in call.items() if each or name not in more}
        return replace(self._script, call=call, steps=steps, expect={})

    def _far_step(self, move: Move) -> Step:
        called = self._numbered[move.line]
        step = Step(move.verb, {"digits": move.keys} if move.verb == "press" else {})
        at: dict[str, object] = {"far_end": called.dial_string}
        if sum(each.dial_string == called.dial_string for each in self._called) > 1:
            at["number"] = called.number
        return Step("at", {**at, "steps": [step]})


def phase_of(called: CalledLeg) -> Literal["waits", "rings", "up", "ended"]:
    leg = called.leg
    if not leg.up:
        return "ended"
    if leg.is_taken:
        return "up"
    return "rings" if leg.is_called else "waits"
