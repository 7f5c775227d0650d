"""Tries all actions of callers, breadth first, so that the shortest ways come first.

A level contains the attempts after the same number of actions. Its calls are independent, and may
run in several processes; their outcomes are processed in the order of the calls, so that nothing
depends on speed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..calling.servers import in_succession
from ..clockwork.tricks import real_seconds
from ..model.evidence import Part, StandsOn
from ..scripts.steps import Step
from . import spreading
from .actions import (
    ALL_WORDS,
    MOST_WORDS,
    CallerAction,
    Entries,
    actions,
    numbers_left_out,
    phrases_left_out,
)
from .attempts import Attempt, AttemptOutcome, CallEnd
from .boundaries import Turns
from .caller import Caller
from .facts import Question
from .graph import Edge, Node, Way
from .handlers import Explored
from .lines import Lines
from .making import LATE
from .parts import Outcomes, Shard
from .probes import Spot
from .second_caller import SecondCaller
from .silences import Silences, silence
from .situations import Situation
from .spreading import Calling, Equipment
from .variants import Planned, Variants
from .whereabouts import Place

__all__ = ["Incident", "Lack", "Limits", "Progress", "Search"]

#: Limits on the situations at one spot, which differ only in variables: the first SOME are tried
#: with each key, up to ENOUGH with a few keys; up to FAR only along one way of gathered digits.
SOME, ENOUGH, FAR = 8, 48, 96
#: When ALIKE situations at a spot behave the same, only ENOUGH_ALIKE are continued, and those that
#: differ from all of these in more than a text.
ALIKE, ENOUGH_ALIKE = 3, 12
#: Simulated seconds of rounds in which next to no time passes that a finding's script has.
ROUND = 1
#: Calls that must lead to the same situation for a handler to count as one that does not vary.
REPEATS = 3
#: Lengths of conversations tried, besides the usual one.
TALKS = 4
#: Causes with which far ends refuse calls.
CAUSES = 6


@dataclass(frozen=True)
class Limits:
    """Limits at which to stop, even if not everything was tried."""

    depth: int | None = None  #: actions in one call
    calls: int | None = None
    seconds: float | None = None  #: of real time


@dataclass(frozen=True)
class Progress:
    """The progress of an exploration."""

    nodes: int
    calls: int
    known: int  #: calls made or known to be needed
    seconds: float

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Incident:
    """A problem in a call, and the way there."""

    kind: str
    text: str
    place: object
    way: Way
    node: int | None  #: its situation, or the one before


@dataclass(frozen=True)
class Lack:
    """Something that a call used and that is not modelled, and the way there."""

    part: Part
    place: Place | None
    way: Way
    node: int | None


@dataclass
class Search:
    """An exploration."""

    explored: Explored
    circumstances: Sequence[Mapping[str, Any]]
    keys: str
    entries: Entries
    limits: Limits
    turns: Turns = field(default_factory=Turns)
    moments: Sequence[datetime] = ()  #: when a handler that asks for the time is called, too
    #: Facts about the call that the code compares with literals, by the statement.
    questions: Mapping[Spot, Sequence[Question]] = field(default_factory=dict)
    talks: Sequence[int] = ()  #: seconds for which far ends talk, besides 20
    causes: Sequence[str] = ()  #: with which far ends refuse calls, besides USER_BUSY
    workers: int = 1
    executor: Executor | None = None  #: makes the calls, instead of workers
    outcomes: Outcomes = field(default_factory=Outcomes)
    #: True if calls that differ only in who calls may take the same course.
    notices_looks: bool = False
    shard: Shard | None = None  #: the part to make
    key: Callable[[Situation], object] | None = None
    patience: float | None = 5.0
    base: Path = Path()
    covers: bool = False
    progress: Callable[[Progress], None] = lambda _: None

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    #: Actions at other times, or of other callers, that led where the same ones had led.
    repeats: list[Edge] = field(default_factory=list)
    #: For each spot, the first call that came there: its caller hung up.
    arrivals: dict[str, AttemptOutcome] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)
    calls: int = 0
    seconds: float = 0.0
    stopped: str | None = None  #: the limit at which it stopped, or what interrupted it
    #: Situations that were not explored, since enough at their spot were.
    uncontinued: list[Node] = field(default_factory=list)
    lacks: list[Lack] = field(default_factory=list)
    stands_on: StandsOn = field(default_factory=StandsOn)
    stuck: set[Place] = field(default_factory=set)  #: lines that have used up the patience
    played: dict[str, Way] = field(default_factory=dict)
    files: dict[str, Way] = field(default_factory=dict)
    recorded: dict[str, Way] = field(default_factory=dict)
    #: True if a call may have changed what later ones meet in the same process.
    keeps: bool = False
    bridged: bool = False  #: True if the application `bridge` ran in any call
    #: For each extension that calls were transferred to: the first way there, and its line.
    transfers: dict[str, tuple[Way, Place | None]] = field(default_factory=dict)
    elsewhere: list[bytes] = field(default_factory=list)
    #: The lines that looked for an empty text among keys, and the first way there.
    looked_for_nothing: dict[int, Way] = field(default_factory=dict)
    lines: dict[str, set[int]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  #: functions outside that were called
    astray: list[Way] = field(default_factory=list)
    #: For each of these, the situation it should have led to; and the numbers of those to which
    #: the calls that found them lead each time.
    strays: list[Node] = field(default_factory=list)
    repeatable: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Explore until everything was tried, a limit is reached, or Ctrl-C is pressed."""
        began = real_seconds()
        self._silences = Silences(lambda attempt: self.caller(covers=False).make(attempt))
        self._by_key: dict[tuple[int, str], Node] = {}
        self._spots: dict[tuple[int, str], list[Node]] = {}  # the continued situations
        self._heard_elsewhere: set[bytes] = set()
        self._variants = Variants(
            self.circumstances, self.moments, self.questions, self.talks[:TALKS],
            causes=self.causes[:CAUSES],
        )  # fmt: skip
        self._shapes: dict[object, Node] = {}
        self._goes: set[object] = set()  # where each action has led, and what was heard
        self._slow: set[str] = set()  # spots where handlers wait for something but the call
        self._stayed: set[int] = set()
        self._due: Counter[int | None] = Counter()  # actions planned and not tried, by situation
        level = [Planned(Attempt(call, ()), root) for root, call in enumerate(self.circumstances)]
        self._due[None] = len(level)
        depth = 0
        try:
            with self._calling() as call:
                recalling = self.outcomes.of(call)
                if self.notices_looks:
                    recalling = SecondCaller().of(recalling)
                shared = self.shard is None
                while level:
                    if self.shard is not None and not shared:
                        mine = self.shard.shares_out(job.node.number for job in level if job.node)
                        shared = mine is not None
                        if mine is not None:
                            level = [job for job in level if job.node and job.node.number in mine]
                    if self.limits.depth is not None and depth > self.limits.depth:
                        self._stop(f"depth {self.limits.depth}")
                        break
                    level = self._level(level, recalling, depth, began)
                    depth += 1
                    if not level and self.stopped is None:
                        level = self._stays()
                self._follow_strays(call)
            if self.shard is not None:
                self._stop(f"shard {self.shard}")
        except KeyboardInterrupt:
            self._stop("interrupted")
        except BrokenExecutor:
            self._stop("a worker process died")
        self.seconds = real_seconds() - began

    @property
    def complete(self) -> bool:
        """True if everything was tried."""
        cut = any(incident.kind == "cut" for incident in self.incidents)
        left_out = self.stopped or self.uncontinued or self.strays or self.crowded or cut
        return bool(self.nodes or self.incidents) and not left_out

    @property
    def crowded(self) -> list[Node]:
        """The first situations at spots where more numbers or phrases fit than were tried."""
        firsts = [at_spot[0] for at_spot in self._spots.values()]
        return [
            node
            for node in firsts
            if numbers_left_out(node.situation, self.entries)
            or phrases_left_out(node.situation, self.entries)
        ]

    @property
    def due(self) -> int:
        """The number of actions that were planned and not tried."""
        return self._due.total()

    @property
    def open(self) -> list[Node]:
        """The situations in which actions were planned and not tried."""
        return [node for node in self.nodes if self._due[node.number] > 0]

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why

    def _follow_strays(self, call: Calling) -> None:
        """Find out whether the handler varies: repeat the calls that found the situations."""
        for node in {node.number: node for node in self.strays}.values():
            again = call([node.attempt] * REPEATS)
            if all(each.reached and each.reached.key == node.situation.key for each in again):
                self.repeatable.add(node.number)

    def _level(
        self,
        jobs: list[Planned],
        call: Calling,
        depth: int,
        began: float,
    ) -> list[Planned]:
        """Make a level's calls; return the next level."""
        following: list[Planned] = []
        while jobs:
            if self.limits.calls is not None and self.calls + len(jobs) > self.limits.calls:
                jobs = jobs[: self.limits.calls - self.calls]
                self._stop(f"{self.limits.calls} calls")
            more: list[Planned] = []  # at the same depth: other behaviours of far ends
            for job, outcome in zip(jobs, call([job.attempt for job in jobs]), strict=False):
                self.calls += not outcome.same
                self._due[_number(job)] -= 1
                node = self._take(job, outcome, depth)
                if node is not None:
                    expanded = self._expand(node, job.action.keys if job.action else "")
                    self._due.update(map(_number, expanded))
                    following += expanded
                others = list(self._variants.of(job, outcome))
                self._due.update(map(_number, others))
                more += others
                seconds = real_seconds() - began
                self.progress(
                    Progress(len(self.nodes), self.calls, self.calls + len(following), seconds)
                )
                if self.limits.seconds is not None and seconds > self.limits.seconds:
                    self._stop(f"{self.limits.seconds:g} s")
                    return []
            jobs = more if self.stopped is None else []
        return following if self.stopped is None else []

    def _take(self, job: Planned, outcome: AttemptOutcome, depth: int) -> Node | None:
        """Add the outcome of a call to the graph; return its node if that is new."""
        attempt = job.attempt
        done = Way(attempt.call, job.prefix)
        made = Way(attempt.call, attempt.steps + attempt.act)
        if outcome.astray or outcome.taken or attempt.hangs_up:
            self._note(job, outcome, made, job.node)
            # At another time, the way there may be another.
            if outcome.astray and job.node is not None and not job.moved:
                self.astray.append(made)
                self.strays.append(job.node)
            return None
        target: int | CallEnd
        new: Node | None = None
        if outcome.waits_for_ever and job.node is not None:
            job.node.waits_for_ever = True
            target = job.node.number
        elif outcome.reached is not None and outcome.approach is not None:
            which = (job.root, outcome.reached.key)
            shape = (job.root, _shape(outcome.reached))
            node = self._by_key.get(which)
            if node is None and job.moved:
                node = self._shapes.get(shape)
            if node is None:
                number = len(self.nodes)
                node = new = Node(
                    number, outcome.reached, done, outcome.approach, depth, attempt, job.root,
                    dialled=outcome.dialled,
                )  # fmt: skip
                self.nodes.append(node)
                self.arrivals.setdefault(node.situation.spot, outcome)
                self._by_key[which] = node
                self._shapes.setdefault(shape, node)
            target = node.number
        else:
            target = outcome.ended or CallEnd("for ever", "nothing happens any more")
        there = self.nodes[target] if isinstance(target, int) else job.node
        self._note(job, outcome, made, there)
        if attempt.known and (new is None and not isinstance(target, CallEnd)):
            return None  # a loop
        edge = Edge(
            source=None if job.node is None else job.node.number,
            target=target,
            label=job.label or ("" if job.action is None else job.action.label),
            what="silence" if job.action is None else job.action.what,
            keys="" if job.action is None else job.action.keys,
            way=made,
            said=outcome.said,
            did=outcome.did,
            seconds=outcome.seconds,
            time=outcome.time,
            answered=outcome.answered,
            far_end=job.far_end,
            back_end=job.back_end,
            story=outcome.story[_told(outcome, job.node) : outcome.told[-1]],
            then=outcome.story[outcome.told[-1] :],
        )
        goes = (edge.source, edge.what, edge.keys, edge.target, edge.said)
        if job.moved and new is None and goes in self._goes:  # the same action at another time
            self.repeats.append(edge)
            return None
        self._goes.add(goes)
        self.edges.append(edge)
        self._silences.ends(made, outcome)
        if new is not None:
            new.by = edge
        if job.node is not None:
            job.node.edges.append(edge)
        return new

    def _note(self, job: Planned, outcome: AttemptOutcome, made: Way, there: Node | None) -> None:
        """Note the other observations. (In the end, the caller hung up ``there``.)"""
        self.stuck |= outcome.stuck_at
        if outcome.slow and there is not None:
            self._slow.add(there.situation.spot)
        for trouble in outcome.troubles:
            way = made
            if trouble.at_hangup and outcome.approach is not None:
                way = Way(made.call, made.steps + outcome.approach.at)
            if trouble.kind == "outlives":
                # The verb `hangup` would wait for the handler's end, however long that takes.
                seconds = LATE if trouble.at_hangup else round(outcome.seconds, 3)
                ends = [Step("hangup_after", {"seconds": 0})] if trouble.at_hangup else []
                way = way.then(*ends, Step("wait", {"timeout": seconds}))
            elif trouble.kind in ("no-exit", "cut"):  # a round takes hardly any time
                way = way.then(Step("wait", {"timeout": ROUND}))
            elif trouble.at_hangup:
                way = way.then("hangup")
            where = there if trouble.at_hangup else job.node
            node = None if where is None else where.number
            self.incidents.append(Incident(trouble.kind, trouble.text, trouble.place, way, node))
        self.stands_on.add(outcome.stands_on)
        self.keeps |= outcome.keeps
        self.bridged |= bool(outcome.bridges)
        self.asked.update(each.name for each in outcome.look_ups)
        number = None if job.node is None else job.node.number
        self.lacks += [Lack(part, place, made, number) for part, place in outcome.not_modelled]
        for prompt in sorted(outcome.played):
            self.played.setdefault(prompt, made)
        for extension, line in outcome.transfers:
            self.transfers.setdefault(extension, (made, line))
        for file in sorted(outcome.recorded):
            self.recorded.setdefault(file, made)
        for file in sorted(outcome.files):
            self.files.setdefault(file, made)
        if outcome.elsewhere and outcome.elsewhere not in self._heard_elsewhere:
            self._heard_elsewhere.add(outcome.elsewhere)
            self.elsewhere.append(outcome.elsewhere)
        self.explored.ran.add(outcome.ran)
        for negative in sorted(number for number, _ in outcome.ran if number < 0):
            self.looked_for_nothing.setdefault(-negative, made)
        for file, numbers in outcome.lines.items():
            self.lines.setdefault(file, set()).update(numbers)

    def _expand(self, node: Node, by: str) -> list[Planned]:
        """The attempts in a situation that these keys led to."""
        at_spot = self._spots.setdefault((node.root, node.situation.spot), [])
        # Each call to a stuck handler takes the full patience.
        if at_spot and node.situation.spot in self._slow:
            self.uncontinued.append(node)
            return []
        alike = self._alike(at_spot)
        # Digits gathered one by one lead ever deeper: only one way of them is followed.
        follows = by == self.keys[:1] and len(at_spot) < FAR
        known = bool(alike) and _is_known(node.situation, [each.situation for each in at_spot])
        if len(at_spot) >= (ENOUGH_ALIKE if known else ENOUGH) and not follows:
            if known:
                node.like = at_spot[0].number
            else:
                self.uncontinued.append(node)
            return []
        few = len(at_spot) >= SOME and not alike
        if alike or few:
            node.like = at_spot[0].number
        node.expanded = True
        words = MOST_WORDS if at_spot else ALL_WORDS
        at_spot.append(node)
        jobs = []
        for action in actions(
            node.situation, node.approach, self.keys, self.entries, few=few, words=words
        ):
            if alike and action.label not in alike:
                continue
            steps, act = node.way.steps, action.steps
            if action.what == "silence":
                steps, act = steps + act, ()
            attempt = Attempt(
                node.way.call, steps, act, action.hangs_up, node.situation.number,
                proven=len(node.way.steps),
            )  # fmt: skip
            jobs.append(
                Planned(
                    attempt,
                    node.root,
                    node,
                    action,
                    prefix=node.way.steps + action.steps,
                    dialled=node.dialled,
                )
            )
        if node.situation.far_end is not None:
            jobs += self._variants.pressed_there(
                node, self.keys[:1] + self.keys[-1:] if few else self.keys
            )
        return jobs

    def _alike(self, nodes: Sequence[Node]) -> Set[str]:
        """One action for each outcome, at a spot whose situations behave the same.

        Empty if they differ, or if too few were explored.
        """
        looked = [node for node in nodes if node.edges and node.like is None]
        behaviours = [self._behaviour(node) for node in looked]
        if len(looked) < ALIKE or any(each != behaviours[1] for each in behaviours[2:]):
            return frozenset()
        if not behaviours[1].items() <= behaviours[0].items():  # more entries were tried there
            return frozenset()
        first: dict[object, str] = {}
        for label, outcome in behaviours[0].items():
            first.setdefault(outcome, label)
        return frozenset(first.values())

    def _behaviour(self, node: Node) -> dict[str, object]:
        """For each action: the spot it leads to, and the prompts on the way."""
        return {
            edge.label: (
                edge.target if isinstance(edge.target, CallEnd) else self._spot_of(edge.target),
                edge.said,
            )
            for edge in node.edges
        }

    def _spot_of(self, number: int) -> str:
        return self.nodes[number].situation.spot

    def _stays(self) -> list[Planned]:
        """Attempts to stay in situations that silence leads back to.

        The time is not a plain variable: a queue that announces the caller's place once a minute,
        for example, seems to stay in the same situation.
        """
        jobs = []
        keys: dict[int, set[str]] = {}
        for root, key in self._by_key:
            keys.setdefault(root, set()).add(key)
        of_root = {root: frozenset(each) for root, each in keys.items()}
        for number in [min(cycle) for cycle in self.silent_rounds()]:
            if number in self._stayed:
                continue
            node = self.nodes[number]
            self._stayed.add(number)
            self._due[number] += 1
            steps = node.here.steps
            attempt = Attempt(node.way.call, steps, number=0, known=of_root[node.root])
            jobs.append(
                Planned(
                    attempt, node.root, node, CallerAction("silence", "silence", node.approach.at),
                    prefix=steps, dialled=node.dialled,
                )
            )  # fmt: skip
        return jobs

    def silent_rounds(self) -> list[list[int]]:
        """The nodes of each cycle in which silence leads round."""
        found: list[list[int]] = []
        state: dict[int, int] = {}
        for node in self.nodes:
            path: list[int] = []
            number: int | None = node.number
            while number is not None and number not in state:
                state[number] = node.number
                path.append(number)
                number = self._in_silence(number)
            if number is not None and number in path:
                found.append(path[path.index(number) :])
        return found

    def _in_silence(self, number: int) -> int | None:
        node = self.nodes[number]
        for edge in reversed(node.edges):
            if edge.label == "silence":
                if not isinstance(edge.target, CallEnd):
                    return None if node.waits_for_ever else edge.target
                if edge.target.how != "for ever":
                    return None  # after some rounds
        return None

    def ends_by_itself(self, way: Way, seconds: float) -> bool:
        """True if the call ends while the caller waits for ``seconds``."""
        outcome = self.in_silence(way, seconds)
        return not outcome.up or outcome.astray

    def in_silence(self, way: Way, seconds: float, caller: Caller | None = None) -> AttemptOutcome:
        """What happens while the caller does nothing for ``seconds``, and then hangs up."""
        if caller is not None:
            outcome = caller.make(silence(way, seconds))
        elif self.explored.portable:
            outcome = self._silences.of(way, seconds)
            self.explored.ran.add(outcome.ran)
        else:  # it keeps its state, and may take another course
            outcome = self.caller(covers=False).make(silence(way, seconds))
        for trouble in outcome.troubles:
            if not trouble.at_hangup:
                self.incidents.append(
                    Incident(trouble.kind, trouble.text, trouble.place, way, None)
                )
        return outcome

    def foresee(self, calls: Iterable[tuple[Way, float]]) -> None:
        """Have the processes make the calls of which `in_silence` is about to be asked."""
        if self._others is not None and self.stopped is None and not self.stuck:
            self._silences.foresee(calls, self._others)

    # Processes

    _others: Calling | None = None  # that make calls, during `processes`

    @contextmanager
    def processes(self) -> Iterator[None]:
        """Keep the processes that make calls, if there are any, for `run` and for findings."""
        if not self._spreads:
            yield
            return
        with self._spread() as self._others:
            try:
                yield
            finally:
                self._others = None

    @property
    def _spreads(self) -> bool:
        return self.executor is not None or (self.workers > 1 and self.explored.portable)

    def caller(self, *, covers: bool = True) -> Caller:
        lines = Lines(self.explored.folder) if self.covers and covers else None
        fresh = self.explored.fresh
        ran = self.explored.ran
        return Caller(
            fresh, self.explored.keeps, self.key, self.patience, self.base, lines, ran, self.turns,
            stuck=self.stuck,
            questions=frozenset(self.questions), one_process=not self.explored.portable,
            tells_all=self.shard is not None, notices_looks=self.notices_looks,
        )  # fmt: skip

    def caller_of_one_process(self) -> Caller:
        """One whose calls all meet the same handler, which keeps its state between them."""
        return Caller(
            self.explored.lasting(),
            key=self.key,
            patience=self.patience,
            base=self.base,
            turns=self.turns,
            stuck=self.stuck,
            one_process=True,
        )

    @contextmanager
    def in_succession(self) -> Iterator[None]:
        """Meanwhile, single calls begin faster."""
        start = self.circumstances[0].get("start") if self.circumstances else None
        with in_succession(start):
            yield

    @contextmanager
    def _calling(self) -> Iterator[Calling]:
        if self._others is not None:
            yield self._others
        elif self._spreads:
            with self._spread() as calling:
                yield calling
        else:
            caller = self.caller()
            try:
                with self.in_succession():
                    yield lambda attempts: map(caller.make, attempts)
            finally:
                if caller.lines is not None:
                    caller.lines.close()

    @contextmanager
    def _spread(self) -> Iterator[Calling]:
        start = self.circumstances[0].get("start") if self.circumstances else None
        equipment = Equipment(self.explored, self.caller, start)
        if self.executor is None:
            with spreading.pool(equipment, self.workers) as calling:
                yield calling
        else:
            with spreading.on(self.executor, equipment) as calling:
                yield calling

    def __getstate__(self) -> dict[str, Any]:
        """The state that another process needs to make calls."""
        names = ("explored", "key", "patience", "base", "covers", "turns", "questions", "stuck",
                 "shard", "notices_looks")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _shape(situation: Situation) -> object:
    """As its key, whatever the digits are: a name that contains the time is different each time."""
    data = re.sub(r"[0-9]+", "0", situation.data)
    variables = {
        name: re.sub(r"[0-9]+", "0", text) if text[:1] in "\"'" else text
        for name, text in situation.variables.items()
    }
    return situation.places, situation.kind, situation.application, data, str(variables)


def _is_known(situation: Situation, others: Sequence[Situation]) -> bool:
    """True if what follows can be known from others at the spot, which behave alike.

    A counter or a flag may lead elsewhere later, and so may the combination of several. Of a text
    with many values, such as what the caller has entered, the others stand for all.
    """
    mine = situation.variables
    values = {name: {each.variables.get(name) for each in others} for name in mine}
    many = {name for name in mine if len(values[name]) >= SOME}
    counts = {name for name in many if mine[name][:1] not in "\"'"}
    few = mine.keys() - many
    return all(mine[name] in values[name] for name in counts) and any(
        all(each.variables.get(name) == mine[name] for name in few) for each in others
    )


def _number(job: Planned) -> int | None:
    return None if job.node is None else job.node.number


def _told(outcome: AttemptOutcome, source: Node | None) -> int:
    """The length of the story at the end of the last action before."""
    steps = 0 if source is None else len(source.way.steps)
    return outcome.told[min(steps, len(outcome.told) - 1)]
