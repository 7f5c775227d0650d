"""Rules for a handler's calls, one sentence each, and the calls that break them.

    every call hears goodbye or is transferred to 2000
    key 2 at office/menu leads to office/sales

docs/guides/explore.md has the sentences. A rule looks at a call's story, one happening after
another, and keeps a small state, so that it can be checked over the graph of all calls.
"""

from __future__ import annotations

import difflib
import glob
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar, NamedTuple, NoReturn

from eslsync.wire.arguments import are_keys

from ..calling.call import same_prompt
from ..scripts.nodes import shown
from .stories import Happening, HappeningKind

__all__ = [
    "ENDED", "Condition", "EveryCall", "KeyLeads", "Mark", "NoCall", "Progress", "Rule",
    "RuleError", "Tried", "begin", "digits_in", "either", "extensions_in", "follow", "near",
    "phrases_in", "read_rules", "rules_beside", "rules_in",
]  # fmt: skip

#: The suffix of a file of rules beside the handler's.
SUFFIX = ".expect"
#: Stands for keys in a row that are no beginning of an entry in the rule.
OTHERS = "others"
#: The ends of calls, but for those that are findings by themselves, such as an exception.
ENDS: Mapping[HappeningKind, str] = {
    "hung up by us": "we hang up",
    "given back": "it is given back",
    "ended": "it is hung up, not by us",
}

FORMS = """\
every call [that CONDITION] CONDITION [or CONDITION ...]
no call [that CONDITION] CONDITION [or CONDITION ...] [before it CONDITION [or CONDITION ...]]
key KEY [at PROMPT] leads to TARGET [or TARGET ...]
at most NUMBER tries at PROMPT
every answered bridge is recorded
where CONDITION is one of: hears PROMPT, enters DIGITS, says WORD or 'WORDS', is answered,
is bridged [to WHOM], is transferred [to EXTENSION], is recorded, is hung up by us, is given back;
and TARGET: PROMPT, a bridge [to WHOM], a transfer [to EXTENSION], a recording, a hangup"""


class RuleError(ValueError):
    """A sentence is no rule."""


@dataclass(frozen=True)
class Condition:
    """Something that happens in a call, or doesn't."""

    what: HappeningKind
    name: str = ""  #: of a prompt, digits, words, a far end or an extension; "" for any

    def met_by(self, happening: Happening) -> bool:
        if self.what != happening.what:
            return False
        if self.what == "hears":
            return is_prompt(happening.name, self.name)
        return self.name in ("", happening.name)

    def __str__(self) -> str:
        if self.what in ("hears", "enters", "says"):
            return f"{self.what} {self.name}"
        if self.what == "presses":
            return f"presses {self.name}"
        said = "is recorded" if self.what == "recording" else f"is {self.what}"
        return f"{said} to {self.name}" if self.name else said


#: What a call meets that ends otherwise than by its caller or with an error, however that is.
ENDED = Condition("ended")


class Broken(NamedTuple):
    """The last state of a call that breaks the rule."""

    why: str


class Mark(NamedTuple):
    """How far a call has come, for one rule."""

    keys: str  #: pressed in a row, if they begin an entry of the rule; or OTHERS
    state: Hashable

    @property
    def broken(self) -> str | None:
        """What is wrong with the call; None if nothing so far."""
        return self.state.why if isinstance(self.state, Broken) else None


@dataclass(frozen=True)
class Rule:
    """One rule. Equal states of equal rules have equal futures."""

    text: str
    first: ClassVar[Hashable] = frozenset[Condition]()  #: the state in which a call begins

    @property
    def names(self) -> Sequence[Condition]:
        """All that it names."""
        raise NotImplementedError

    def met(self, state: Hashable, happening: Happening) -> Set[Condition]:
        """What it names and a call in this state meets."""
        return {each for each in self.names if each.met_by(happening)}

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        raise NotImplementedError

    @cached_property
    def entries(self) -> frozenset[str]:
        """Digits that it names."""
        return frozenset(each.name for each in self.names if each.what == "enters")

    @property
    def hears(self) -> str | None:
        """The one prompt that would have kept the rule, if there is one."""
        return None


def begin(rule: Rule) -> Mark:
    return Mark("", rule.first)


def follow(rule: Rule, mark: Mark, story: Iterable[Happening]) -> Mark:
    """How far a call has come after more of its story."""
    keys, state = mark
    entries = rule.entries
    for happening in story:
        if isinstance(state, Broken):
            break
        more = happening.name if happening.what == "presses" else ""
        if not more or more == "#":
            if keys in entries:
                state = _after(rule, state, Happening("enters", keys))
            keys = ""
        elif any(entry.startswith(keys + more) for entry in entries):
            keys += more
        else:
            keys = OTHERS
        state = _after(rule, state, happening)
    return Mark(keys, state)


def _after(rule: Rule, state: Hashable, happening: Happening) -> Hashable:
    return state if isinstance(state, Broken) else rule.after(state, happening)


@lru_cache(maxsize=4096)  # few prompts and rules, and many ways past them
def is_prompt(played: str, named: str) -> bool:
    """True if a rule names this prompt: in full, or by its end after a slash."""
    return same_prompt(played, named) or any(
        same_prompt(played[at + 1 :], named) for at, sign in enumerate(played) if sign == "/"
    )


# The rules


@dataclass(frozen=True)
class EveryCall(Rule):
    """Each call that ends, other than by its caller, meets one of the conditions."""

    of: Condition | None
    conditions: tuple[Condition, ...]

    @property
    def names(self) -> Sequence[Condition]:
        return [*([] if self.of is None else [self.of]), *self.conditions]

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        assert isinstance(state, frozenset)
        state |= self.met(state, happening)
        if happening.what not in ENDS or state & {*self.conditions}:
            return state
        if self.of is not None and self.of not in state:
            return state
        return Broken(f"a call ends without that: {ENDS[happening.what]}")

    @property
    def hears(self) -> str | None:
        [first, *others] = self.conditions
        return first.name if first.what == "hears" and not others else None


@dataclass(frozen=True)
class NoCall(Rule):
    """No call, or none of some, meets one of the conditions, or not so early."""

    of: Condition | None
    conditions: tuple[Condition, ...]
    before: tuple[Condition, ...]

    @property
    def names(self) -> Sequence[Condition]:
        return [*([] if self.of is None else [self.of]), *self.conditions, *self.before]

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        assert isinstance(state, frozenset)
        met = self.met(state, happening)
        if state & {*self.before}:
            return state
        state |= met
        wrong = [each for each in self.conditions if each in state]
        if not wrong or (self.of is not None and self.of not in state):
            return state
        if self.before and met & {*self.before}:
            return state
        return Broken(f"a call {wrong[0]}")


@dataclass(frozen=True)
class KeyLeads(Rule):
    """A key, pressed alone, leads to one of the targets before the next key."""

    key: str
    at: str | None
    targets: tuple[Condition, ...]
    first: ClassVar[Hashable] = "before"

    @property
    def names(self) -> Sequence[Condition]:
        where = () if self.at is None else (Condition("hears", self.at),)
        return [*where, self.press, *self.targets]

    @property
    def press(self) -> Condition:
        return Condition("presses", self.key)

    def met(self, state: Hashable, happening: Happening) -> Set[Condition]:
        """Its key only where the rule says, and its targets only behind it."""
        found = {*super().met(state, happening)}
        if self.after(state, happening) != "pressed":
            found.discard(self.press)
        return found if state == "pressed" else found - {*self.targets}

    # The states: "before" the prompt, "there" while it was the last to begin, "pressed" when the
    # key was, "past" after another key there.

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        if happening.what == "presses":
            here = "before" if self.at is None else "there"
            return "pressed" if state == here and happening.name == self.key else "past"
        if state == "pressed":
            if any(each.met_by(happening) for each in self.targets):
                return "past"
            if happening.what in ENDS:
                return Broken(f"a call ends after {self.key} without that: {ENDS[happening.what]}")
        if happening.what == "hears" and self.at is not None:
            if is_prompt(happening.name, self.at):
                if state == "pressed":
                    return Broken(f"{self.key} leads back to {self.at}")
                return "there"
            if happening.goes_on or state == "pressed":
                return state
            return "past"
        return state


@dataclass(frozen=True)
class AtMost(Rule):
    """A prompt that asks for something is heard only so often in one call."""

    most: int
    prompt: str
    first: ClassVar[Hashable] = 0

    @property
    def names(self) -> Sequence[Condition]:
        return [Condition("hears", self.prompt)]

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        assert isinstance(state, int)
        if not Condition("hears", self.prompt).met_by(happening):
            return state
        if state == self.most:
            return Broken(f"a call hears {happening.name} {self.most + 1} times")
        return state + 1


@dataclass(frozen=True)
class BridgesRecorded(Rule):
    """A recording runs whenever the caller and somebody else begin to hear each other."""

    first: ClassVar[Hashable] = 0  # the number of recordings that run

    @property
    def names(self) -> Sequence[Condition]:
        return [Condition("bridged")]

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        assert isinstance(state, int)
        if happening.what == "recording":
            return state + 1
        if happening.what == "recorded":
            return max(0, state - 1)
        if happening.what == "bridged" and not state:
            return Broken(f"a call is bridged to {happening.name}, and nothing records it")
        return state


class Progress(NamedTuple):
    """How far a call has come, as to what a rule names."""

    state: Hashable  #: of the rule
    met: frozenset[Condition]

    @property
    def broken(self) -> bool:
        return isinstance(self.state, Broken)


@dataclass(frozen=True)
class Tried(Rule):
    """What calls meet of that which a rule names, broken or not, and whether they end."""

    rule: Rule

    @property
    def names(self) -> Sequence[Condition]:
        return self.rule.names

    def begin(self) -> Mark:
        return Mark("", Progress(self.rule.first, frozenset()))

    def after(self, state: Hashable, happening: Happening) -> Hashable:
        assert isinstance(state, Progress)
        met = state.met | self.rule.met(state.state, happening)
        if happening.what in ENDS:
            met |= {ENDED}
        return Progress(_after(self.rule, state.state, happening), met)


# Reading them


def rules_in(sentences: Iterable[str]) -> list[Rule]:
    """The rules in sentences. Raises RuleError."""
    return [_Sentence(each).rule() for each in sentences]


def read_rules(path: Path) -> list[Rule]:
    """The rules in a file, one a line; lines that begin with # are comments.

    Raises RuleError, also if there is none.
    """
    rules = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{shown(path)}: {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                rules += rules_in([line])
            except RuleError as error:
                raise RuleError(f"{shown(path)}:{number}: {error}") from None
    if not rules:
        raise RuleError(f"{shown(path)} has no rule. The rules are:\n{FORMS}")
    return rules


def rules_beside(handler: Path) -> list[Rule]:
    """The rules in the file beside a handler's, if there is one.

    Raises RuleError, also for one whose name is nearly right: nobody would miss its rules.
    """
    path = handler.with_suffix(SUFFIX)
    if path.exists():
        return read_rules(path)
    for other in sorted(handler.parent.glob(f"{glob.escape(handler.stem)}.*")):
        if difflib.get_close_matches(other.suffix.lower(), [SUFFIX], 1, 0.75):
            raise RuleError(f"{shown(other)} is not read: name it {path.name}")
    return []


def digits_in(rules: Iterable[Rule]) -> list[str]:
    """The digits that rules name, which callers must try."""
    return [each.name for rule in rules for each in rule.names if each.what == "enters"]


def phrases_in(rules: Iterable[Rule]) -> list[str]:
    """What callers say in rules."""
    return [each.name for rule in rules for each in rule.names if each.what == "says"]


def extensions_in(rules: Iterable[Rule]) -> set[str]:
    """The extensions that rules name."""
    return {each.name for rule in rules for each in rule.names if each.what == "transferred"}


@dataclass
class _Sentence:
    """The words of a sentence, taken one after another."""

    text: str
    words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.text = " ".join(self.text.split())
        self.words = self.text.split()

    def rule(self) -> Rule:
        for opening, reading in self.OPENINGS.items():
            if self.takes(opening):
                rule = reading(self)
                if self.words:
                    self.fail("the end")
                return rule
        self.fail("every call, no call, key, at most, or every answered bridge")

    def every_call(self) -> Rule:
        of = self.condition() if self.takes("that") else None
        return EveryCall(self.text, of, self.several(self.condition))

    def no_call(self) -> Rule:
        of = self.condition() if self.takes("that") else None
        conditions = self.several(self.condition)
        before = self.several(self.condition) if self.takes("before it") else ()
        return NoCall(self.text, of, conditions, before)

    def key(self) -> Rule:
        key = self.word("a key")
        if not are_keys(key) or len(key) != 1:
            raise RuleError(f"{self.text!r}: {key!r} is not a key")
        at = self.word("a prompt") if self.takes("at") else None
        if not self.takes("leads to"):
            self.fail("'leads to'" if at else "'at' or 'leads to'")
        return KeyLeads(self.text, key.upper(), at, self.several(self.target))

    def at_most(self) -> Rule:
        number = self.word("a number")
        if not number.isdecimal() or int(number) < 1:
            raise RuleError(f"{self.text!r}: {number!r} is not a number of tries")
        if not (self.takes("tries at") or self.takes("try at")):
            self.fail("'tries at'")
        return AtMost(self.text, int(number), self.word("a prompt"))

    def bridges(self) -> Rule:
        return BridgesRecorded(self.text)

    OPENINGS: ClassVar[dict[str, Callable[[_Sentence], Rule]]] = {
        "every call": every_call,
        "no call": no_call,
        "key": key,
        "at most": at_most,
        "every answered bridge is recorded": bridges,
    }

    def condition(self) -> Condition:
        if self.takes("hears"):
            return Condition("hears", self.word("a prompt"))
        if self.takes("enters"):
            digits = self.word("digits")
            if not are_keys(digits):
                raise RuleError(f"{self.text!r}: {digits!r} are not keys")
            return Condition("enters", digits.rstrip("#"))
        if self.takes("says"):
            return Condition("says", self.phrase())
        for words, what, whom in CONDITIONS:
            if self.takes(words):
                name = self.word(whom) if whom and self.takes("to") else ""
                return Condition(what, name)
        self.fail(
            "'hears', 'enters', 'says', or " + ", ".join(f"'{words}'" for words, *_ in CONDITIONS)
        )

    def target(self) -> Condition:
        for words, what, whom in TARGETS:
            if self.takes(words):
                name = self.word(whom) if whom and self.takes("to") else ""
                return Condition(what, name)
        return Condition("hears", self.word("a prompt"))

    def several(self, one: Callable[[], Condition]) -> tuple[Condition, ...]:
        found = [one()]
        while self.takes("or"):
            found.append(one())
        return tuple(found)

    def takes(self, words: str) -> bool:
        """Take these words if they come next."""
        wanted = words.split()
        if self.words[: len(wanted)] != wanted:
            return False
        del self.words[: len(wanted)]
        return True

    def phrase(self) -> str:
        """A word, or several in quotes."""
        said = [self.word("a word, or several in quotes")]
        quote = said[0][:1]
        if quote in ("'", '"'):
            while not (said[-1].endswith(quote) and said != [quote]):
                said.append(self.word(f"the end of what begins with {quote}"))
            return " ".join(said)[1:-1]
        return said[0]

    def word(self, what: str) -> str:
        if not self.words:
            self.fail(what)
        return self.words.pop(0)

    def fail(self, wanted: str) -> NoReturn:
        rest = " ".join(self.words)
        instead = f"not {rest!r}" if rest else "but it ends"
        so_far = self.text.removesuffix(rest).strip()
        after = f"after {so_far!r}" if so_far else "first"
        raise RuleError(
            f"{self.text!r} is no rule: {after} comes {wanted}, {instead}. The rules are:\n{FORMS}"
        )


CONDITIONS: Sequence[tuple[str, HappeningKind, str]] = (
    ("is answered", "answered", ""),
    ("is bridged", "bridged", "a far end"),
    ("is transferred", "transferred", "an extension"),
    ("is recorded", "recording", ""),
    ("is hung up by us", "hung up by us", ""),
    ("is given back", "given back", ""),
)
TARGETS: Sequence[tuple[str, HappeningKind, str]] = (
    ("a bridge", "bridged", "a far end"),
    ("a transfer", "transferred", "an extension"),
    ("a recording", "recording", ""),
    ("a hangup", "hung up by us", ""),
)


def either(conditions: Iterable[Condition]) -> str:
    return " or ".join(map(str, conditions))


def near(name: str, names: Iterable[str]) -> str:
    """A hint at the name that was meant."""
    ends = {each: each for each in names} | {each.rpartition("/")[2]: each for each in names}
    close = difflib.get_close_matches(name, ends, 1)
    return f"; did you mean {ends[close[0]]}?" if close else ""
