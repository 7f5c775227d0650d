"""One simulated call: some steps, one more thing that the caller does, and what comes of it.

Each call has a switch of its own, begins with nothing, and so goes the same way each time.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eslsync import Outbound
from eslsync.loading import Handler
from eslsync.stacks import summary_of
from eslsync.wire.declared import declarations, declared

from ..calling.call import CallFailed, line_of, same_prompt, without_suffix
from ..calling.freeswitch import FreeSwitch, simulation_of
from ..calling.line import HeardPrompt, Line
from ..clockwork.threads import MILLISECOND, SECOND
from ..clockwork.virtual_time import SimulationError, World
from ..scripts.script import Script
from ..scripts.steps import Step
from .actions import Approach
from .lines import Lines
from .situations import Observer, Place, Seen, Situation, is_own

__all__ = ["Attempt", "Caller", "End", "Outcome", "Trouble"]

#: What lasts less (microseconds) is no waiting: commands and their replies.
SHORT = 100 * MILLISECOND
#: Simulated seconds in which nothing new happens, after which nothing will.
PATIENT = 4 * 3600.0
#: Seconds after which a caller needs to be told to wait for so long (see `Call.hear`).
LONG = 40.0
#: Simulated seconds that a caller stays where everything is known.
STAYS = 600.0
#: Commands for other legs than the caller's.
ELSEWHERE = (b"sendmsg ", b"bgapi", b"api conf")
#: Simulated seconds that a handler may go on after the hangup.
LATE = 30.0

Ended = Literal["hangup", "raised", "given back", "left", "sent", "stuck", "for ever"]


@dataclass(frozen=True)
class End:
    """How a call ended."""

    how: Ended
    text: str


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong in a call."""

    kind: str
    text: str
    place: Place | None
    at_hangup: bool  #: when the caller hung up, after all steps


@dataclass(frozen=True)
class Attempt:
    """What a caller does, in which circumstances; the last part is what is tried."""

    call: Mapping[str, Any]
    steps: tuple[Step, ...]
    act: tuple[Step, ...] = ()
    hangs_up: bool = False
    number: int = 0  #: of the application that runs where it is tried (see Situation)
    #: keys of situations to pass by; the caller does nothing until there is another
    known: frozenset[str] = frozenset()
    #: have less patience after the hangup: handlers that go on were met already
    hasty: bool = False


@dataclass
class Outcome:
    """What came of it."""

    reached: Situation | None = None
    approach: Approach | None = None
    ended: End | None = None
    #: prompts that began, and applications, between what was done and what was reached
    said: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    seconds: float = 0.0
    time: float = 0.0  # when it was over
    troubles: list[Trouble] = field(default_factory=list)
    played: frozenset[str] = frozenset()
    #: of those, the ones that the handler has named itself (and not `say` for it)
    files: frozenset[str] = frozenset()
    #: commands for other legs, in which names of prompts may stand
    elsewhere: bytes = b""
    recorded: frozenset[str] = frozenset()
    dialled: frozenset[str] = frozenset()
    waits_for_ever: bool = False
    up: bool = True  #: was the call up after the steps?
    answered: bool = False
    slow: bool = False  #: our patience with the handler was at its end
    #: it did not come where the steps lead: the handler goes other ways each time
    astray: bool = False
    ladder: str = ""
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)  # run for the first time


class _Abandoned(BaseException):
    """Ends a handler that nothing else will end."""


@dataclass
class Caller:
    """Makes calls to a handler."""

    app: Callable[[], Handler | Outbound]
    key: Callable[[Situation], object] | None = None
    patience: float | None = 5.0
    base: Path = Path()  #: where the files are that circumstances name
    lines: Lines | None = None

    def make(self, attempt: Attempt, *, draw: bool = False) -> Outcome:
        """One call."""
        with _quiet() as log:
            outcome = _Making(self, attempt, log, draw).outcome
        if self.lines is not None:
            outcome.lines = self.lines.new()
        return outcome


@contextmanager
def _quiet() -> Iterator[list[logging.LogRecord]]:
    """What the library logs as errors is kept, and goes nowhere else."""
    logger = logging.getLogger("eslsync")
    kept: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = kept.append  # type: ignore[method-assign, assignment]
    handlers, level, propagate = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.ERROR)
    try:
        yield kept
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


class _Making:
    """A call being made."""

    def __init__(
        self, caller: Caller, attempt: Attempt, log: list[logging.LogRecord], draw: bool
    ) -> None:
        self.outcome = Outcome()
        self._log = log
        self._attempt = attempt
        self._last = 0  # when the last step was over
        script = Script("handler", call=attempt.call, path=caller.base / "script")
        options, circumstances = script.circumstances()
        self._closing = False
        self.measured = "prompts" in attempt.call or "sounds" in attempt.call
        with FreeSwitch(**options, raises=False, patience=caller.patience) as switch:
            self.simulation = simulation_of(switch)
            assert isinstance(self.simulation.world, World)
            self.world = self.simulation.world
            self.call = switch.call(caller.app(), **circumstances)
            self.line = line_of(self.call)
            self._last = self.simulation.now
            script.set_up_far_ends(self.call)
            self.observer = Observer(self.call, caller.key, attempt.call.get("endpoints", {}))
            try:
                self._go()
            except SimulationError as error:
                self._stuck(error)
            self._look_back(draw)
            if not self.call.ended:
                self._abandon()
            try:
                self.simulation.finish()
            except AssertionError:
                pass  # told already
        self._look_at_log()

    # What happens

    def _go(self) -> None:
        attempt = self._attempt
        try:
            for step in attempt.steps:
                self._play(step)
            before = self._do(attempt.act)
        except CallFailed:
            before = None
            self.outcome.astray = not self.call.ended
        self.outcome.up = not self.line.hung_up
        if attempt.hangs_up or self.outcome.astray:
            self._hang_up()
            return
        seen = self._watch(before)
        self._mark_reached(before, seen)
        if not self.call.ended:
            if seen is not None:
                self._reach(seen)
            self._hang_up()

    def _play(self, step: Step) -> None:
        step.play(self.call)
        self._last = self.simulation.now

    def _do(self, steps: Sequence[Step]) -> Seen | None:
        """What is tried; returns the situation just before."""
        before: Seen | None = None
        for number, step in enumerate(steps):
            if step.verb in ("press", "talk") and before is None:
                if step.options.get("when_asked"):
                    self.simulation.run(
                        lambda: self.line.hung_up or self.line.asks_for_digit(), PATIENT
                    )
                before = self._note_before()
            elif number == len(steps) - 1 and before is None:
                self._play(step)
                before = self._note_before()
                return before
            self._play(step)
        return before if before is not None else self._note_before()

    def _note_before(self) -> Seen | None:
        self._heard = len(self._told())
        self._executed = len(self.observer.log)
        self._from = self.simulation.now
        self._seen = self.observer.look()
        return self._seen

    _seen: Seen | None = None  # the last situation that it was in
    _heard = _executed = 0
    _from: int | None = None

    def _told(self) -> list[str]:
        return self.call.heard

    def _watch(self, before: Seen | None) -> Seen | None:
        """Let time pass until the handler waits in another situation; None if it never does."""
        call, line, world, observer = self.call, self.line, self.world, self.observer
        found: list[Seen] = []
        number, known = self._attempt.number, self._attempt.known
        model = self.simulation.model
        state: object = None
        since = world.now
        looked: object = None

        def enough() -> bool:
            nonlocal state, since, looked
            if call.ended or line.hung_up or call.given_back:
                return True
            session = line.session
            if session is None:
                return False
            now = (session.waiting_for, line.events)
            if now != state:
                state, since = now, world.now
            due = world.next_due()
            if due is not None and due - world.now < SHORT and world.now - since < SHORT:
                return False
            happened = (world.wakes, model.events_made, line.events)
            if happened == looked:
                return False  # as it was when we looked last
            looked = happened
            seen = observer.look()
            if seen is None or seen.situation.key in known:
                return False
            if seen.resumes(number) or (before is not None and before.goes_on(seen)):
                return False
            found.append(seen)
            return True

        self.simulation.run(enough, STAYS if known else PATIENT)
        if found:
            self._seen = found[0]
            return self._seen
        if line.hung_up and not call.ended:
            if not self.simulation.run(lambda: call.ended, LATE):
                self._outlives()
        elif call.given_back:
            self.simulation.run(lambda: call.ended, LATE)
        return None

    def _mark_reached(self, before: Seen | None, seen: Seen | None) -> None:
        outcome = self.outcome
        outcome.said = tuple(self._told()[self._heard :])
        outcome.did = tuple(self.observer.log[self._executed :])
        began = self._from if self._from is not None else self.line.began
        outcome.seconds = (self.simulation.now - began) / SECOND
        outcome.time = self.call.duration
        call = self.call
        if seen is not None:
            outcome.reached = seen.situation
            if outcome.said and seen.situation.prompt == outcome.said[-1]:
                outcome.said = outcome.said[:-1]
            return
        if not call.ended and not call.given_back and not self.line.hung_up:
            outcome.waits_for_ever = True
            outcome.reached = before.situation if before is not None else None
            if outcome.reached is None:
                outcome.ended = End("for ever", "nothing happens any more")
            return
        outcome.ended = self._end()

    def _end(self) -> End:
        call = self.call
        if call.error is not None:
            return End("raised", f"raises {type(call.error).__name__}")
        if call.given_back:
            if self._sent():
                return End("sent", "sends the call on")
            if self._says_exit():
                return End("given back", "gives the call back")
            return End("left", "leaves the call up")
        cause = str(call.cause)
        return End("hangup", "hangs up" if cause == "NORMAL_CLEARING" else f"hangs up: {cause}")

    def _sent(self) -> bool:
        return any(declared(name).sends for name, _ in self.line.channel.app_log[-2:])

    def _says_exit(self) -> bool:
        return any(
            sender == "app" and isinstance(what, bytes) and what.lower().startswith(b"exit")
            for _, sender, _, what in self.call.transcript.entries_raw[-8:]
        )

    def _reach(self, seen: Seen) -> None:
        self.outcome.approach = approach(self, seen)

    def _hang_up(self) -> None:
        """The caller hangs up; the handler must come to an end."""
        call = self.call
        self._closing = True
        if self._attempt.hasty and self.world.patience is not None:
            self.world.patience /= 5
        self.simulation.later(0.0, self.line.hang_up)
        if not self.simulation.run(lambda: call.ended, LATE):
            self._outlives()

    # What went wrong

    def _trouble(self, kind: str, text: str, place: Place | None) -> None:
        self.outcome.troubles.append(Trouble(kind, text, place, self._closing))

    def _where(self) -> Place | None:
        seen = self.observer.look()
        return None if seen is None else seen.situation.place

    def _outlives(self) -> None:
        what = f"goes on {LATE:g} s after the call has ended"
        self._trouble("outlives", f"the handler {what}", self._where())

    def _stuck(self, error: SimulationError) -> None:
        self.outcome.slow = True
        why = str(error).partition("\n")[0]
        # Where it is at this very moment may be anywhere in a loop: where it last waited is told.
        place = None if self._seen is None else self._seen.situation.place
        if self.line.hung_up:
            text = f"the handler goes on after the call has ended: {why}"
            self._trouble("outlives", text, place)
        else:
            if self._where() == self._where():
                place = self._where()
            self._trouble("stuck", f"the handler waits for nothing of the call: {why}", place)
        if self.outcome.ended is None:
            self.outcome.ended = End("stuck", "is stuck")

    def _abandon(self) -> None:
        """Have the handler's thread end, by an exception that comes out of nowhere."""
        if self.line.link is not None:
            self.world.abandon(self.line.link, _Abandoned)

    def _look_back(self, draw: bool) -> None:
        call, outcome = self.call, self.outcome
        error = call.error
        if error is not None and not isinstance(error, _Abandoned):
            kind = "raises" if call.given_back else "after-hangup"
            self._trouble(kind, summary_of(error), place_of(error))
            if self._closing and outcome.troubles[-1].kind == "raises":
                outcome.troubles[-1] = Trouble("raises", summary_of(error), place_of(error), False)
        outcome.played = frozenset(prompt.name for prompt in self.line.prompts)
        outcome.answered = call.answered
        outcome.dialled = frozenset(self.simulation.legs.dialled)
        players = (each.name for each in declarations() if each.api and each.prompts)
        elsewhere = (*ELSEWHERE, *(f"api {name}".encode() for name in players))
        said: list[bytes] = []
        for _, sender, _, what in call.transcript.entries_raw:
            if sender == "app" and isinstance(what, bytes):
                if what.startswith(elsewhere):
                    said.append(what)
        outcome.elsewhere = b"".join(said)
        log = self.line.channel.app_log
        outcome.recorded = frozenset(
            data.split(" ")[0] for name, data in log if declared(name).records
        )
        named = "\n".join(data for name, data in log if declared(name).prompts)
        outcome.files = frozenset(each for each in outcome.played if each in named)
        if draw:
            outcome.ladder = call.ladder()

    def _look_at_log(self) -> None:
        if self.call.error is not None:
            return
        for record in self._log:
            error = record.exc_info[1] if record.exc_info else None
            if error is not None and "on_hangup" in record.getMessage():
                self._trouble("after-hangup", summary_of(error), place_of(error))


# How to get there


def approach(making: _Making, seen: Seen) -> Approach:
    """The steps from the last one to a situation that was just reached."""
    line, situation = making.line, seen.situation
    sound = making.observer._playing()
    passed = (making.simulation.now - making._last) / SECOND
    late = {"timeout": round(passed) + 600} if passed > LONG or making.measured else {}
    at: tuple[Step, ...] | None = None
    out: tuple[Step, ...] | None = None
    if sound is not None:
        name = _first(making.line, sound)
        if name is not None and sound.heard.started >= making.world.now - SHORT:
            at = (Step("hear", {"prompt": name, "start": True, **late}),)
        last = _last(making.line, sound)
        if last is not None:
            out = (Step("hear", {"prompt": last, **late}),)
    if at is None and situation.application and situation.application != "get_digits":
        began = [name for at_, name in line.fired if at_ > line.mark]
        if began.count(situation.application) == 1:
            at = (Step("expect", {"what": situation.application, **late}),)
    if at is None:
        seconds = (making.simulation.now - making._last + SHORT // 2) / SECOND
        at = (Step("say_nothing", {"seconds": seconds}),)
    return Approach(at, out)


def _first(line: Line, sound: HeardPrompt) -> str | None:
    """What the caller hears first of a sound, if that is told from all since the last step."""
    mine = [each for each in line.prompts if each.began >= sound.began]
    heard = next((each for each in mine if each.told), None)
    if heard is None:
        return None
    for each in line.prompts:
        if each.began > line.mark and same_prompt(each.name, heard.name):
            return without_suffix(heard.name) if each is heard else None
    return None


def _last(line: Line, sound: HeardPrompt) -> str | None:
    """What the caller hears last of a sound that has just begun."""
    pieces = sound.heard.pieces
    names = [name for name, _ in pieces._starts] if pieces is not None else []
    if names:
        last = names[-1]
        if any(same_prompt(name, last) for name in names[:-1]):
            return None
    else:
        told = [each for each in line.prompts if each.began >= sound.began and each.told]
        if not told:
            return None
        last = told[-1].name
    for each in line.prompts:
        if each.began > sound.began or each is sound:
            continue
        if same_prompt(each.name, last) and (each.ended is None or each.ended > line.mark):
            return None
    return without_suffix(last)


def place_of(error: BaseException) -> Place | None:
    """The handler's line that an exception comes from."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if is_own(frame.filename)
    ]
    if not frames:
        return None
    return Place(frames[-1].filename, frames[-1].lineno or 0, frames[-1].name)
