"""The English say module: the sound files that say a text (mod_say_en.c)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from .arguments import atoi
from .spelling import hint

__all__ = ["refused", "say_files"]

#: FreeSWITCH's words (switch_ivr_say.c).
TYPES = (
    "NUMBER ITEMS PERSONS MESSAGES CURRENCY TIME_MEASUREMENT CURRENT_DATE CURRENT_TIME "
    "CURRENT_DATE_TIME TELEPHONE_NUMBER TELEPHONE_EXTENSION URL IP_ADDRESS EMAIL_ADDRESS "
    "POSTAL_ADDRESS ACCOUNT_NUMBER NAME_SPELLED NAME_PHONETIC SHORT_DATE_TIME"
).split()
METHODS = "N/A PRONOUNCED ITERATED COUNTED PRONOUNCED_YEAR".split()
GENDERS = "MASCULINE FEMININE NEUTER".split()


def refused(kind: str, method: str, gender: str = "") -> tuple[str, str] | None:
    """The word that is none of FreeSWITCH's, and why; None if there is no such word."""
    for what, word, known in (
        ("type", kind, TYPES),
        ("method", method, METHODS),
        ("gender", gender, GENDERS),
    ):
        if word and word.upper() not in known:
            return word, f"it has no {what} {word!r}{hint(word, map(str.lower, known))}"
    return None


def say_files(kind: str, method: str, text: str, now: int = 0) -> list[str] | None:
    """The files that say ``text``, or None if it can't be said that way.

    A date of 0 means ``now``, in seconds since the epoch.
    """
    kind, method = kind.upper(), method.upper()
    if method not in METHODS:
        return None
    if kind in ("NUMBER", "ITEMS", "PERSONS", "MESSAGES", "TELEPHONE_NUMBER"):
        files = _number(text, method)
    elif kind in ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_DATE_TIME", "SHORT_DATE_TIME"):
        files = _date(kind, atoi(text) or now)
    elif kind == "TIME_MEASUREMENT":
        files = _duration(text)
    elif kind == "IP_ADDRESS":
        files = _address(text, method)
    elif kind == "NAME_SPELLED":
        files = _spelled(text, "ascii")
    elif kind == "NAME_PHONETIC":
        files = _spelled(text, "phonetic-ascii")
    elif kind == "CURRENCY":
        files = _money(text, method)
    else:
        return None
    found = [f"{file}.wav" for file in files]
    return found or None


def _spelled(text: str, folder: str) -> Iterator[str]:
    for character in text.lower():
        if character.isdigit():
            yield f"digits/{character}"
        else:
            yield f"{folder}/{ord(character)}"


def _number(text: str, method: str) -> Iterator[str]:
    text = text.replace(",", "")
    if not text.isdigit() or method == "N/A":
        return
    if method == "ITERATED":
        for digit in text:
            yield f"digits/{digit}"
        return
    if len(text) > 9:
        return
    number = int(text)
    if number == 0:
        yield "digits/0"
    for factor, word in ((1_000_000, "digits/million"), (1_000, "digits/thousand")):
        group, number = divmod(number, factor)
        if group:
            yield from _group(group, counted=False)
            yield word
    yield from _group(number, counted=method == "COUNTED")


def _group(number: int, *, counted: bool) -> Iterator[str]:
    """Up to three digits: 123 is "one hundred twenty three"."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    if hundreds:
        yield f"digits/{hundreds}"
        yield "digits/hundred"
    if tens > 1:
        yield f"digits/h-{tens}0" if counted and not ones else f"digits/{tens}0"
    elif tens:
        yield f"digits/{tens}{ones}"
        ones = 0
    if ones:
        yield f"digits/h-{ones}" if counted else f"digits/{ones}"


def _date(kind: str, second: int) -> Iterator[str]:
    """``Tuesday November fourteenth two thousand twenty three at ten thirteen p m``."""
    moment = datetime.fromtimestamp(second, timezone.utc)
    if kind != "CURRENT_TIME":
        yield f"time/day-{moment.isoweekday() % 7}"
        yield f"time/mon-{moment.month - 1}"
        yield from _number(str(moment.day), "COUNTED")
        yield from _number(str(moment.year), "PRONOUNCED")
    if kind == "CURRENT_DATE":
        return
    if kind != "CURRENT_TIME":
        yield "time/at"
    yield f"digits/{moment.hour % 12 or 12}"
    if moment.minute == 0:
        yield "time/oclock"
    elif moment.minute < 10:
        yield from ("time/oh", f"digits/{moment.minute}")
    else:
        yield from _number(str(moment.minute), "PRONOUNCED")
    yield "time/p-m" if moment.hour >= 12 else "time/a-m"


def _duration(text: str) -> Iterator[str]:
    """``<seconds>``, or ``<hours>:<minutes>:<seconds>``."""
    parts = [atoi(each) for each in text.split(":")]
    seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    counts = (seconds // 3600, "hour"), (seconds // 60 % 60, "minute"), (seconds % 60, "second")
    for count, unit in counts:
        if count:
            yield from _number(str(count), "PRONOUNCED")
            yield f"time/{unit}{'' if count == 1 else 's'}"
        else:
            yield from ("digits/0", f"time/{unit}s")


def _address(text: str, method: str) -> Iterator[str]:
    for at, part in enumerate(text.split(".")):
        if at:
            yield "digits/dot"
        yield from _number(part, method)


def _money(text: str, method: str) -> Iterator[str]:
    amount = "".join(character for character in text if character.isdigit() or character in ".+-")
    dollars, point, cents = amount.partition(".")
    if dollars.startswith("-"):
        yield "currency/negative"
    dollars, cents = dollars.lstrip("+-"), cents[:2]
    yield from _number(dollars, method)
    yield "currency/dollar" if dollars == "1" else "currency/dollars"
    if point and cents:
        yield "currency/and"
        yield from _number(cents, method)
        yield "currency/cent" if int(cents) == 1 else "currency/cents"
