"""Makes one call of an exploration: takes its steps, watches what they lead to, and hangs up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from types import FrameType

from eslsync import Outbound
from eslsync.call.leg import Collecting
from eslsync.loading import Handler
from eslsync.wire.declared import declared

from ..calling.call import CallFailed, line_of
from ..calling.freeswitch import FreeSwitch, simulation_of
from ..clockwork.frozen import reads_noticed
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import SimulationError, World
from ..scripts.script import Script
from ..scripts.steps import Step
from .approaches import SHORT, approach
from .attempts import Attempt, AttemptOutcome, CallEnd, Trouble
from .back_ends import Asked
from .clock_reads import ClockReads
from .facts import USUAL
from .observer import Observer, Sighting
from .rounds import Rounds
from .stories import ended, so_far, story_of
from .surroundings import Abandoned
from .troubles import troubles_of
from .uses import note_uses
from .whereabouts import Place, own_places
from .who_calls import looks_noticed

__all__ = ["LATE", "Making"]

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
#: Looks at a handler that is stuck, and real seconds between them.
MOMENTS, MOMENT = 8, 0.005
#: Verbs of steps after which a situation may be another one.
ACTS = ("press", "talk", "says")


class Making:
    """Makes one call, that of ``script``, and notes its `outcome`.

    ``notices_looks``: it notices when something depends on who calls.
    """

    def __init__(
        self,
        attempt: Attempt,
        script: Script,
        observer: Observer,
        *,
        patience: float | None,
        notices_looks: bool,
    ) -> None:
        self.observer = observer
        self._attempt = attempt
        self._script = script
        self._patience = patience
        self._notices_looks = notices_looks
        self._clock = ClockReads(lambda: (self.world.now - self._began) / SECOND)
        self.outcome = AttemptOutcome(keeps=False, clock=self._clock.places)
        #: True when the caller has hung up, after all steps.
        self.closing = False
        self._last = 0  # the end of the last step
        self._measured = "prompts" in attempt.call or "sounds" in attempt.call
        self._seen: Sighting | None = None  # the last situation
        self._heard = self._executed = 0
        self._from: int | None = None

    def make(self, app: Callable[[], Handler | Outbound], *, draw: bool) -> None:
        """Make the call to an app; ``draw`` its ladder, too."""
        options, circumstances = self._script.circumstances()
        faults = circumstances.get("faults", ())
        circumstances["faults"] = [replace(fault, optional=True) for fault in faults]
        try:
            with (
                looks_noticed(USUAL["caller"], self._looks)
                if self._notices_looks
                else nullcontext(),
                reads_noticed(self._clock.time_of_day, self._clock.seconds),
                FreeSwitch(**options, raises=False, patience=self._patience) as switch,
            ):
                self.simulation = simulation_of(switch)
                assert isinstance(self.simulation.world, World)
                self.world = self.simulation.world
                self.simulation.outside.on_asked = self._asks
                self._began = self.world.now
                called = app()
                self.threads = threading.enumerate()  #: those of before the call
                self.call = switch.call(self.observer.watched(called), **circumstances)
                self.observer.follow(self.call)
                self.line = line_of(self.call)
                self._last = self.simulation.now
                self._script.set_up(self.call)
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

    def _looks(self, frame: FrameType | None) -> None:
        """Note the first look at who calls, from the beginning of the handler on."""
        if self.outcome.looks is None and self.line.session is not None:
            self.outcome.looks = () if frame is None else own_places(frame)
            self.outcome.looks_at_end = self.closing

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
        silent = not any(step.verb in ACTS for step in attempt.act)
        if attempt.hangs_up or self.outcome.astray or self.outcome.taken:
            self.outcome.did = tuple(self.observer.log[begun:])
            if before is not None and silent:
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
                self._reach(seen, silent and before is not None and before.situation.asks)
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
        rounds = Rounds(observer, lambda: self._clock.count)

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

        read = self._clock.count
        self.simulation.run(enough, STAYS if known else PATIENT)
        if known and self._clock.count > read and not (found or rounds.too_many):
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

    def _reach(self, seen: Sighting, past_question: bool) -> None:
        self.outcome.approach = approach(
            self.line,
            seen.situation,
            self.observer.playing(),
            now=self.simulation.now,
            since=self._last,
            measured=self._measured,
            past_question=past_question,
        )

    def _hang_up(self) -> None:
        """Hang up; then the handler must end."""
        call = self.call
        self.closing = True
        self.simulation.later(0.0, self.line.hang_up)
        if not self.simulation.run(lambda: call.ended, LATE):
            self._outlives()

    # Problems

    def _trouble(self, kind: str, text: str, place: Place | None) -> None:
        self.outcome.troubles.append(Trouble(kind, text, place, self.closing))

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
        last = None if self._seen is None else self._seen.situation.place
        outcome.troubles += troubles_of(
            self._attempt, call, self.observer, outcome.ended, last, at_hangup=self.closing
        )
        note_uses(outcome, call, self.observer)
        if draw:
            outcome.ladder = call.ladder()
