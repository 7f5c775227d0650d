"""Calls of a second caller that take the course of the first one's: they need not be made.

A call in which nothing has looked at who calls is the same for everybody. One in which the handler
has first looked when the caller had hung up is the same until then. How it ends for the second
caller is tried once in each situation, and made again only where that ended otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from .attempts import WHO, Attempt, AttemptOutcome
from .spreading import Calling

__all__ = ["SecondCaller"]

#: What an outcome tells of its end, and of what came before.
_TELLS = attrgetter(
    *"ended troubles heard look_ups transfers not_modelled bridges dialled".split(),
    *"elsewhere recorded files asks slow stuck_at".split(),
)


class SecondCaller:
    """The outcomes of calls by what their callers do, whoever calls."""

    def __init__(self) -> None:
        self._first: dict[str, AttemptOutcome] = {}
        #: By the situation in which the caller hangs up, and the lines that then look at who calls:
        #: True if the call ends for the second caller as it does for the first.
        self._ends_alike: dict[object, bool] = {}

    def of(self, calling: Calling) -> Calling:
        """Make only the calls that may take another course than the first caller's."""
        return lambda attempts: self._made(attempts, calling)

    def _made(self, attempts: Sequence[Attempt], calling: Calling) -> Iterator[AttemptOutcome]:
        names = [_name(attempt) for attempt in attempts]
        known = set(self._first)
        is_again = []
        for attempt, name in zip(attempts, names, strict=True):
            is_again.append(name in known)
            if attempt.is_usual:
                known.add(name)
        first = calling([a for a, again in zip(attempts, is_again, strict=True) if not again])
        others: Iterator[AttemptOutcome] | None = None
        made: set[int] = set()
        for number, (attempt, name) in enumerate(zip(attempts, names, strict=True)):
            if not is_again[number]:
                outcome = next(first)
                if attempt.is_usual:
                    self._first[name] = outcome
                yield outcome
                continue
            if others is None:  # those of the first caller come before
                later = range(number, len(attempts))
                rest = [each for each in later if is_again[each] and names[each] in self._first]
                made = set(self._to_make(rest, names))
                others = calling([attempts[each] for each in rest if each in made])
            usual = self._first[name]
            if number in made:
                outcome = next(others)
                if usual.looks_at_end:
                    alike = _TELLS(outcome) == _TELLS(usual)
                    self._ends_alike.setdefault(_end(name, usual), alike)
                yield outcome
            elif usual.looks is None or self._ends_alike.get(_end(name, usual)):
                yield replace(usual, same=True)
            else:
                yield from calling([attempt])

    def _to_make(self, numbers: Sequence[int], names: Sequence[str]) -> Iterator[int]:
        """Those that may take another course, and of those that end alike the first."""
        tried: set[object] = set()
        for number in numbers:
            usual = self._first[names[number]]
            end = _end(names[number], usual)
            alike = usual.looks_at_end and (self._ends_alike.get(end) or end in tried)
            if usual.looks is not None and not alike:
                yield number
                if end not in self._ends_alike:
                    tried.add(end)


def _name(attempt: Attempt) -> str:
    """What the caller does in a call, and its circumstances except who calls."""
    call = {k: v for k, v in sorted(attempt.call.items()) if k not in WHO}
    known = sorted(attempt.known)
    how = attempt.hangs_up, attempt.number, attempt.proven, known
    return repr((call, attempt.steps, attempt.act, how))


def _end(name: str, outcome: AttemptOutcome) -> object:
    """The situation in which the caller hangs up, and the lines that then look at who calls."""
    reached = "" if outcome.reached is None else outcome.reached.key
    return reached or outcome.left or name, outcome.looks
