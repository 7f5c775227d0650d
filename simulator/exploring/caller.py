"""Makes the calls of an exploration.

Each call has a new switch, begins from nothing, and so takes the same course each time. Only the
server that the switch calls may be that of the call before (`simulator.calling.servers`).
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import re
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import FrameSummary
from types import FrameType
from typing import NoReturn

from eslsync import ESLError, Hangup, Outbound
from eslsync.call.leg import Collecting
from eslsync.loading import Handler
from eslsync.stacks import stack_of, summary_of
from eslsync.wire.declared import declarations, declared

from ..calling.call import CallFailed, line_of, why_unknown
from ..calling.freeswitch import FreeSwitch, simulation_of
from ..clockwork.frozen import reads_noticed
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import SimulationError, World
from ..model.evidence import StandsOn
from ..scripts.script import Script
from ..scripts.steps import Step
from .approaches import SHORT, approach
from .attempts import Attempt, AttemptOutcome, BridgeEnd, CallEnd, Trouble
from .back_ends import Asked, is_from_a_trial
from .boundaries import Turns
from .facts import USUAL
from .lines import Lines
from .observer import Observer, Sighting
from .probes import Ran, Spot
from .reach import skipped_work
from .rounds import Rounds
from .situations import Situation
from .stories import ended, so_far, story_of
from .whereabouts import Place, is_own, own_places, places_of
from .who_calls import looks_noticed

__all__ = ["FORGOTTEN", "LATE", "Caller"]

#: Simulated seconds without anything new after which nothing new is expected.
PATIENT = 4 * 3600.0
#: Steps of the simulation after which a wait without a timeout counts as one for ever.
MANY_STEPS = 2_000
#: Simulated seconds that a caller stays when every situation is known.
STAYS = 600.0
#: The same, if the handler asks for the time meanwhile, as a loop that counts minutes does.
BY_THE_CLOCK = 3600.0
#: Simulated seconds that a handler may continue after the hangup.
LATE = 30.0
#: The beginnings of commands for legs other than the caller's.
ELSEWHERE = (b"sendmsg ", b"bgapi", b"api conf")


#: The kind of a Hangup that is swallowed with nothing but the end behind it.
FORGOTTEN = "forgotten"
#: Functions of libraries between the handler and datetime.now, at most.
HELPERS = 3


#: Real seconds of patience with handlers at lines that have used up the full patience before.
KNOWN_PATIENCE = 0.2
#: Real seconds that a thread of the handler may run on after the call.
GRACE = 0.5
#: Looks at a handler that is stuck, and real seconds between them.
MOMENTS, MOMENT = 8, 0.005


#: An application that the handler has the caller's channel execute.
EXECUTES = re.compile(rb"\Asendmsg\n(?:.*\n)*?execute-app-name: (.*)")


#: The note of an exception that a handler logs.
LOGGED = re.compile(r"logs (ERROR|CRITICAL): .* \(\w+: .*\)\Z", re.DOTALL)


#: Applications after which the call is somebody else's.
LEAVES = ("transfer", "deflect", "redirect")


#: Verbs of steps after which a situation may be another one.
ACTS = ("press", "talk", "says")


class Abandoned(BaseException):
    """Ends a handler that would not end otherwise."""


class Exits(BaseException):
    """The handler would end its process."""


@dataclass
class Caller:
    """Makes calls to a handler."""

    app: Callable[[], Handler | Outbound]
    #: True if the last call may have changed what later ones meet in the same process.
    keeps: Callable[[], bool] = lambda: True
    key: Callable[[Situation], object] | None = None
    patience: float | None = 5.0
    base: Path = Path()  #: the folder of files named in circumstances
    lines: Lines | None = None
    ran: Ran = field(default_factory=Ran)
    turns: Turns | None = None
    questions: frozenset[Spot] = frozenset()  #: statements that depend on facts about the call
    #: What its calls used of FreeSWITCH.
    stands_on: StandsOn = field(default_factory=StandsOn)
    #: Lines of the handler at which it has used up the patience.
    stuck: set[Place] = field(default_factory=set)
    #: True if each outcome tells all that ran and was used, not only what no other has told.
    tells_all: bool = False
    #: True to notice in the usual caller's calls when something depends on who calls.
    notices_looks: bool = False
    one_process: bool = False  #: True if the handler keeps its state from call to call
    #: The functions of threads that ran on after a call; True if they did so for long.
    left: dict[tuple[str, str], bool] = field(default_factory=dict)

    def make(self, attempt: Attempt, *, draw: bool = False) -> AttemptOutcome:
        """Make one call; ``draw`` its ladder, too."""
        self.ran.begin()
        with _quiet() as log, _same_randomness(), _no_exit():
            patience = self.patience
            if self.stuck and patience is not None:
                patience = min(patience, KNOWN_PATIENCE)
            outcome = _Making(self, attempt, log, draw, patience).outcome
            if outcome.slow and patience != self.patience and not self.stuck & outcome.stuck_at:
                # It may only be slow: it gets the full patience at a line that is not known.
                outcome = _Making(self, attempt, log, draw, self.patience).outcome
            self.stuck |= outcome.stuck_at
        outcome.keeps = outcome.keeps or self.keeps()
        outcome.asks = self.questions & self.ran.now
        outcome.ran = frozenset(self.ran.now) if self.tells_all else self.ran.new()
        if not self.tells_all:
            outcome.stands_on = tuple(filter(self.stands_on.use, outcome.stands_on))
        if self.lines is not None:
            outcome.lines = self.lines.new()
        return outcome


class _Keeper(logging.Handler):
    """Keeps records in a list."""

    def __init__(self, kept: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(record)


@contextmanager
def _quiet() -> Iterator[list[logging.LogRecord]]:
    """Collect the errors that the library logs, instead of showing them."""
    logger = logging.getLogger("eslsync")
    kept: list[logging.LogRecord] = []
    handlers, level, propagate = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [_Keeper(kept)], False
    logger.setLevel(logging.ERROR)
    try:
        yield kept
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@contextmanager
def _same_randomness() -> Iterator[None]:
    """Begin the module `random` anew, so that each call takes the same course."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def _no_exit() -> Iterator[None]:
    """Let ``os._exit`` raise, except in a worker process, which will be missed."""
    if multiprocessing.parent_process() is not None:
        yield
        return
    process, leave = os.getpid(), os._exit

    def exits(status: int) -> NoReturn:
        if os.getpid() == process:
            raise Exits(f"os._exit({status}) ends the whole server, with all its calls")
        leave(status)

    os._exit = exits
    try:
        yield
    finally:
        os._exit = leave


class _Making:
    """One call: makes it, and leaves its `outcome`."""

    def __init__(
        self,
        caller: Caller,
        attempt: Attempt,
        log: list[logging.LogRecord],
        draw: bool,
        patience: float | None,
    ) -> None:
        self.outcome = AttemptOutcome(keeps=False)
        self._log = log
        self._attempt = attempt
        self._last = 0  # the end of the last step
        script = Script("handler", call=attempt.call, path=caller.base / "script")
        options, circumstances = script.circumstances()
        faults = circumstances.get("faults", ())
        circumstances["faults"] = [replace(fault, optional=True) for fault in faults]
        self._closing = False
        self._clock_reads = 0
        self._measured = "prompts" in attempt.call or "sounds" in attempt.call
        watches = caller.notices_looks and attempt.is_usual
        try:
            with (
                looks_noticed(USUAL["caller"], self._looks) if watches else nullcontext(),
                reads_noticed(self._reads_clock, self._reads_seconds),
                FreeSwitch(**options, raises=False, patience=patience) as switch,
            ):
                self.simulation = simulation_of(switch)
                assert isinstance(self.simulation.world, World)
                self.world = self.simulation.world
                self.simulation.outside.on_asked = self._asks
                self._began = self.world.now
                self.observer = Observer(
                    attempt.call.get("endpoints", {}), caller.key, caller.turns
                )
                app = caller.app()
                threads = threading.enumerate()
                self.call = switch.call(self.observer.watched(app), **circumstances)
                self.observer.follow(self.call)
                self.line = line_of(self.call)
                self._last = self.simulation.now
                script.set_up(self.call)
                try:
                    self._go()
                except SimulationError as error:
                    self._stuck(error)
                self._look_back(draw)
                if not self.call.ended and self.line.link is not None:
                    self.world.abandon(self.line.link, Abandoned)
                try:
                    self.simulation.finish()
                except AssertionError:
                    pass  # reported already
        except SimulationError as error:
            # a server that was stopped during a look-up has left it behind
            self._trouble("outlives", str(error), self.outcome.look_ups[-1].places[-1])
        self._look_at_log()
        self._look_for_threads(threads, caller)

    def _reads_clock(self, frame: FrameType) -> None:
        """Note where the handler asks for the time of day, and when it does for the first time."""
        self._clock_reads += 1
        own = _own_frame(frame)
        if own is not None:
            places = own_places(own)
            self.outcome.clock.setdefault(places, (self.world.now - self._began) / SECOND)

    def _reads_seconds(self, frame: FrameType) -> None:
        """Note that the handler asks how long something lasts."""
        self._clock_reads += _own_frame(frame) is not None

    def _looks(self, frame: FrameType | None) -> None:
        """Note the first look at who calls, from the beginning of the handler on."""
        if self.outcome.looks is None and self.line.session is not None:
            self.outcome.looks = () if frame is None else own_places(frame)
            self.outcome.looks_at_end = self._closing

    def _asks(self, frame: FrameType, name: str, number: int) -> None:
        """Note a look-up, on the handler's thread."""
        asked = Asked(name, number, own_places(frame), self.line.hung_up)
        self.outcome.look_ups += (asked,)

    # The course of the call

    def _go(self) -> None:
        attempt = self._attempt
        begun = taken = 0  # applications before the last step, and steps taken
        try:
            for step in attempt.steps:
                begun = len(self.observer.log)
                self._play(step)
                taken += 1
            before = self._do(attempt.act)
        except CallFailed:
            before = None
            self.outcome.taken = self._has_been_taken()
            self.outcome.astray = taken < attempt.proven or not (
                self.call.ended or self.outcome.taken
            )
        self.outcome.up = not self.line.hung_up
        if attempt.hangs_up or self.outcome.astray or self.outcome.taken:
            self.outcome.did = tuple(self.observer.log[begun:])
            if before is not None and not any(step.verb in ACTS for step in attempt.act):
                self.outcome.left = before.situation.key
            if self.call.ended or self.line.given_back or self.line.hung_up:
                self.simulation.run(lambda: self.call.ended, LATE)
                self.outcome.ended = self._end()
            self._hang_up()
            return
        seen = self._watch(before)
        self._mark_reached(before, seen)
        if not self.call.ended:
            if seen is not None:
                self._reach(seen)
            self._hang_up()

    def _has_been_taken(self) -> bool:
        """True if an entry, to be made at every try, was taken at the first.

        Only a function of the handler knows which are.
        """
        asked = None if self._seen is None else self._seen.holder
        session = self.line.session
        return (
            isinstance(asked, Collecting)
            and asked.valid is not None
            and session is not None
            and session.channel.leg.collecting is not asked
        )

    def _play(self, step: Step) -> None:
        step.play(self.call)
        self.outcome.told += (so_far(self.line),)
        self._last = self.simulation.now

    def _do(self, steps: Sequence[Step]) -> Sighting | None:
        """Run the steps; return the situation just before."""
        before: Sighting | None = None
        for number, step in enumerate(steps):
            if step.verb in ACTS and before is None:
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

    def _note_before(self) -> Sighting | None:
        self._heard = len(self._told())
        self._executed = len(self.observer.log)
        self._from = self.simulation.now
        self._seen = self.observer.look()
        return self._seen

    _seen: Sighting | None = None  # the last situation
    _heard = _executed = 0
    _from: int | None = None

    def _told(self) -> list[str]:
        return self.call.heard if self.line.begun else []

    def _watch(self, before: Sighting | None) -> Sighting | None:
        """Let time pass until the handler waits in another situation; None if it never does."""
        call, line, world, observer = self.call, self.line, self.world, self.observer
        found: list[Sighting] = []
        number, known = self._attempt.number, self._attempt.known
        model = self.simulation.model
        state: object = None
        since = world.now
        looked: object = None
        wait, steps = observer.endless_wait, 0
        rounds = Rounds(observer, lambda: self._clock_reads)

        def enough() -> bool:
            nonlocal state, since, looked, wait, steps
            if call.ended or line.hung_up or self.line.given_back:
                return True
            if line.session is None:
                return False
            now = (observer.waits_for, line.events)
            last, wait = wait, observer.endless_wait
            steps = steps + 1 if wait is not None and wait is last else 0
            if steps > MANY_STEPS:
                return True
            if now != state:
                state, since = now, world.now
            due = world.next_due()
            if due is not None and due - world.now < SHORT and world.now - since < SHORT:
                return rounds.step(hasty=True)
            happened = (world.wakes, model.events_made, line.events)
            if happened == looked:
                return False  # nothing has changed since the last look
            looked = happened
            seen = observer.look()
            if seen is None or seen.situation.key in known:
                return rounds.step(hasty=False)
            if seen.resumes(number) or (before is not None and before.goes_on(seen)):
                return rounds.step(hasty=False)
            found.append(seen)
            return True

        read = self._clock_reads
        self.simulation.run(enough, STAYS if known else PATIENT)
        if known and self._clock_reads > read and not (found or rounds.too_many):
            self.simulation.run(enough, BY_THE_CLOCK - STAYS)
        if found:
            self._seen = found[0]
            return self._seen
        if rounds.too_many and (rounds.hasty or not rounds.same):
            self._goes_round(rounds.same)
            return None
        if line.hung_up and not call.ended:
            if not self.simulation.run(lambda: call.ended, LATE):
                self._outlives()
        elif self.line.given_back:
            self.simulation.run(lambda: call.ended, LATE)
        return None

    def _mark_reached(self, before: Sighting | None, seen: Sighting | None) -> None:
        outcome = self.outcome
        outcome.said = tuple(self._told()[self._heard :])
        outcome.did = tuple(self.observer.log[self._executed :])
        began = self._from if self._from is not None else self.line.began
        outcome.seconds = (self.simulation.now - began) / SECOND
        outcome.time = self.line.lasts
        outcome.story = story_of(self.line)
        call = self.call
        if seen is not None:
            outcome.reached = seen.situation
            if outcome.said and seen.situation.prompt == outcome.said[-1]:
                outcome.said = outcome.said[:-1]
            return
        if outcome.ended is not None:
            return
        if not call.ended and not self.line.given_back and not self.line.hung_up:
            outcome.waits_for_ever = True
            outcome.reached = before.situation if before is not None else None
            if outcome.reached is None:
                outcome.ended = CallEnd("for ever", "nothing happens any more")
            return
        outcome.ended = self._end()
        outcome.story += ended(outcome.ended.how, self.line)

    def _end(self) -> CallEnd:
        call = self.call
        if self.line.error is not None:
            return CallEnd("raised", f"raises {type(self.line.error).__name__}")
        if self.observer.taken_away:
            return CallEnd("sent", "is transferred by others")
        if self.line.given_back:
            if self._sent():
                return CallEnd("sent", "sends the call on")
            if self._says_exit():
                return CallEnd("given back", "gives the call back")
            return CallEnd("left", "leaves the call up")
        cause = str(call.cause)
        return CallEnd("hangup", "hangs up" if cause == "NORMAL_CLEARING" else f"hangs up: {cause}")

    def _sent(self) -> bool:
        return any(declared(name).sends for name, _ in self.line.channel.app_log[-2:])

    def _says_exit(self) -> bool:
        return any(
            sender == "app" and isinstance(what, bytes) and what.lower().startswith(b"exit")
            for _, sender, _, what in self.call.transcript.entries_raw[-8:]
        )

    def _reach(self, seen: Sighting) -> None:
        self.outcome.approach = approach(
            self.line,
            seen.situation,
            self.observer.playing(),
            now=self.simulation.now,
            since=self._last,
            measured=self._measured,
        )

    def _hang_up(self) -> None:
        """Hang up; then the handler must end."""
        call = self.call
        self._closing = True
        self.simulation.later(0.0, self.line.hang_up)
        if not self.simulation.run(lambda: call.ended, LATE):
            self._outlives()

    # Problems

    def _trouble(self, kind: str, text: str, place: Place | None) -> None:
        self.outcome.troubles.append(Trouble(kind, text, place, self._closing))

    def _outlives(self) -> None:
        what = f"goes on {LATE:g} s after the call has ended"
        self._trouble("outlives", f"the handler {what}", self.observer.place())

    def _goes_round(self, same: bool) -> None:
        self.outcome.ended = CallEnd("for ever", "goes round and round")
        what = "the handler goes round and round, and hardly any time passes"
        place = self.observer.place()
        if same:
            text = f"{what}: nothing ends it but the caller's own hangup"
            self._trouble("no-exit", text, place)
        else:
            self._trouble("cut", f"{what}: not followed to its end", place)

    def _stuck(self, error: SimulationError) -> None:
        self.outcome.slow = True
        self.outcome.stuck_at = self._lines()
        why = str(error).partition("\n")[0]
        # The place where it last waited: at this moment it may be anywhere in a loop.
        place = None if self._seen is None else self._seen.situation.place
        if self.line.hung_up:
            text = f"the handler goes on after the call has ended: {why}"
            self._trouble("outlives", text, place)
        else:
            now = self.observer.place()
            if now == self.observer.place():
                place = now
            self._trouble("stuck", f"the handler waits for nothing of the call: {why}", place)
        if self.outcome.ended is None:
            self.outcome.ended = CallEnd("stuck", "is stuck")

    def _lines(self) -> frozenset[Place]:
        """The handler's lines in a few moments, as it may be in a loop."""
        pause = threading.Lock()
        pause.acquire()
        found = set()
        for _ in range(MOMENTS):
            found.add(self.observer.place())
            pause.acquire(timeout=MOMENT)
        return frozenset(place for place in found if place is not None)

    def _look_back(self, draw: bool) -> None:
        call, outcome = self.call, self.outcome
        error = self.line.error
        if isinstance(error, ESLError) and is_from_a_trial(self._attempt.call):
            error = None  # it tells of the connection that was to break
        if error is not None and not isinstance(error, Abandoned):
            kind = "raises" if self.line.given_back else "after-hangup"
            text = str(error) if isinstance(error, Exits) else summary_of(error)
            self._trouble(kind, text, place_of(error))
            if self._closing and outcome.troubles[-1].kind == "raises":
                outcome.troubles[-1] = Trouble("raises", text, place_of(error), False)
        if self.line.unknown:
            place = self.observer.hung_up_at
            text = why_unknown(self.line)
            outcome.troubles.append(Trouble("unknown-application", text, place, at_hangup=False))
        self._look_at_answers()
        self._look_at_work_after_hangup()
        self._look_for_swallowed()
        if self.observer.waits_long_at is not None:
            text = f"a far end that presses nothing is waited for for {self.observer.slowest:.0f} s"
            place = self.observer.waits_long_at
            outcome.troubles.append(Trouble("silence", text, place, at_hangup=False))
        self._look_for_lost_transfer()
        self._look_for_logged_error()
        outcome.heard = tuple(prompt.name for prompt in self.line.prompts)
        outcome.played = frozenset(outcome.heard)
        outcome.answered = self.line.answered
        outcome.transfers = tuple(self.observer.transfers)
        outcome.bridges = tuple(
            BridgeEnd(place, taken, up, outcome.heard[number:])
            for place, up, taken, number in self.observer.bridges
        )
        outcome.stands_on = call.stands_on.parts
        outcome.not_modelled = self.observer.lacks
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

    def _look_at_answers(self) -> None:
        observer, ended = self.observer, self.outcome.ended
        found: list[tuple[str, Place | None]] = []
        if observer.answered_again is not None:
            found.append(("the call is answered a second time", observer.answered_again))
        if observer.unanswered is not None:
            text = "the caller is asked for keys, or recorded, before the call is answered"
            found.append((text, observer.unanswered))
        elif (
            ended is not None
            and ended.text == "hangs up"
            and not self.line.answered
            and self.line.prompts
            and "pre_answer" not in observer.log
        ):
            seen = None if self._seen is None else self._seen.situation.place
            found.append(("prompts are played, and the call is never answered", seen))
        for text, place in found:
            self.outcome.troubles.append(Trouble("answer", text, place, at_hangup=False))

    def _look_for_swallowed(self) -> None:
        taken = self.observer.taken_away
        kind, what = ("taken-away", "Transferred") if taken else ("swallowed", "Hangup")
        if self.observer.went_on is not None:
            caught, then = self.observer.went_on
            text = f"a {what} is caught: the handler goes on until the next, at line {then.line}"
            self._trouble(kind, text, caught)
        elif self.call.ended and self.call.error is None and self.observer.forgotten is not None:
            caught, line = self.observer.forgotten
            text = f"a {what} is caught here as any error is, and forgotten"
            kind = FORGOTTEN if kind == "swallowed" else kind
            self._trouble(kind, text, replace(caught, line=line))

    def _look_for_lost_transfer(self) -> None:
        """Look whether the handler has transferred the call, and then hung it up."""
        transferred = False
        for _, sender, _, what in self.call.transcript.entries_raw:
            if sender == "caller" and str(what).startswith("hangs up"):
                return
            if sender != "app" or not isinstance(what, bytes):
                continue
            name = EXECUTES.search(what)
            application = name[1].decode() if name else ""
            if application == "hangup" and transferred:
                text = "the call is transferred, and hung up all the same"
                place = self.observer.hung_up_at
                self.outcome.troubles.append(Trouble("transfer-lost", text, place, False))
                return
            transferred |= application in LEAVES

    def _look_for_logged_error(self) -> None:
        """Look whether the handler has logged an exception, and then hung up without a word."""
        logged = ""
        for _, sender, _, what in self.call.transcript.entries_raw:
            if sender == "caller" and str(what).startswith("hangs up"):
                return
            if sender == "app" and isinstance(what, bytes):
                name = EXECUTES.search(what)
                if name is None:
                    continue
                if name[1] == b"hangup" and logged and self.call.answered:
                    text = f"the handler {logged}, and hangs up on the caller without a word"
                    place = self.observer.hung_up_at
                    self.outcome.troubles.append(Trouble("no-word", text, place, False))
                    return
                logged = "" if name[1] != b"hangup" else logged
            elif sender == "app" and LOGGED.match(str(what)):
                logged = str(what)

    def _look_at_work_after_hangup(self) -> None:
        """Look whether the Hangup was raised again where it was handled, and skipped the rest."""
        again = self.observer.hangup
        first = None if again is None else again.__context__
        if again is None or not isinstance(first, Hangup) or place_of(first) == place_of(again):
            return
        for frame in traceback.extract_tb(again.__traceback__):
            if is_own(frame.filename):
                line = skipped_work(frame.filename, frame.lineno or 0)
                if line is not None:
                    text = f"Hangup is raised again where it is handled, and skips line {line}"
                    self._trouble("after-hangup", text, place_of(again))
                    return

    def _look_for_threads(self, before: Sequence[threading.Thread], caller: Caller) -> None:
        """Look for threads that the handler has started, and that outlive the call.

        Those that let the process end count if each call leaves another: a worker for all calls,
        which the first starts, is no fault.
        """
        if self.outcome.slow:
            self.outcome.keeps = True
            return  # it is the handler's own that is left
        self.outcome.keeps |= bool(self.simulation.left)
        for each in self.simulation.left:
            self._look_at_thread(each.stack, each.daemon, caller, lambda _: True)
        for thread in set(threading.enumerate()) - set(before):

            def runs_on(grace: float, thread: threading.Thread = thread) -> bool:
                thread.join(grace)
                return thread.is_alive()

            self._look_at_thread(stack_of(thread), thread.daemon, caller, runs_on)

    def _look_at_thread(
        self,
        stack: Sequence[FrameSummary],
        daemon: bool,
        caller: Caller,
        runs_on: Callable[[float], bool],
    ) -> None:
        own = [each for each in stack if is_own(each.filename)]
        if not own:
            return
        self.outcome.keeps = True
        which = own[0].filename, own[0].name
        is_known = caller.left.get(which)  # None if it is the first one
        caller.left.setdefault(which, False)
        if daemon and (is_known is None or not caller.one_process):
            return
        if runs_on(0 if is_known else GRACE):
            caller.left[which] = True
            place = Place(own[0].filename, own[0].lineno or 0, own[0].name)
            text = "a thread that the handler has started runs on after the call"
            self.outcome.troubles.append(Trouble("outlives", text, place, at_hangup=False))

    def _look_at_log(self) -> None:
        if self.line.error is not None:
            return
        for record in self._log:
            error = record.exc_info[1] if record.exc_info else None
            if error is not None and "on_hangup" in record.getMessage():
                self._trouble("after-hangup", summary_of(error), place_of(error))


def _own_frame(frame: FrameType | None) -> FrameType | None:
    """The handler's frame that asks for the time, itself or through functions of libraries."""
    for _ in range(HELPERS):
        if frame is None or is_own(frame.f_code.co_filename):
            return frame
        frame = frame.f_back
    return None


def place_of(error: BaseException) -> Place | None:
    """The handler's line that raised an exception."""
    places = places_of(error)
    return places[-1] if places else None
