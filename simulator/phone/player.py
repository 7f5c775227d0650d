"""One call whose caller is a person: played to any moment, and played again up to an earlier one.

The call is in virtual time, so it is the same each time it is played with the same moves: a step
back is another call that stands at an earlier moment. What makes it feel real is a `Pace`, which
says how far to let time pass (pacing.py).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from sysconfig import get_paths
from traceback import FrameSummary
from typing import Any, Literal, NamedTuple

from eslsync.stacks import place, users_stack

from ..calling.call import Call, CallFailed, line_of
from ..calling.freeswitch import FreeSwitch, simulation_of
from ..calling.line import App, HeardPrompt
from ..clockwork.threads import SECOND
from ..ladders.transcript import Party, Transcript
from ..scripts.script import Script
from ..scripts.steps import Step

__all__ = ["Heard", "Move", "Player", "Playing", "Said", "Whereabouts"]

#: Folders of Python's library and of packages, in which a handler may wait as well.
INSTALLED = tuple(
    os.path.join(get_paths()[each], "") for each in ("stdlib", "platstdlib", "purelib", "platlib")
)


class Move(NamedTuple):
    """Something that the caller did."""

    at: int  #: microseconds since the call began
    verb: Literal["press", "hangup"]
    keys: str = ""


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


class Said(NamedTuple):
    """What went over the control connection."""

    at: float  #: seconds since the call began
    sender: Party
    data: bytes


class Whereabouts(NamedTuple):
    """Where the handler is."""

    frame: FrameSummary | None  #: the innermost of its own; None if that is unknown
    waits_for: str  #: empty: it runs


class Player:
    """A call, at one moment of it. Used by one thread; a context manager.

    ``script`` has the handler and the circumstances of the call; its steps are not played. (With
    ``app``, that handler instead.) ``moves`` are made first, and the call then stands at the last
    of them, or at ``stands`` (microseconds since it began). A handler may take as long as it
    likes: there is no patience. If it is a program's address, time is real. Raises ScriptError for
    a script that can't be run.
    """

    def __init__(
        self,
        script: Script,
        app: App | None = None,
        *,
        moves: Sequence[Move] = (),
        stands: int = 0,
    ) -> None:
        self.app = script.load() if app is None else app
        self._script = script
        self.moves: list[Move] = []
        self._planned = tuple(moves)
        self._stands = stands
        self.is_live = isinstance(self.app, str)  #: it is another program, called in real time
        self._left = False  # the caller has hung up
        self._refusal: str | None = None  # why a program can't be called
        self._resources = ExitStack()

    def __enter__(self) -> Player:
        options, circumstances = self._script.circumstances()
        made = FreeSwitch(patience=None, raises=False, real_time=self.is_live, **options)
        self.switch = self._resources.enter_context(made)
        self.call: Call = self.switch.call(self.app, **circumstances)
        self._script.set_up_far_ends(self.call)
        self._line = line_of(self.call)
        self._world = simulation_of(self.switch).world
        self._began = self._world.now
        self._settle()
        for move in self._planned:
            self.pass_to(move.at)
            self.make(move.verb, move.keys)
        self.pass_to(self._stands)
        return self

    def __exit__(self, *error: Any) -> None:
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
        """True once the call and its handler have ended, or a program had its time to do so."""
        return self.call.ended or self._line.overdue

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
        return Heard(prompt.name, heard.started - began, how, since - began, played)

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

    # The caller

    def make(self, verb: Literal["press", "hangup"], keys: str = "") -> None:
        """Press keys, or hang up, now; nothing once the call has ended."""
        if self.hung_up or self._left:
            return
        self.moves.append(Move(self.now, verb, keys))
        if verb == "press":
            with self._noting():
                self.call.press(keys)
        else:
            self._left = True
            self.call.hangup_after(0.0)
            self._settle()

    # Another program, in real time

    @property
    def signs(self) -> tuple[object, ...]:
        """Differs once something has happened in the call."""
        line = self._line
        return len(line.transcript.entries_raw), line.events, self.ended

    def wait(self, until: Callable[[], bool]) -> None:
        """Let time pass until something holds, or nothing more can happen by itself."""
        with self._noting():
            simulation_of(self.switch).run(until, None)

    def wake(self) -> None:
        """Have `wait` look again. Any thread."""
        self._world.nudge()

    @property
    def amiss(self) -> list[str]:
        """What is wrong with another program's part in the call, in sentences."""
        found = [self._refusal, self._line.unreached]
        parted = self.call.parting if self.is_live and not any(found) else None
        if parted is not None and not parted.orderly and (self.ended or not self.hung_up):
            # Of one whose caller has left, only that it stays is to be told.
            if not self._left or self._line.overdue:
                found.append(str(parted))
        return [f"{each[:1].upper()}{each[1:]}." for each in found if each]

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note why a program can't be called, which is raised by whatever waits first."""
        try:
            yield
        except CallFailed as error:
            if not self.is_live:
                raise
            self._refusal = str(error).partition("\n\n")[0]

    # Again

    def back(self, moment: int) -> Player:
        """The same call, up to an earlier moment; what was done after it is not done."""
        kept = [each for each in self.moves if each.at < moment]
        return Player(self._script, self.app, moves=kept, stands=max(moment, 0))

    def script(self) -> Script:
        """The caller as a script: it plays the same call."""
        steps: list[Step] = []
        at = 0
        for move in self.moves:
            if move.at > at:
                steps.append(Step("say_nothing", {"seconds": (move.at - at) / SECOND}))
                at = move.at
            if move.verb == "press":
                steps.append(Step("press", {"digits": move.keys}))
            else:
                steps.append(Step("hangup"))
        if not any(each.verb == "hangup" for each in self.moves):
            steps.append(Step("wait") if self.ended else Step("hangup"))
        return replace(self._script, steps=steps, expect={})
