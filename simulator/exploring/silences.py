"""Callers who do nothing from some point on: the calls that findings ask for after the search.

Most take the course of a call of the search, or were asked for before; the others may be made by
the processes that have made the search's calls, several at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import replace

from ..scripts.steps import Step
from .attempts import Attempt, AttemptOutcome
from .graph import Way
from .spreading import Calling

__all__ = ["Silences", "silence"]

_Name = tuple[str, str]


def silence(way: Way, seconds: float) -> Attempt:
    """Go a way, do nothing for ``seconds``, and hang up."""
    return Attempt(way.call, (*way.steps, Step("say_nothing", {"seconds": seconds})), hangs_up=True)


class Silences:
    """The outcomes of such calls to a handler that begins anew for each of them.

    ``make`` makes one in this process.
    """

    def __init__(self, make: Callable[[Attempt], AttemptOutcome]) -> None:
        self._make = make
        #: Calls that the handler has ended while the caller did nothing, by the identity of the
        #: way, which is kept as well.
        self._ended: dict[int, tuple[Way, AttemptOutcome]] = {}
        self._made: dict[_Name, AttemptOutcome] = {}
        self._coming: Iterator[tuple[_Name, AttemptOutcome]] = iter(())
        self._named: set[_Name] = set()  # those that come

    def ends(self, way: Way, outcome: AttemptOutcome) -> None:
        """Note how a call of the search went on after the way, while the caller did nothing.

        Of interest if the handler has hung up, and nothing was wrong.
        """
        ended = outcome.ended
        if ended is not None and ended.how == "hangup" and not (outcome.troubles or outcome.slow):
            self._ended[id(way)] = way, outcome

    def foresee(self, calls: Iterable[tuple[Way, float]], calling: Calling) -> None:
        """Have other processes make these calls, which `of` is about to be asked for."""
        attempts: dict[_Name, Attempt] = {}
        for way, seconds in calls:
            attempt = silence(way, seconds)
            name = _name(attempt)
            if self._known(way, seconds) is None and name not in self._made:
                attempts[name] = attempt
        self._named = set(attempts)
        self._coming = zip(attempts, calling(list(attempts.values())), strict=True)

    def of(self, way: Way, seconds: float) -> AttemptOutcome:
        """What happens to a caller who does nothing for ``seconds`` at the end of a way."""
        known = self._known(way, seconds)
        if known is not None:
            return known
        attempt = silence(way, seconds)
        name = _name(attempt)
        if name in self._named:
            self._take_until(name)
        if name not in self._made:
            self._made[name] = self._make(attempt)
        return self._made[name]

    def _known(self, way: Way, seconds: float) -> AttemptOutcome | None:
        """The outcome, if a call of the search has ended by then: it takes the same course."""
        _, outcome = self._ended.get(id(way), (way, None))
        if outcome is None or outcome.seconds > seconds:
            return None
        return replace(outcome, up=False)

    def _take_until(self, name: _Name) -> None:
        try:
            for each, outcome in self._coming:
                self._named.discard(each)
                self._made[each] = outcome
                if each == name:
                    return
        except BrokenExecutor:  # the handler has ended its process, which `make` prevents
            self._named.clear()


def _name(attempt: Attempt) -> _Name:
    return repr(attempt.call), repr(attempt.steps)
