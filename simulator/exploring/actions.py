"""The actions of a caller in a situation, as steps of a script."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from eslsync.wire.arguments import KEYS

from ..scripts.steps import Step
from .patterns import made_from
from .situations import Collects, Situation

__all__ = [
    "ALL_WORDS", "COUNTING", "MOST_WORDS", "Approach", "CallerAction", "Entries", "actions",
    "numbers_left_out", "phrases_left_out",
]  # fmt: skip

#: The key to press if any will do.
ANY = "1"
#: Seconds that a caller speaks into a recording.
TALKS = 3.0
#: What a caller says whom nobody understands.
UNKNOWN = "something else"
#: Maximum phrases to say where the handler listens.
MOST_PHRASES = 20
#: The order of made-up digits.
COUNTING = KEYS[1:10] + KEYS[0]
#: Maximum numbers of digits tried in search of one that matches a pattern.
TRIES = 2000
#: Maximum entries, the user's and the code's, tried at one collection; and in the first situation
#: at a spot.
MOST_WORDS, ALL_WORDS = 12, 96
#: Maximum entries beside those, and beside the numbers that the code compares with.
MOST_BESIDE = 18
#: Maximum valid entries made up for one pattern.
MOST_BRANCHES = 5

ActionKind = Literal["key", "entry", "early", "wrong", "silence", "hangup", "far end"]


@dataclass(frozen=True)
class Approach:
    """The steps into a situation, from the end of the last action."""

    at: tuple[Step, ...]  #: to its beginning
    #: To the end of its prompt; None if no prompt's name marks it, if it has no end, or if the
    #: handler does not wait for it.
    out: tuple[Step, ...] | None
    endless: bool = False  #: True if its prompt has no end, and the handler waits for it
    #: True if the caller has let another question pass on the way, which a key would answer.
    past_question: bool = False


@dataclass(frozen=True)
class Entries:
    """Digits to enter where several are collected."""

    words: Sequence[str]  #: the user's, and those in the code
    beside: Sequence[str] = ()  #: those at which a comparison in the code may turn
    #: What the code compares the beginnings and the ends of entries with.
    ends: Sequence[tuple[str, str]] = ()
    #: What to say where the handler listens: what the user says, and what the code compares with.
    said: Sequence[str] = ()
    phrases: Sequence[str] = ()


@dataclass(frozen=True)
class CallerAction:
    """An action of a caller."""

    what: ActionKind
    label: str
    steps: tuple[Step, ...]
    keys: str = ""  #: the keys pressed
    hangs_up: bool = False  #: True to hang up after the steps


def actions(
    situation: Situation, approach: Approach, keys: str, known: Entries,
    *, few: bool = False, words: int = MOST_WORDS,
) -> list[CallerAction]:  # fmt: skip
    """The actions to try in a situation; with ``few``, one may represent several.

    Of the known words, so many are entered.
    """
    if few:
        keys = keys[:1] + keys[-1:] if len(keys) > 1 else keys
    some = keys
    if situation.listens is not None:
        # One key represents all that nothing listens for now.
        some = "".join(key for key in keys if key in situation.listens)
        some += next((key for key in ANY + keys if key in keys and key not in some), "")
    found: list[CallerAction] = []
    if situation.far_end is None or situation.kind == "connected":
        if situation.collects is not None:
            found += _collected(situation.collects, approach, keys, known, words)
        elif situation.kind == "digit":
            found += [_pressed("key", key, _when_asked(approach, key)) for key in keys]
            if not few:  # it may be the first of several
                several = known.words[:words]
                found += [_pressed("entry", word, _when_asked(approach, word)) for word in several]
        elif situation.kind == "record":
            found += _recorded(approach, keys, situation.listens)
        else:
            found += [_pressed("key", key, (*approach.at, _press(key))) for key in some]
        if situation.hears:
            found += _spoken(situation, approach, known, few)
    listens = approach.out if situation.kind in ("prompt", "digits", "speech") else None
    silence = CallerAction("silence", "silence", approach.at if listens is None else listens)
    return [silence, *found]


def numbers_left_out(situation: Situation, known: Entries) -> Sequence[str]:
    """The known numbers that fit here and are entered nowhere at its spot, being too many."""
    collects = situation.collects
    if collects is not None:
        beside = _beside(collects, known)[MOST_BESIDE:]
        return [*_fitting(collects, known)[ALL_WORDS:], *beside]
    return known.words[ALL_WORDS:] if situation.kind == "digit" else ()


def phrases_left_out(situation: Situation, known: Entries) -> Sequence[str]:
    """The phrases that are never said here, being too many."""
    return _phrases(situation, known)[MOST_PHRASES:] if situation.hears else ()


def _press(keys: str, when_asked: bool = False) -> Step:
    return Step("press", {"digits": keys, **({"when_asked": True} if when_asked else {})})


def _when_asked(approach: Approach, keys: str) -> tuple[Step, ...]:
    if approach.past_question:
        return (*approach.at, _press(keys))
    return (_press(keys, when_asked=True),)


def _pressed(what: ActionKind, keys: str, steps: tuple[Step, ...], label: str = "") -> CallerAction:
    return CallerAction(what, label or keys, steps, keys)


def _spoken(
    situation: Situation, approach: Approach, known: Entries, few: bool
) -> Iterator[CallerAction]:
    """Each phrase, once the prompt is over; one during the prompt; one that nobody understands."""
    phrases = _phrases(situation, known)
    out = approach.at if approach.out is None else approach.out

    def says(words: str) -> Step:
        return Step("says", {"words": words})

    for phrase in phrases[: 2 if few else MOST_PHRASES]:
        yield CallerAction("entry", f"says {phrase}", (*out, says(phrase)))
    yield CallerAction("wrong", "says something else", (*out, says(UNKNOWN)))
    for phrase in phrases[:1] or [UNKNOWN]:
        yield CallerAction("hangup", "speaks, hangs up", (*out, says(phrase)), hangs_up=True)
        if approach.out is not None:
            early = (*approach.at, says(phrase))
            yield CallerAction("early", f"says {phrase} during the prompt", early)
            yield CallerAction("hangup", "hangs up", approach.out, hangs_up=True)


def _phrases(situation: Situation, known: Entries) -> list[str]:
    phrases = known.phrases if situation.phrases is None else situation.phrases
    return [each for each in dict.fromkeys([*known.said, *phrases]) if each != UNKNOWN]


def _recorded(approach: Approach, keys: str, listens: Set[str] | None) -> Iterator[CallerAction]:
    talks = (*approach.at, Step("talk", {"seconds": TALKS}))
    yield CallerAction("entry", "speaks", talks)
    yield CallerAction("hangup", "speaks, hangs up", talks, hangs_up=True)
    yield from (_pressed("key", key, (*talks, _press(key)), f"speaks, {key}") for key in keys)
    if keys:
        likely = [key for key in "#" + keys if key in keys]
        key = next((each for each in likely if listens is None or each in listens), likely[0])
        yield _pressed("early", key, (*approach.at, _press(key)), f"{key} at once")


def _collected(
    collects: Collects, approach: Approach, keys: str, known: Entries, words: int
) -> Iterator[CallerAction]:
    out = approach.out

    def enter(digits: str) -> tuple[Step, ...]:
        if approach.endless:
            return (*approach.at, _press(digits))
        return _when_asked(approach, digits) if out is None else (*out, _press(digits))

    entries = list(_entries(collects, keys, known, words))
    for digits, label in entries:
        yield _pressed("key" if len(digits) == 1 else "entry", digits, enter(digits), label)
    if out is not None:
        if entries:
            first = next((each for each, _ in entries if is_valid(collects, each)), entries[0][0])
            early = (*approach.at, _press(first))
            yield _pressed("early", first, early, f"{first} during the prompt")
        yield CallerAction("hangup", "hangs up", out, hangs_up=True)
    wrong = next((each for each, _ in entries if is_wrong(collects, each)), None)
    if wrong is not None and collects.tries > 1:
        steps = enter(wrong) * collects.tries
        yield _pressed("wrong", wrong, steps, f"{wrong} {collects.tries} times")


def _entries(
    collects: Collects, keys: str, known: Entries, words: int
) -> Iterator[tuple[str, str]]:
    """The entries to try, each once, with labels."""
    least, most, ends = collects.least, collects.most, collects.terminators
    seen: set[str] = set()

    def once(digits: str, label: str = "") -> Iterator[tuple[str, str]]:
        if digits and digits not in seen:
            seen.add(digits)
            yield digits, label or digits

    if most == 1:
        for key in keys:
            yield from once(key)
        return
    end = ends[:1]
    digits_only = "".join(key for key in keys if key.isdigit() and key not in ends)
    valid = _matching(collects, digits_only)
    for digits in valid:
        yield from once(digits if len(digits) == most else digits + end)
    fewest = max(least, 2)
    fitting = _fitting(collects, known)[:words]
    beside = _beside(collects, known)[:MOST_BESIDE]
    around = [
        begins + _counting(digits_only, max(fewest - len(begins + ends), 0)) + ends
        for begins, ends in known.ends[:MOST_BESIDE]
    ]
    starred = [
        f"{digits[:1]}{key}{digits[2:]}"
        for digits in [*valid, _counting(digits_only, fewest)][:1]
        for key in "*#"
        if key in keys and key not in ends and collects.pattern is None
    ]
    for word in fitting + beside + [each for each in around if len(each) <= most] + starred:
        yield from once(word if len(word) == most else word + end)
    if collects.pattern is not None or collects.asks_handler:
        others = "".join(key for key in keys if key not in ends)
        for digits in itertools.islice(_made_up(others, least, most), TRIES):
            if digits not in valid and not is_valid(collects, digits):
                yield from once(digits if len(digits) == most else digits + end)
                break
    if least > 1:
        short = (valid[0] if valid else _counting(digits_only, least))[: least - 1]
        yield from once(short, f"{short} (too short)")
        yield from once(short + end, f"{short + end} (too short)")
    for key in keys:
        if least <= 1 and key not in ends:
            yield from once(key + end)
        elif key in ends:
            yield from once(key)


def _fitting(collects: Collects, known: Entries) -> list[str]:
    return [word for word in known.words if _fits(collects, word)]


def _beside(collects: Collects, known: Entries) -> list[str]:
    beside = [each.zfill(collects.least) for each in known.beside]
    return [each for each in beside if _fits(collects, each)]


def _fits(collects: Collects, number: str) -> bool:
    return max(collects.least, 2) <= len(number) <= collects.most


def is_valid(collects: Collects, entry: str) -> bool:
    """True if the entry would be accepted, judging by the pattern."""
    digits = _without_end(collects, entry)
    if not collects.least <= len(digits) <= collects.most:
        return False
    try:
        if collects.pattern is not None and re.search(collects.pattern, digits) is None:
            return False
    except re.error:
        return False
    return not collects.asks_handler


def is_wrong(collects: Collects, entry: str) -> bool:
    """True if the entry would be refused, and asked for again."""
    digits = _without_end(collects, entry)
    if not digits or not collects.least <= len(digits) <= collects.most:
        return False
    return not is_valid(collects, entry)


def _without_end(collects: Collects, entry: str) -> str:
    for number, key in enumerate(entry):
        if key in collects.terminators:
            return entry[:number]
    return entry


def _matching(collects: Collects, digits: str) -> list[str]:
    """Valid entries: the first, one of another length, and one for each branch of a pattern."""
    found = _first_matching(collects, digits)
    made = made_from(collects.pattern or "")
    fitting = [each for each in made if collects.least <= len(each) <= collects.most]
    fitting = [each for each in fitting if each not in found and is_valid(collects, each)]
    others = [each for each in fitting if set(each) <= set(digits)]
    if not found:
        others = others or fitting
    return [*found, *others[: max(MOST_BRANCHES - len(found), 0)]]


def _first_matching(collects: Collects, digits: str) -> list[str]:
    found: list[str] = []
    for made in itertools.islice(_made_up(digits, collects.least, collects.most), TRIES):
        if is_valid(collects, made) and len(made) not in map(len, found):
            found.append(made)
            if len(found) == 2 or collects.least == collects.most:
                break
    return found


def _made_up(digits: str, least: int, most: int) -> Iterator[str]:
    """Numbers made of these digits: counting ones first, then all, the shorter ones first."""
    if not digits:
        return
    lengths = range(max(least, 1), most + 1)
    for length in (lengths[0], lengths[-1]):
        yield _counting(digits, length)
    for length in lengths:
        yield from (digit * length for digit in digits)
    for length in lengths:
        yield from map("".join, itertools.product(digits, repeat=length))


def _counting(digits: str, length: int) -> str:
    order = "".join(digit for digit in COUNTING if digit in digits) or digits
    return (order * (length // max(len(order), 1) + 1))[:length]
