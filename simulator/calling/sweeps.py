"""Runs one script again and again, with a fault at each step: the handler must always end well."""

from __future__ import annotations

import gc
import itertools
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NoReturn, Protocol, runtime_checkable

import eslsync
from eslsync import Bridged, ESLError, Hangup, Outbound, Played, Recorded
from eslsync.callables import check_function, check_returned
from eslsync.checked import checked
from eslsync.loading import Handler
from eslsync.protocol import Message
from eslsync.stacks import is_ours
from eslsync.wire.keys import Keys

from ..clockwork.frozen import standing_still
from ..clockwork.held_threads import Left
from ..ladders.transcript import Entry, LookUp
from ..model.evidence import Part
from .call import Call, line_of, why_unknown
from .faults import Fault, FaultKind, can_befall
from .freeswitch import FreeSwitch, simulation_of
from .killed import Aftermath, AppKilled, Fate
from .leaks import descriptors, objects_since_freeze, threads_left
from .outside import Function

__all__ = ["FaultRun", "Sweep", "sweep"]


@runtime_checkable
class Described(Protocol):
    """Has the circumstances of its calls, as a `simulator.scripts.script.Script` does."""

    def circumstances(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of FreeSwitch, and those of FreeSwitch.call."""


@dataclass(frozen=True)
class FaultRun:
    """The outcome of one run with one or two faults."""

    faults: tuple[Fault, ...]  #: one, or two in the order of their steps
    at: str  #: the message of the first fault
    raised: BaseException | None  #: by the handler
    wrong: str | None  #: what went wrong; None if nothing
    missed: tuple[Fault, ...] = ()  #: the call ended before these could happen
    fate: Fate | None = None  #: what became of the caller, if the app was killed

    @property
    def stranded(self) -> bool:
        """True if the caller stays with nobody, and nothing else is wrong."""
        return self.fate is not None and self.wrong is not None and self.wrong == self.fate.wrong

    @property
    def fault(self) -> Fault:
        """The first fault."""
        return self.faults[0]

    @property
    def ending(self) -> str:
        """The end of the handler, in one word."""
        if self.raised is None:
            return "returned"
        names = [each.__name__ for each in type(self.raised).__mro__]
        return next((name for name in names if name in eslsync.__all__), names[0])

    @property
    def row(self) -> str:
        """Its row in the table."""
        if len(self.faults) == 1:
            return self.fault.kind
        return "two, one missed" if self.missed else "two at once"

    def __str__(self) -> str:
        faults = " and ".join(map(str, self.faults))
        how = self.wrong or self.ending if self.fate is None else f"the caller {self.fate}"
        return f"{faults} ({self.at}): {self.wrong or how}"


@dataclass
class Sweep:
    """The outcomes of a sweep; ``str()`` of it is a table."""

    steps: int = 0  #: messages of the run without a fault
    outcomes: list[FaultRun] = field(default_factory=list)

    @property
    def wrong(self) -> list[FaultRun]:
        """The runs that went wrong."""
        return [outcome for outcome in self.outcomes if outcome.wrong is not None]

    def __bool__(self) -> NoReturn:
        raise TypeError("a Sweep is neither true nor false: assert not sweep(...).wrong")

    def __str__(self) -> str:
        endings = sorted({outcome.ending for outcome in self.outcomes})
        header = ["fault", "runs", *endings, "wrong"]
        rows = [header]
        for name in dict.fromkeys(outcome.row for outcome in self.outcomes):
            runs = [outcome for outcome in self.outcomes if outcome.row == name]
            count = Counter(outcome.ending for outcome in runs)
            bad = sum(outcome.wrong is not None for outcome in runs)
            rows.append([name, str(len(runs)), *(str(count[e] or "") for e in endings), str(bad)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        told = [outcome for outcome in self.wrong if not outcome.stranded]
        return "\n".join([*lines, *self._fates(), *(f"wrong: {outcome}" for outcome in told)])

    def _fates(self) -> Iterator[str]:
        """What became of callers whose app was killed, and at which steps."""
        killed = [each for each in self.outcomes if each.row == "kill"]
        for what, group in itertools.groupby(killed, lambda each: (each.fate, each.stranded)):
            steps = [each.fault.step for each in group]
            at = f"{steps[0]} to {steps[-1]}" if steps[1:] else f"{steps[0]}"
            fate, stranded = what
            yield f"{'wrong: ' if stranded else ''}killed at {at}: the caller {fate}"


@checked
def sweep(
    script: Callable[[Call], object],
    app: Handler | Outbound,
    *,
    faults: Sequence[FaultKind] = ("hangup", "drop", "refuse", "stop", "slow", "fail", "hang"),
    outside: Sequence[Function | str] = (),
    every: int = 1,
    pairs: int = 0,
    memory: bool = True,
    seed: int | None = None,
    start: str | datetime | None = None,
    prompts: Mapping[str, float] | None = None,
    allow_unmodelled: Collection[str] | None = None,
    allow_stranded: Collection[str] = ("socket",),
) -> Sweep:
    """Play ``script(call)`` against a handler, once for each fault at each step.

    The steps are those of a first run without a fault; with ``every=n``, each n-th of them. Calls
    of the functions in ``outside`` are steps as well: see `FreeSwitch.outside`.
    Then come ``pairs`` runs with two of these faults each, at steps that the seed chooses. (The
    first fault changes the call, so the second step may never come; such runs are counted
    separately.)

    A run passes if the handler ends, by itself or with an exception of eslsync's; if the library
    logs no failure of its own; and if no thread, open descriptor or object of these packages is
    left behind. (Pass ``memory=False`` if the handler keeps sessions or events beyond the call.)
    With a fault the script itself may fail, since it was written for another call. ``seed``,
    ``start``, ``prompts`` and ``allow_unmodelled`` are those of `FreeSwitch`.

    With the fault ``kill``, which has to be asked for, a run shows what becomes of the caller:
    the script stops, and the caller waits. It is wrong if they stay with nobody for ever, parked
    or in music that never ends, but for the applications in ``allow_stranded`` (``socket``: the
    app died as it connected, which strands any caller without ``socket_resume``).

    The ``play`` of a `simulator.scripts.script.Script` supplies the call's circumstances.

    Raises AssertionError if the script fails without a fault, the call does not reach the
    handler, or the handler calls nothing that is ``outside``; and ValueError for no ``faults``,
    ``every`` below 1 or above the number of steps without ``pairs``, ``pairs`` below 0, or faults
    that can't be at any step.
    """
    check_function("a script", script)
    if every < 1:
        raise ValueError(f"sweep: every must be at least 1, not {every}")
    if pairs < 0:
        raise ValueError(f"sweep: pairs must be at least 0, not {pairs}")
    if not faults:
        raise ValueError("sweep: name at least one kind of fault")
    given = {
        "seed": seed,
        "start": start,
        "prompts": prompts,
        "allow_unmodelled": allow_unmodelled,
    }
    owner = getattr(script, "__self__", None)
    of_switch, of_call = owner.circumstances() if isinstance(owner, Described) else ({}, {})
    of_switch = {**of_switch, **{key: each for key, each in given.items() if each is not None}}
    runs = _Runs(script, app, of_switch, of_call, outside, memory, allow_stranded)
    result = Sweep()

    def add(*faults: Fault) -> None:
        run = runs.make(faults)
        at = steps[int(faults[0].step) - 1].text
        result.outcomes.append(FaultRun(faults, at, run.raised, run.wrong, run.missed, run.fate))

    with standing_still(of_switch.get("start")), _plain_log(runs.logged), runs:
        steps = runs.first()
        result.steps = len(steps)
        if every > len(steps) and not pairs:
            raise ValueError(
                f"sweep: every={every} leaves out all but the first of the {len(steps)} steps"
            )
        possible = [[Fault(kind, n) for n in _steps_for(kind, steps)] for kind in faults]
        for of_kind in possible:
            for fault in of_kind[::every]:
                add(fault)
        if not result.outcomes and not pairs:
            kinds = ", ".join(faults)
            raise ValueError(f"sweep: at none of the {len(steps)} steps can there be {kinds}")
        chance = random.Random(of_switch.get("seed", 0))
        all_of_them = list(itertools.chain(*possible))
        if len({fault.step for fault in all_of_them}) > 1:
            for _ in range(pairs):
                add(*_two_of(all_of_them, chance))
    return result


def _steps_for(kind: FaultKind, steps: Sequence[Entry]) -> Iterator[int]:
    """The numbers of the steps at which this kind of fault can happen."""
    return (n for n, entry in enumerate(steps, 1) if can_befall(kind, entry.message))


def _two_of(faults: Sequence[Fault], chance: random.Random) -> list[Fault]:
    """Two faults at different steps, in order of the steps."""
    while True:
        two = sorted(chance.sample(faults, 2), key=lambda fault: int(fault.step))
        if two[0].step != two[1].step:
            return two


# One run


@dataclass
class _Run:
    """One call, and its outcome."""

    steps: list[Entry]
    raised: BaseException | None
    missed: tuple[Fault, ...]
    wrong: str | None
    fate: Fate | None
    left: Sequence[Left]  # threads


#: Types that outlive a run, because its result or `whole_run` refers to them.
OUTLASTING = (_Run, Fate, BaseException, Message, Part, Bridged, Keys, Played, Recorded)


class _Runs:
    """Plays the script again and again, and finds the leaks of each run."""

    def __init__(
        self,
        script: Callable[[Call], object],
        app: Handler | Outbound,
        of_switch: Mapping[str, Any],
        of_call: Mapping[str, Any],
        outside: Sequence[Function | str],
        memory: bool,
        allow_stranded: Collection[str],
    ) -> None:
        #: The failures that the library logs as its own.
        self.logged: list[str] = []
        self._script = script
        self._app = app
        self._of_switch = of_switch
        self._of_call = of_call
        self._outside = outside
        self._own_faults: Sequence[Fault] = of_call.get("faults", ())
        self._memory = memory
        self._allow_stranded = allow_stranded
        self._frozen = gc.get_freeze_count()  # by whoever calls

    def first(self) -> list[Entry]:
        """The steps of a run without a fault, which may leave objects created only once."""
        run = self._play(())
        if run.wrong is None and run.raised is not None and not isinstance(run.raised, Hangup):
            run.wrong = f"the handler raised {run.raised!r}"
        if run.wrong is None and not run.steps:
            run.wrong = "the call did not reach the handler"
        if run.wrong is not None:
            raise AssertionError(f"the script fails even without a fault: {run.wrong}")
        if self._outside and not any(isinstance(each.message, LookUp) for each in run.steps):
            raise AssertionError("sweep: the handler calls nothing that is outside")
        return run.steps

    def make(self, faults: Sequence[Fault]) -> _Run:
        """Make a run with these faults."""
        threads, opened = set(threading.enumerate()), descriptors()
        if self._memory:
            gc.freeze()  # existing objects don't count
        run = self._play(faults)
        run.wrong = run.wrong or left_behind(threads, opened, run.left)
        if self._memory and run.wrong is None:
            _let_go_of_frames(run.raised)
            run.wrong = objects_left()
        return run

    def __enter__(self) -> _Runs:
        return self

    def __exit__(self, *_: object) -> None:
        if self._memory and not self._frozen:
            gc.unfreeze()

    def _play(self, faults: Sequence[Fault]) -> _Run:
        self.logged.clear()
        wrong = call = fate = None
        try:
            with FreeSwitch(**self._of_switch, raises=False) as switch:
                # A fault changes the call, so others may not come.
                every = [replace(fault, optional=True) for fault in (*self._own_faults, *faults)]
                of_call = {**self._of_call, "faults": every if faults else self._own_faults}
                for function in self._outside:
                    switch.outside(function, optional=True)
                call = switch.call(self._app, **of_call)
                simulation = simulation_of(switch)
                killed = Aftermath(simulation, line_of(call))
                try:
                    check_returned("the script", self._script(call))
                    simulation.see_out()
                except AssertionError:
                    if not faults:
                        raise
                    # otherwise the fault has changed the call
                fate = killed.fate()
                try:
                    call.hangup()
                except AppKilled:
                    fate = killed.fate()
        except AssertionError as error:
            wrong = str(error).splitlines()[0]
        assert call is not None
        for each in switch.calls.values():
            line = line_of(each)
            if wrong is None and line.unknown and not line.cause_seen:
                wrong = why_unknown(line)
            if wrong is None and each.error is not None and not _told(each.error):
                wrong = f"the handler raised {each.error!r}"
            if wrong is None and each.not_modelled:
                wrong = each.not_modelled[0].lack
        if wrong is None and fate is not None and fate.stranded not in self._allow_stranded:
            wrong = fate.wrong
        if wrong is None and self.logged:
            wrong = f"logged: {self.logged[0]}"
        steps = []
        if not faults:
            steps = [entry for entry in call.transcript.entries if entry.message is not None]
        missed = tuple(fault for fault in faults if fault not in call.faults)
        return _Run(steps, call.outcome, missed, wrong, fate, simulation.left)


def left_behind(
    threads: set[threading.Thread], opened: Mapping[int, str], ended: Sequence[Left] = ()
) -> str | None:
    """The new threads and descriptors, in words."""
    names = [left.partition("\n")[0] for left in threads_left(threads, ended=ended)]
    names += [name for number, name in descriptors().items() if opened.get(number) != name]
    return f"left behind: {', '.join(names)}" if names else None


def objects_left() -> str | None:
    """The objects that a run has left in memory, in words."""
    left = objects_since_freeze("eslsync", "simulator", but=OUTLASTING)
    if not left:
        return None
    return f"left in memory: {', '.join(f'{count} {name}' for name, count in left.most_common())}"


def _told(error: BaseException) -> bool:
    """True for an exception that tells of the fault, or a callback's (docs/reference/errors.md)."""
    if isinstance(error, RuntimeError):
        return isinstance(error.__cause__, ESLError)
    return isinstance(error, ESLError)


def _let_go_of_frames(error: BaseException | None) -> None:
    """Drop an exception's frames, which refer to the whole call."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


@contextmanager
def _plain_log(failures: list[str]) -> Iterator[None]:
    """Meanwhile make log records of text only, so that a kept record refers to no call.

    Failures that the library logs, except the handler's, go to ``failures``, too.
    """
    make = logging.getLogRecordFactory()

    def plain(*args: Any, **options: Any) -> logging.LogRecord:
        record = make(*args, **options)
        error = record.exc_info[1] if record.exc_info else None
        record.msg, record.args = record.getMessage(), ()
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        if record.levelno >= logging.ERROR and is_ours(record.pathname):
            if error is None or not _told(error):
                failures.append(record.msg)
        return record

    logging.setLogRecordFactory(plain)
    try:
        yield
    finally:
        logging.setLogRecordFactory(make)
