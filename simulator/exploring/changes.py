"""What callers can do now that they couldn't, and the other way round: two behaviours compared.

Both are walked side by side from the beginning of the call: callers do the same in both. Where
what they notice differs, that is a change, told where callers come across it first. A prompt that
is another one, that is new in between, or that is gone is recognised, so that what follows is
compared as before. Nothing is said of points that behave the same from there on.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from .behaviour import Behaviour, Point, Remark, Turn, TurnKind, classes
from .findings.families import INCOMPLETE
from .findings.finding import many
from .graph import in_short
from .maps import in_a_row
from .saved_maps import SavedMapError

__all__ = ["Change", "ChangeKind", "Review", "changes", "review"]

ChangeKind = Literal[
    "new", "gone", "changed", "slower", "faster", "finding", "incomplete", "mended"
]
#: Seconds from which on a difference counts: a command more on the way takes 0.02 s.
NOTICEABLE = 0.5
#: Prompts in a row that are looked through for one that is known.
AHEAD = 4
BEGINNING = "the beginning"
#: The part of what callers do that the exploration has made up: the digits, and how often.
MADE_UP = re.compile(r"^[0-9*#A-D]+( \d+ times)?(?= |$)")
DIGITS = re.compile(r"[0-9]+")
#: How calls end and go on, in the past.
PAST = {
    "leads": "led", "hangs": "hung", "raises": "raised", "gives": "gave", "leaves": "left",
    "sends": "sent", "is": "was", "goes": "went", "nothing happens": "nothing happened",
}  # fmt: skip
#: Kinds of turns with one key, and others with keys that the exploration has made up.
KEYS: Set[TurnKind] = frozenset(["key", "other"])
#: What became of a key that meant something before, and that means something now.
OPTIONS: Mapping[tuple[bool, bool], Literal["new", "gone", "changed"]] = {
    (False, True): "new", (True, False): "gone", (True, True): "changed", (False, False): "changed",
}  # fmt: skip
#: What callers do, in words that come before it.
DOING: Mapping[TurnKind, str] = {
    "key": "pressing", "other": "pressing", "early": "pressing", "wrong": "entering",
    "entry": "entering", "silence": "after",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A difference between what callers could do and what they can do."""

    kind: ChangeKind
    text: str
    #: The point of the new behaviour at which it is noticed; None if it is nowhere there.
    point: int | None = None
    does: str = ""  #: what the caller does there

    def __str__(self) -> str:
        return self.text


def changes(before: Behaviour, now: Behaviour) -> list[Change]:
    """All of them, those that callers come across first at the beginning.

    Raises SavedMapError if other things were tried: differences say nothing of the handler then.
    """
    then, today = dict(before.tried), dict(now.tried)
    for what in sorted({*then, *today}):
        if then.get(what) != today.get(what):
            raise SavedMapError(
                f"the saved map was made with {what} {_told(then.get(what))}, and now it is "
                f"{_told(today.get(what))}: explore with the same options, or save the map anew"
            )
    comparison = _Comparison(before, now)
    comparison.run()
    return [*comparison.told(), *_of_findings(before, now)]


def _told(value: object) -> str:
    return "not given" if value in (None, "", [], {}) else str(value)


@dataclass
class _Side:
    """One of the behaviours."""

    behaviour: Behaviour
    group: Sequence[int]  #: the points' classes, which are common to both sides
    #: What is heard last on the shortest way to each point.
    heard: dict[int, str] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)  #: points by what is heard there
    labels: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        beginning = self.behaviour.starts
        waiting = deque([("", beginning)])
        for number, point in enumerate(self.behaviour.points):
            self.places.setdefault(point.what, []).append(number)
        while waiting:
            last, turns = waiting.popleft()
            for turn in turns:
                self.labels.add(turn.does)
                if turn.to is not None and turn.to not in self.heard:
                    self.heard[turn.to] = last
                    point = self.behaviour.points[turn.to]
                    waiting.append((point.what if _is_heard(point.what) else last, point.turns))

    def point(self, number: int) -> Point:
        return self.behaviour.points[number]

    def name(self, number: int) -> str:
        """The point, as callers would call it."""
        what, last = named(self.point(number).what), named(self.heard.get(number, ""))
        return what if _is_heard(self.point(number).what) or not last else f"{what} after {last}"


def _is_heard(what: str) -> bool:
    """True for a prompt that callers hear, and not for a wait or a command."""
    return " " not in what or "://" in what.partition(" ")[0]


@dataclass
class _Fact:
    """A change, and all ways on which callers come across it."""

    kind: ChangeKind
    text: str
    point: int | None
    ways: list[tuple[Turn | None, str]] = field(default_factory=list)  #: what they do, and where


@dataclass(frozen=True)
class Review:
    """What has changed since a map was saved."""

    file: str  #: the saved map
    changes: Sequence[Change]
    known: int  #: the findings that are there as they were
    partly: bool  #: True if not all was tried

    @property
    def incomplete(self) -> bool:
        """True if all that has changed is that something was not tried."""
        return all(each.kind == "incomplete" for each in self.changes)

    def report(self) -> list[str]:
        """Its lines."""
        known = f"; {many(self.known, 'finding')} as before" if self.known else ""
        if not self.changes:
            what = "nothing that was tried has changed" if self.partly else "nothing has changed"
            return [f"{what} since {self.file}{known}"]
        said = f"{many(len(self.changes), 'change')} since {self.file}{known}"
        return [said, *(f"  {each}" for each in self.changes)]


def review(file: str, before: Behaviour, now: Behaviour) -> Review:
    """What has changed since ``before`` was saved in ``file``. Raises SavedMapError."""
    found = changes(before, now)
    new = sum(each.kind in ("finding", "incomplete") for each in found)
    partly = any(remark.kind in INCOMPLETE for remark in now.remarks)
    return Review(file, found, len(now.remarks) - new, partly)


class _Comparison:
    """The walk."""

    def __init__(self, before: Behaviour, now: Behaviour) -> None:
        both = [*before.points, *(_moved(point, len(before.points)) for point in now.points)]
        group = classes(both)
        self.old = _Side(before, group[: len(before.points)])
        self.new = _Side(now, group[len(before.points) :])
        #: The points that were compared with each other.
        self.pairs: dict[tuple[int, int], None] = {}
        self._facts: dict[Hashable, _Fact] = {}
        self._waiting: deque[tuple[int, int]] = deque()
        self._left: deque[tuple[int | None, int | None]] = deque()

    def run(self) -> None:
        everything = Point("", self.old.behaviour.starts), Point("", self.new.behaviour.starts)
        self._compare(*everything, BEGINNING, None)
        while self._waiting or self._left:
            if not self._waiting:
                self._follow(*self._left.popleft())
                continue
            old, new = self._waiting.popleft()
            self._compare(self.old.point(old), self.new.point(new), self.new.name(new), new)

    def told(self) -> Iterator[Change]:
        for fact in self._facts.values():
            where = fact.ways[0][1]
            here = [turn for turn, place in fact.ways if turn is not None and place == where]
            does = list(dict.fromkeys(turn.does for turn in here))
            more = len({place for _, place in fact.ways}) - 1
            also = "" if not more else f" (and at {more} more place{'s' if more > 1 else ''})"
            said = does[0] if len(does) == 1 else in_a_row(does)
            way = _way({turn.kind for turn in here}, said, where)
            yield Change(fact.kind, f"{way}{also}: {fact.text}", fact.point, (does or [""])[0])

    def _note(
        self, kind: ChangeKind, text: str, turn: Turn | None, where: str, point: int | None
    ) -> None:
        fact = self._facts.setdefault((kind, text), _Fact(kind, text, point))
        fact.ways.append((turn, where))

    def _queue(self, old: int, new: int) -> None:
        if self.old.group[old] != self.new.group[new] and (old, new) not in self.pairs:
            self.pairs[old, new] = None
            self._waiting.append((old, new))

    # Two points

    def _compare(self, old: Point, new: Point, where: str, number: int | None) -> None:
        turns_then, turns_now = self._far_ends(old.turns, new.turns, where, number), new.turns
        usual_then, usual_now = _usual(turns_then), _usual(turns_now)
        then, now = _by_what(turns_then), _by_what(turns_now)
        for what in [*now, *(each for each in then if each not in now)]:
            ones, others = then.get(what, []), now.get(what, [])
            if what[0] == "key" and not (ones and others):
                ones, others = ones or _for_all(turns_then), others or _for_all(turns_now)
                if not (ones and others) and {turn.kind for turn in (*ones, *others)} == {"other"}:
                    continue  # on the other side, each key means something
            if ones and others:
                for one, other in _matched(ones, others, self._same):
                    if one.kind == "silence":
                        one, other = self._all_of_silence(one, other)
                    meant = one.outcome != usual_then, other.outcome != usual_now
                    does = what[1] if what[0] == "key" else other.does
                    self._turns(one, replace(other, does=does), where, number, OPTIONS[meant])
            elif others and old.whole:
                self._only(others, turns_then, turns_now, where, number, new=True)
            elif ones and new.whole:
                self._only(ones, turns_now, turns_then, where, number, new=False)

    def _far_ends(
        self, old: Sequence[Turn], new: Sequence[Turn], where: str, number: int | None
    ) -> Sequence[Turn]:
        """The old turns, with the far ends that are called now in the place of those before."""
        then, now = _fars(old), _fars(new)
        gone, come = [x for x in then if x not in now], [x for x in now if x not in then]
        if not gone or len(gone) != len(come):
            return old
        names = dict(zip(gone, come, strict=True))
        for one, other in names.items():
            text = f"{one} was called, now {other}"
            self._note("changed", text, None, where, number)
        return [
            replace(
                turn,
                does=turn.does.replace(turn.far_end, names[turn.far_end]),
                notices=tuple(x.replace(turn.far_end, names[turn.far_end]) for x in turn.notices),
                far_end=names[turn.far_end],
            )
            if turn.far_end in names
            else turn
            for turn in old
        ]

    def _same(self, old: Turn, new: Turn) -> bool:
        if (old.notices, old.end) != (new.notices, new.end):
            return False
        if old.to is None or new.to is None:
            return old.to is new.to
        return self.old.group[old.to] == self.new.group[new.to]

    def _only(
        self,
        turns: Sequence[Turn],
        theirs: Sequence[Turn],
        mine: Sequence[Turn],
        where: str,
        number: int | None,
        *,
        new: bool,
    ) -> None:
        """Turns that only one side has.

        Entries and circumstances come from the code, too: that others are tried is told if they
        lead elsewhere, or in the place of others.
        """
        side, other = (self.new, self.old) if new else (self.old, self.new)
        does = {each.does for each in mine}
        for turn in turns:
            if turn.kind not in KEYS:
                known = any(self._alike(turn, side, each, other) for each in theirs)
                gone = [x for x in theirs if x.kind == turn.kind and x.does not in does]
                if (known and not gone) or (
                    turn.kind == "circumstance" and turn.does in other.labels
                ):
                    continue
            leads = self._leads(turn, side)
            if new:
                self._note("new", f"new; {leads}", turn, where, number)
                self._left.append((None, turn.to))
            else:
                said = "gone" if turn.kind in KEYS else "not tried any more"
                self._note("gone", f"{said}; {_past(leads)} before", turn, where, number)

    def _alike(self, turn: Turn, side: _Side, other: Turn, there: _Side) -> bool:
        """True if both lead to the same at once, whatever digits are read back there."""
        if turn.to is None or other.to is None:
            return turn.outcome == other.outcome
        one, two = side.point(turn.to).what, there.point(other.to).what
        if turn.kind == "entry":
            one, two = DIGITS.sub("0", one), DIGITS.sub("0", two)
        return one == two and turn.notices == other.notices

    # Two turns

    def _turns(
        self,
        old: Turn,
        new: Turn,
        where: str,
        number: int | None,
        option: Literal["new", "gone", "changed"],
    ) -> None:
        elsewhere = self._elsewhere(old, new)
        if not elsewhere:
            self._on_the_way(old, new, where, number)
            longer = new.seconds - old.seconds
            if abs(longer) >= NOTICEABLE and old.notices == new.notices:
                kind: ChangeKind = "slower" if longer > 0 else "faster"
                text = f"takes {new.seconds:g} s, {old.seconds:g} s before"
                self._note(kind, text, new, where, number)
            return
        if option == "changed" or new.kind not in KEYS:
            self._note("changed", elsewhere, new, where, number)
        else:
            before = _past(self._leads(old, self.old))
            text = f"{option}; {self._leads(new, self.new)} ({before} before)"
            self._note(option, text, new, where, number)

    def _on_the_way(self, old: Turn, new: Turn, where: str, number: int | None) -> None:
        if old.notices == new.notices:
            return
        less, more = _less(old.notices, new.notices), _less(new.notices, old.notices)
        if less and more:
            text = f"on the way: {_listed(less)} before, now {_listed(more)}"
        elif more:
            text = f"on the way, new: {_listed(more)}"
        elif less:
            text = f"on the way, no longer: {_listed(less)}"
        else:
            text = f"on the way, in another order: {_listed(new.notices)}"
        self._note("changed", text, new, where, number)

    def _elsewhere(self, old: Turn, new: Turn) -> str:
        """How the turn leads elsewhere than before; empty if it doesn't. Follows it."""
        if old.to is not None and new.to is not None:
            one, other = self.old.point(old.to).what, self.new.point(new.to).what
            if one == other:
                self._queue(old.to, new.to)
                return ""
            text = self._recognised(old.to, one, new.to, other)
            if text:
                return text
        elif old.to is new.to and old.end == new.end:
            return ""
        self._left.append((old.to, new.to))
        before, now = self._leads(old, self.old), self._leads(new, self.new)
        return f"{_past(before)} before, now {now}"

    def _recognised(self, old: int, one: str, new: int, other: str) -> str:
        stays, known = one in self.new.places, other in self.old.places
        if not stays and not known:
            self._queue(old, new)
            return _renamed(one, other)
        if not known:
            behind = self._ahead(self.new, new, one)
            if behind is not None:
                self._queue(old, behind)
                return f"{named(other)} is new, before {named(one)}"
        if not stays:
            behind = self._ahead(self.old, old, other)
            if behind is not None:
                self._queue(behind, new)
                return f"{named(one)} is gone, {named(other)} follows at once"
        return ""

    def _all_of_silence(self, old: Turn, new: Turn) -> tuple[Turn, Turn]:
        """The same turns; where one is several of the other, as in a loop of tries, those as one.

        How long these take together is not known: a prompt's length is in none of them.
        """
        for turn, side, other, there in (
            (old, self.old, new, self.new),
            (new, self.new, old, self.old),
        ):
            longer = turn
            for _ in range(AHEAD):
                if longer.to is None:
                    break
                if (
                    other.to is not None
                    and side.point(longer.to).what == there.point(other.to).what
                ):
                    break
                point = side.point(longer.to)
                silent = next((each for each in point.turns if each.kind == "silence"), None)
                if silent is None:
                    break
                heard = (*longer.notices, f"hears {point.what}", *silent.notices)
                longer = replace(silent, notices=heard, seconds=other.seconds)
            if longer is not turn and (longer.notices, longer.end) == (other.notices, other.end):
                if (longer.to is None) == (other.to is None):
                    return (longer, other) if turn is old else (other, longer)
        return old, new

    def _ahead(self, side: _Side, number: int, what: str) -> int | None:
        """The point with this prompt that callers come to in silence."""
        for _ in range(AHEAD):
            silent = [x for x in side.point(number).turns if x.kind == "silence"]
            if not silent or silent[0].to is None:
                return None
            number = silent[0].to
            if side.point(number).what == what:
                return number
        return None

    def _follow(self, old: int | None, new: int | None) -> None:
        """Compare points that no way has led to in both, with the most similar that have it."""
        if new is not None and not any(new == each for _, each in self.pairs):
            there = self.old.places.get(self.new.point(new).what, [])
            if there and not any(self.old.group[x] == self.new.group[new] for x in there):
                self._queue(max(there, key=lambda x: self._likeness(x, new)), new)
        if old is not None and not any(old == each for each, _ in self.pairs):
            here = self.new.places.get(self.old.point(old).what, [])
            if here and not any(self.new.group[x] == self.old.group[old] for x in here):
                self._queue(old, max(here, key=lambda x: self._likeness(old, x)))

    def _likeness(self, old: int, new: int) -> int:
        """The number of turns that lead to the same."""
        then = {(x.kind, x.does): x for x in self.old.point(old).turns}
        return sum(
            self._alike(turn, self.new, then[turn.kind, turn.does], self.old)
            for turn in self.new.point(new).turns
            if (turn.kind, turn.does) in then
        )

    def _leads(self, turn: Turn, side: _Side) -> str:
        if turn.to is None:
            return turn.end
        return f"leads to {side.name(turn.to)}"


def _moved(point: Point, by: int) -> Point:
    turns = (x if x.to is None else replace(x, to=x.to + by) for x in point.turns)
    return replace(point, turns=tuple(turns))


def named(what: str) -> str:
    """A prompt's name; of several played as one, what they say."""
    return in_short(what) if _is_pieces(what) else what


def _is_pieces(what: str) -> bool:
    return what.startswith("file_string://")


def _renamed(one: str, other: str) -> str:
    if _is_pieces(one) and _is_pieces(other) and named(one) == named(other):
        less, more = (_less(x.split("!"), y.split("!")) for x, y in ((one, other), (other, one)))
        if less or more:
            return f"{named(other)}: {_listed(less)} was heard, now {_listed(more)}"
        return f"{named(other)}: heard in another order"
    if _is_heard(one) and _is_heard(other):
        return f"{named(one)} was heard, now {named(other)}"
    return f"{one} before, now {other}"


def _past(text: str) -> str:
    for now, then in PAST.items():
        if text == now or text.startswith((f"{now} ", f"{now}:")):
            return then + text[len(now) :]
    return text


def _way(kinds: set[TurnKind], does: str, where: str) -> str:
    if where == BEGINNING:
        return f"at the beginning of a call{f' ({does})' if does else ''}"
    if not does:
        return f"at {where}"
    doing = {DOING.get(kind, "") for kind in kinds}
    return f"{min(doing) if len(doing) == 1 else 'after'} {does} at {where}".lstrip()


def _fars(turns: Iterable[Turn]) -> list[str]:
    return list(dict.fromkeys(turn.far_end for turn in turns if turn.far_end))


def _by_what(turns: Iterable[Turn]) -> dict[tuple[str, str], list[Turn]]:
    """By what callers do. Of a key during the prompt, and of wrong entries, any counts."""
    found: dict[tuple[str, str], list[Turn]] = {}
    for turn in turns:
        made_up = turn.kind in ("early", "wrong", "entry") and " " in turn.does
        does = MADE_UP.sub("", turn.does) if made_up else turn.does
        kind = "key" if turn.kind in KEYS else turn.kind
        found.setdefault((kind, does), []).append(turn)
    return found


def _for_all(turns: Iterable[Turn]) -> list[Turn]:
    """What a key does that nothing listens for."""
    return [turn for turn in turns if turn.kind == "other"]


def _usual(turns: Sequence[Turn]) -> Hashable:
    """The outcome of most keys, if more than one has it: that of keys that mean nothing."""
    for turn in _for_all(turns):
        return turn.outcome
    keys = [turn for turn in turns if turn.kind == "key"]
    most = Counter(turn.outcome for turn in keys).most_common(1)
    return most[0][0] if most and most[0][1] > 1 else None


def _matched(
    old: Sequence[Turn], new: Sequence[Turn], same: Callable[[Turn, Turn], bool]
) -> Iterator[tuple[Turn, Turn]]:
    """Those that are the same, and then the others in their order."""
    left = list(old)
    rest: list[Turn] = []
    for turn in new:
        twin = next((each for each in left if same(each, turn)), None)
        if twin is None:
            rest.append(turn)
        else:
            left.remove(twin)
            yield twin, turn
    for number, turn in enumerate(rest):
        if left or old:
            yield (left[number] if number < len(left) else old[0]), turn
    for turn in left[len(rest) :]:
        yield turn, new[-1]


def _less(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return list((Counter(these) - Counter(those)).elements())


def _listed(notices: Sequence[str]) -> str:
    return ", ".join(notices) or "nothing"


# Findings


def _of_findings(before: Behaviour, now: Behaviour) -> Iterator[Change]:
    """The findings that are new, and those that are gone."""
    gone, come = list(before.remarks), list(now.remarks)
    for alike in (_same_text, _same_kind):
        for remark in list(come):
            twin = next((each for each in gone if alike(each, remark)), None)
            if twin is not None:
                gone.remove(twin)
                come.remove(remark)
    for remark in come:
        kind: ChangeKind = "incomplete" if remark.kind in INCOMPLETE else "finding"
        yield Change(kind, f"new: {remark.kind}: {remark.text}", remark.at)
    for remark in gone:
        yield Change("mended", f"not found any more: {remark.kind}: {remark.text}")


def _same_text(old: Remark, new: Remark) -> bool:
    return (old.kind, old.text) == (new.kind, new.text)


def _same_kind(old: Remark, new: Remark) -> bool:
    return old.kind == new.kind and old.at is not None and old.at == new.at
