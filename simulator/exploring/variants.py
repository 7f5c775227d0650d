"""The same attempts under other circumstances: other far ends, times and callers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ..model.endpoint_modules import OTHERS, check_dial_string
from ..scripts.shapes import DIAL_STRING
from ..scripts.steps import Step
from .actions import CallerAction
from .attempts import Attempt, AttemptOutcome
from .back_ends import Asked, Trial, interrupted, spoilt
from .facts import Question
from .graph import Node
from .probes import Spot

__all__ = ["ANSWERS", "RINGS", "Planned", "Variants"]

#: Moments tried at one place where the handler asks for the time of day.
MOMENTS = 100
#: Dial strings from one line of code whose far ends are varied.
PEOPLE = 2
#: The behaviours of a far end without a description: in words, and in a script.
ANSWERS = "answers"
FAR_ENDS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (ANSWERS, {"rings": True, "answers_after": 2, "hangs_up_after": 20}),
    ("is busy", {"rejects": "USER_BUSY"}),
    ("answers and hangs up", {"rings": True, "answers_after": 2, "hangs_up_after": 0}),
    ("does not answer", {"rings": True, "answers_after": "never"}),
)
#: Those of a far end that rings.
RINGS = tuple(words for words, behaviour in FAR_ENDS if "rings" in behaviour)


@dataclass
class Planned:
    """An attempt, and the place of its outcome."""

    attempt: Attempt
    root: int
    node: Node | None = None
    action: CallerAction | None = None
    label: str = ""
    prefix: tuple[Any, ...] = ()  # the leading steps that stay
    dialled: frozenset[str] = frozenset()  # far ends called by then
    far_end: tuple[str, str] | None = None  # the one varied, and how it behaves
    moved: bool = False  # to another time, or to another caller
    back_end: tuple[Asked, Trial] | None = None  # the look-up that goes wrong, and how


class Variants:
    """Plans them, each once at a place where the handler depends on them."""

    def __init__(
        self,
        circumstances: Sequence[Mapping[str, Any]],
        moments: Sequence[datetime],
        questions: Mapping[Spot, Sequence[Question]],
        talks: Sequence[int] = (),
        *,
        causes: Sequence[str] = (),
    ) -> None:
        self._circumstances = circumstances
        self._moments = moments
        self._questions = questions
        answers, *others = FAR_ENDS
        self._far_ends = [
            answers,
            *((f"talks for {each} s", {**answers[1], "hangs_up_after": each}) for each in talks),
            *others,
            *((_refuses(each), {"rejects": each}) for each in causes),
        ]
        self._called: set[object] = set()
        self._gone: set[object] = set()
        self._clock_read: set[object] = set()
        self._asked: set[object] = set()
        self._looked_up: set[object] = set()
        self._people: dict[object, set[str]] = {}

    def of(self, job: Planned, outcome: AttemptOutcome) -> Iterator[Planned]:
        """The variants of an attempt with this outcome."""
        yield from self._others(job, outcome)
        yield from self._gone_at_once(job, outcome)
        yield from self._at_other_times(job, outcome)
        yield from self._of_other_callers(job, outcome)
        yield from self._of_back_ends(job, outcome)

    def _of_back_ends(self, job: Planned, outcome: AttemptOutcome) -> Iterator[Planned]:
        """The same attempts, with a look-up that goes wrong, once for each line that asks."""
        if job.attempt.known:
            return
        for asked in outcome.look_ups:
            which = (job.root, asked.name, asked.places)
            if which in self._looked_up:
                continue
            self._looked_up.add(which)
            for how, call in spoilt(job.attempt.call, asked):
                label = f"{asked.name} {how}"
                if job.action is not None and job.action.what != "silence":
                    label = f"{job.label or job.action.label}; {label}"
                yield replace(
                    job,
                    attempt=replace(job.attempt, call=call),
                    label=label,
                    moved=asked.at_end,  # nothing before it is new
                    back_end=None if asked.at_end else (asked, how),
                )
            for call in () if asked.at_end else interrupted(job.attempt.call, asked):
                act = (*job.attempt.act, Step("say_nothing", {"seconds": 2}))
                attempt = replace(job.attempt, call=call, act=act, hangs_up=True)
                yield replace(job, attempt=attempt)

    def _others(self, job: Planned, outcome: AttemptOutcome) -> Iterator[Planned]:
        """The same attempts, with another behaviour of a far end that was called."""
        if job.attempt.hangs_up:
            return
        described = job.attempt.call.get("endpoints", {})
        came = outcome.ended if outcome.reached is None else outcome.reached.key
        if OTHERS in described:
            return
        for where in sorted(outcome.dialled - job.dialled - set(described)):
            # One of the keys that lead there is enough.
            which = (job.root, job.node and job.node.number, came, where)
            if which in self._called or not _can_be_there(where):
                continue
            place = None if job.node is None else job.node.situation.spot
            people = self._people.setdefault((job.root, place), set())
            if where not in people and len(people) >= PEOPLE:
                continue
            people.add(where)
            self._called.add(which)
            for words, behaviour in self._far_ends:
                call = {**job.attempt.call, "endpoints": {**described, where: dict(behaviour)}}
                told = f"{where} {words}"
                label = told
                if job.action is not None and job.action.what != "silence":
                    label = f"{job.action.label}; {told}"
                yield replace(
                    job,
                    attempt=replace(job.attempt, call=call),
                    label=label,
                    far_end=(where, words),
                    dialled=job.dialled | {where},
                )

    def _at_other_times(self, job: Planned, outcome: AttemptOutcome) -> Iterator[Planned]:
        """The same attempts at other times, if the handler asks for the time at a new place.

        They begin so that the handler asks at the moment, or less than a second later.
        """
        if job.attempt.hangs_up or job.attempt.known or "start" in self._circumstances[job.root]:
            return
        for places, seconds in outcome.clock.items():
            which = (job.root, places)
            if which in self._clock_read:
                continue
            self._clock_read.add(which)
            for moment in self._moments[:MOMENTS]:
                start = moment - timedelta(seconds=int(seconds))
                call = {**job.attempt.call, "start": start.isoformat()}
                label = f"{moment:%a %H:%M:%S}"
                if job.action is not None and job.action.what != "silence":
                    label = f"{job.label or job.action.label}; {label}"
                attempt = replace(job.attempt, call=call)
                yield replace(job, attempt=attempt, label=label, moved=True)

    def _gone_at_once(self, job: Planned, outcome: AttemptOutcome) -> Iterator[Planned]:
        """The same attempt, if a far end's key got it connected, but it hangs up in that moment."""
        reached, action = outcome.reached, job.action
        if action is None or action.what != "far end" or reached is None or job.node is None:
            return
        if reached.kind != "connected" or job.node.situation.kind == "connected":
            return
        where = job.node.situation.far_end or ""
        which = (job.root, job.node.situation.spot, where)
        if which in self._gone:
            return
        self._gone.add(which)
        ends = job.attempt.call["endpoints"]
        gone = {**ends[where], "hangs_up_after": ends[where]["presses"][-1]["after"]}
        call = {**job.attempt.call, "endpoints": {**ends, where: gone}}
        attempt = replace(job.attempt, call=call)
        yield replace(job, attempt=attempt, label=f"{action.label} and hangs up")

    def pressed_there(self, node: Node, keys: str) -> Iterator[Planned]:
        """The same attempts, with the far end pressing a key that the handler listens for."""
        situation = node.situation
        where, since = situation.far_end, situation.far_seconds
        endpoints = dict(node.way.call.get("endpoints", {}))
        behaviour = endpoints.get(where, endpoints.get(OTHERS))
        if behaviour is None or since is None or "handler" in behaviour:
            return
        if situation.kind not in ("digit", "connected"):
            return
        silence = CallerAction("silence", "", node.approach.at)
        for key in keys:
            presses = [
                *behaviour.get("presses", ()),
                {"after": round(since + 0.5, 2), "digits": key},
            ]
            call = {
                **node.way.call,
                "endpoints": {**endpoints, where: {**behaviour, "presses": presses}},
            }
            yield Planned(
                Attempt(call, node.way.steps + silence.steps, number=situation.number),
                node.root,
                node,
                CallerAction("far end", f"{where} presses {key}", silence.steps, key),
                prefix=node.way.steps + silence.steps,
                dialled=node.dialled,
            )

    def _of_other_callers(self, job: Planned, outcome: AttemptOutcome) -> Iterator[Planned]:
        """The same attempts in calls of which facts are others, if the handler depends on them."""
        if job.attempt.known:
            return
        for spot in sorted(outcome.asks):
            for question in self._questions[spot]:
                which, fact = (job.root, spot, question), question.fact
                if which in self._asked or fact.among(self._circumstances[job.root]):
                    continue
                self._asked.add(which)
                for value in question.values:
                    call = fact.given(job.attempt.call, value)
                    label = f"{fact} {value}"
                    if job.action is not None and job.action.what != "silence":
                        label = f"{job.label or job.action.label}; {label}"
                    attempt = replace(job.attempt, call=call)
                    yield replace(job, attempt=attempt, label=label, moved=True)


def _refuses(cause: str) -> str:
    return "rejects the call" if cause == "CALL_REJECTED" else f"gives {cause}"


def _can_be_there(where: str) -> bool:
    """True if FreeSWITCH has such endpoints."""
    try:
        check_dial_string(where)
    except ValueError:
        return False
    return DIAL_STRING.accepts(where)
