"""Spelling: what was probably meant by a name that FreeSWITCH does not have."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["hint", "misspelt"]

#: The shortest name that can be told from another one by a single letter.
SHORTEST = 8


def hint(name: str, known: Iterable[str]) -> str:
    """ " (did you mean 'number'?)", to follow an error's text; "" if nothing is close."""
    names = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), names, 1)
    return f" (did you mean {names[close[0]]!r}?)" if close else ""


def misspelt(name: str, known: Iterable[str], *, shortest: int = SHORTEST) -> str | None:
    """The known name that one slip of a finger made into ``name``; None if there is none.

    A slip leaves a letter out, adds one, replaces one, or exchanges two neighbours. Names that
    differ in a digit are different names, and short ones are anybody's own.
    """
    if len(name) < shortest:
        return None
    lower = name.lower()
    return next((each for each in known if _one_slip(lower, each.lower())), None)


def _one_slip(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = 0  # where they begin to differ
    while at < min(len(one), len(other)) and one[at] == other[at]:
        at += 1
    differ = one[at : at + 1] + other[at : at + 1]
    if any(each.isdigit() for each in differ):
        return False
    if len(one) != len(other):
        return one[at + 1 :] == other[at:] or one[at:] == other[at + 1 :]
    exchanged = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return exchanged or one[at + 1 :] == other[at + 1 :]
