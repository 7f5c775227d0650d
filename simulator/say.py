"""What the English say module makes of a text: a list of sound files (mod_say_en.c)."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["say_files"]


def say_files(kind: str, method: str, text: str) -> list[str] | None:
    """The files that say ``text``, or None where it can't be said so."""
    kind, method = kind.upper(), method.upper()
    if kind in ("NUMBER", "ITEMS", "PERSONS", "MESSAGES", "ACCOUNT_NUMBER", "TELEPHONE_NUMBER"):
        files = _number(text, method)
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
    if not text.isdigit():
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
