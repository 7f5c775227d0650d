"""One script, run again with a fault at every step: does the handler always end, and well?"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from eslsync import ESLError, Hangup, Outbound
from eslsync.message import Event
from eslsync.protocol import Command

from .call import Call
from .faults import APP_ONLY, EVENT_ONLY, Fault, Kind
from .freeswitch import FreeSwitch, Handler
from .frozen import standing_still
from .transcript import Entry

__all__ = ["Outcome", "Sweep", "sweep"]

#: Seconds of real time that threads have to end, after a call.
GRACE = 5.0

Script = Callable[[Call], object]


@runtime_checkable
class Described(Protocol):
    """Something that knows the circumstances of its calls: a `simulator.script.Script`."""

    def circumstances(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of FreeSwitch, and those of FreeSwitch.call."""


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    fault: Fault
    at: str  #: the message it happened at
    raised: BaseException | None  #: by the handler
    wrong: str | None  #: what should not have happened; None if all is well

    @property
    def ending(self) -> str:
        """How the handler ended, in a word."""
        return "returned" if self.raised is None else type(self.raised).__name__

    def __str__(self) -> str:
        return f"{self.fault} ({self.at}): {self.wrong or self.ending}"


@dataclass
class Sweep:
    """The outcomes of a sweep; ``str()`` of it is a table."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def wrong(self) -> list[Outcome]:
        """The runs in which something happened that should not."""
        return [outcome for outcome in self.outcomes if outcome.wrong is not None]

    def __str__(self) -> str:
        endings = sorted({outcome.ending for outcome in self.outcomes})
        kinds = list(dict.fromkeys(outcome.fault.kind for outcome in self.outcomes))
        header = ["fault", "runs", *endings, "wrong"]
        rows = [header]
        for kind in kinds:
            of_kind = [outcome for outcome in self.outcomes if outcome.fault.kind == kind]
            count = Counter(outcome.ending for outcome in of_kind)
            bad = sum(outcome.wrong is not None for outcome in of_kind)
            rows.append(
                [kind, str(len(of_kind)), *(str(count[e] or "") for e in endings), str(bad)]
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *(f"wrong: {outcome}" for outcome in self.wrong)])


def sweep(
    script: Script,
    app: Handler | Outbound,
    *,
    faults: Sequence[Kind] = ("hangup", "drop", "refuse"),
    every: int = 1,
    seed: int | None = None,
    start: str | datetime | None = None,
    prompts: Mapping[str, float] | None = None,
) -> Sweep:
    """Play ``script(call)`` against a handler, once for each fault at each step.

    The steps are those of a first run without any fault; with ``every``, each so many-th of
    them. A run is well if the handler ends, by itself or with an exception of eslsync's own, and
    leaves no thread behind; the script may fail, since the call is not the one it was written
    for. ``seed``, ``start`` and ``prompts`` are for `FreeSwitch`.

    The ``play`` of a `simulator.script.Script` brings the circumstances of the call along.
    """
    if every < 1:
        raise ValueError(f"every takes 1 or more, not {every}")
    given = {"seed": seed, "start": start, "prompts": prompts}
    owner = getattr(script, "__self__", None)
    of_switch, of_call = owner.circumstances() if isinstance(owner, Described) else ({}, {})
    of_switch = {**of_switch, **{key: each for key, each in given.items() if each is not None}}
    own_faults = of_call.pop("faults", [])
    start = of_switch.get("start")

    def run(faults: Sequence[Fault]) -> tuple[Call, str | None]:
        before = set(threading.enumerate())
        wrong = None
        with FreeSwitch(**of_switch, raises=False) as switch:
            call = switch.call(app, **of_call, faults=[*own_faults, *faults])
            try:
                try:
                    script(call)
                except AssertionError:
                    pass  # the call went another way: that is what we are here for
                call.hangup()
            except AssertionError as error:
                wrong = str(error).splitlines()[0]
        left = [thread for thread in threading.enumerate() if thread not in before]
        for thread in left:
            thread.join(GRACE)
        names = [thread.name for thread in left if thread.is_alive()]
        if names:
            wrong = f"left behind: {', '.join(names)}"
        if wrong is None and call.error is not None and not isinstance(call.error, ESLError):
            wrong = f"the handler raised {call.error!r}"
        return call, wrong

    with standing_still(start):
        first, wrong = run(())
        if wrong is None and first.outcome is not None and not isinstance(first.outcome, Hangup):
            wrong = f"the handler raised {first.outcome!r}"
        if wrong is not None:
            raise AssertionError(f"the script does not even run without a fault: {wrong}")
        result = Sweep()
        steps = [entry for entry in first.transcript.entries if entry.message is not None]
        for kind in faults:
            for number, entry in _steps_for(kind, steps, every):
                fault = Fault(kind, number)
                call, wrong = run([fault])
                result.outcomes.append(Outcome(fault, entry.text, call.outcome, wrong))
    return result


def _steps_for(kind: Kind, steps: Sequence[Entry], every: int) -> Iterator[tuple[int, Entry]]:
    """The steps at which that can go wrong; each so many-th of them."""
    return itertools.islice(_all_steps_for(kind, steps), 0, None, every)


def _all_steps_for(kind: Kind, steps: Sequence[Entry]) -> Iterator[tuple[int, Entry]]:
    for number, entry in enumerate(steps, 1):
        if kind in APP_ONLY and not isinstance(entry.message, Command):
            continue
        if kind in EVENT_ONLY and not isinstance(entry.message, Event):
            continue
        yield number, entry
