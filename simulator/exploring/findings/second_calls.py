"""Calls that take another course after other calls in the same process."""

from __future__ import annotations

from collections.abc import Iterator

from ..attempts import AttemptOutcome
from ..graph import Way
from ..search import Search
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "second-call": "a later call in the same process takes another course",
}
#: Ways tried again, at most: some to a hangup in the middle, and some to an end.
HANGUPS, ENDS = 24, 24
#: Calls made to get to the numbers that the code compares what it keeps with.
REPEATS = 600
#: Simulated seconds that a caller does nothing at the end of a way.
STAYS = 60.0
#: A way, and the seconds that the caller does nothing at its end.
_Call = tuple[Way, float]


def find(evidence: Evidence) -> Iterator[Finding]:
    """The first call that differs, of a handler whose file is loaded once for all of them.

    Ways are compared with themselves in a process of their own. Only what the handler's code names
    is compared: another number read out, or another far end called, is no fault.
    """
    search = evidence.search
    if not search.explored.portable:  # a function keeps its state while it is explored
        return
    if not search.keeps:  # each finds what the first one found
        return
    caller = search.caller_of_one_process()
    before: list[_Call] = []
    calls = list(_calls(search))
    search.foresee(call for call, known in calls if known is None)
    for call, known in calls:
        alone = known or search.in_silence(*call)
        if alone.astray or alone.slow:
            return
        later = search.in_silence(*call, caller)
        if known is not None and _differs(known, later):
            alone = search.in_silence(*call)  # its caller hangs up at the very same moment
            if alone.astray or alone.slow:
                return
        if not _differs(alone, later):
            before.append(call)
            continue
        when = "after another call"
        if not later.slow:  # a stuck handler uses up the patience at each attempt
            if _differs_after(search, call, call, alone):
                when = "the second time"
            elif not any(_differs_after(search, other, call, alone) for other in before):
                when = f"after {len(before)} others"
        places = [trouble.place for trouble in later.troubles]
        _heard_there(search, later, call)
        text = f"{when}, {_difference(alone, later)}"
        yield Finding("second-call", text, places[0] if places else None)
        return
    yield from _after_many(evidence)


def _after_many(evidence: Evidence) -> Iterator[Finding]:
    """The first call that differs after as many of its kind as the code counts up to."""
    search = evidence.search
    for number in evidence.source.counts():
        for edge in search.edges[: REPEATS // (max(number, 0) + 2)]:
            call = edge.way, STAYS
            alone, caller = search.in_silence(*call), search.caller_of_one_process()
            for before in range(number + 2):
                later = search.in_silence(*call, caller)
                if _differs(alone, later):
                    places = [trouble.place for trouble in later.troubles]
                    _heard_there(search, later, call)
                    text = f"after {before} calls like it, {_difference(alone, later)}"
                    yield Finding("second-call", text, places[0] if places else None)
                    return


def _heard_there(search: Search, later: AttemptOutcome, call: _Call) -> None:
    """Note what only a later call hears: it is not unplayed."""
    for prompt in later.played:
        search.played.setdefault(prompt, call[0])


def _calls(search: Search) -> Iterator[tuple[_Call, AttemptOutcome | None]]:
    """Calls to each spot, where the caller hangs up, and then to each end.

    Each with its outcome, if a call of the search has been to the spot and no further.
    """
    spots = {node.situation.spot: node for node in reversed(search.nodes)}
    for spot, node in list(reversed(spots.items()))[:HANGUPS]:
        arrival = search.arrivals[spot]
        yield (node.here, 0.0), None if arrival.slow else arrival
    ends = [e for e in search.edges if e.ends is not None and e.ends.how != "for ever"]
    first = {(edge.source, edge.ends, edge.said): edge.way for edge in reversed(ends)}
    for way in list(reversed(first.values()))[:ENDS]:
        yield (way, STAYS), None


def _differs_after(search: Search, other: _Call, call: _Call, alone: AttemptOutcome) -> bool:
    """True if the call takes another course after the other one."""
    caller = search.caller_of_one_process()
    search.in_silence(*other, caller)
    return _differs(alone, search.in_silence(*call, caller))


def _differs(alone: AttemptOutcome, later: AttemptOutcome) -> bool:
    """True if the later call took another course.

    If its caller could not do the same, because another number was read out, say, what was heard
    by then decides.
    """
    if alone.dialled != later.dialled:
        return False
    heard, again = _heard(alone), _heard(later)
    if later.astray:
        return again != heard[: len(again)]
    return (heard, alone.ended, _kinds(alone)) != (again, later.ended, _kinds(later))


def _heard(outcome: AttemptOutcome) -> list[str]:
    return [each for each in outcome.heard if each in outcome.files and "digits/" not in each]


def _kinds(outcome: AttemptOutcome) -> list[str]:
    return [trouble.kind for trouble in outcome.troubles]


def _difference(alone: AttemptOutcome, later: AttemptOutcome) -> str:
    for trouble in later.troubles:
        if trouble.kind not in _kinds(alone):
            return trouble.text
    if alone.ended != later.ended and later.ended is not None and _heard(alone) == _heard(later):
        return f"it {later.ended.text}"
    heard, again = _heard(alone), _heard(later)
    for number, name in enumerate(again):
        if heard[number : number + 1] != [name]:
            instead = heard[number] if number < len(heard) else "nothing more"
            return f"the caller hears {name} instead of {instead}"
    if len(again) < len(heard):
        return f"the caller doesn't hear {heard[len(again)]}"
    return "the handler ends otherwise"
