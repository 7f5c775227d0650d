"""Keeps passwords, and the digits that callers press, out of logs: what stands behind a name.

What a call has told otherwise to be secret is known to its `Secrets`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from .arguments import DIGITS, variable_name
from .declared import declarations

__all__ = ["DTMF", "HIDDEN", "Redactor", "Remembered", "also_collected", "redactor_of"]

#: In a list of names: the digits that are pressed, sent or collected, wherever they appear.
DTMF = "DTMF"
#: Replaces a hidden value.
HIDDEN = "***"

#: Precede digits, besides applications: headers, variables, lines of FreeSWITCH's log, and the
#: body of a SIP INFO.
_DIGITS = (
    r"DTMF-(?:Digit|Key)",
    r"Digits(?=: )",  # conference_api.c
    r"eslsync_digits\w*",
    r"digits_dialed|(?:conference_)?last_(?:non_)?matching_digits",
    r"(?:playback|read)_terminator_used",
    r"null_channel_dtmf_queued|modem_digits",
    r"supplied_pin|conference_(?:moderator_)?pin",  # mod_conference.c
    rf"Signal(?=[ \t]*=[ \t]*[{re.escape(DIGITS)}])",
    rf"DTMF(?=[ :(\[=]+[{re.escape(DIGITS)}wW]+(?:\W|$))",
)

#: Every pattern contains one of these words.
_DIGIT_WORDS = ("dtmf", "digit", "terminator_used", "conference", "signal", "supplied_pin")

#: The most headers' names that are known to be hidden, or not.
MOST_HEADERS = 2000

#: Stands between a name and its value: as a header, a variable, a word, in JSON (also in JSON
#: inside JSON) and XML, and in FreeSWITCH's log ("SET [pin]=[1234]").
_BETWEEN = r"[\\\"'\]]*[ \t]*[=:,>][ \t]*|[ \t(]+"
#: Commands whose keys are a path: ``hash insert/realm/pin/1234``.
_STORES = r"(?:hash|db|memcache|redis)\W[^\n]*/"
#: What ``conference`` says of digits as a command of the api.
_CONFERENCE = r"conference[ \t(]+\S+[ \t]+(?:pin|dtmf[ \t]+\S+)[ \t]+"


class Remembered(dict[str, bool]):
    """Answers a question about a header's name: the same names come again and again."""

    def __init__(self, answer: Callable[[str], bool]) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, name: str) -> bool:
        answer = self._answer(name)
        if len(self) < MOST_HEADERS:
            self[name] = answer
        return answer


class Redactor:
    """Hides the values of some headers and channel variables in text.

    Names match in any letter case, and with ``variable_`` before them. A value is hidden to the
    end of its line, since nothing else marks its end. ``collected`` are further names, of the
    variables into which a call's digits are collected.
    """

    def __init__(self, names: Iterable[str] = (DTMF,), collected: Iterable[str] = ()) -> None:
        if isinstance(names, str):
            raise TypeError(f"redact is a list of names, such as [{names!r}]")
        self.names = tuple(names)
        collected = tuple(collected)
        hidden = [*(variable_name(name) for name in self.names if name != DTMF), *collected]
        patterns = list(map(re.escape, hidden))
        #: What a text must contain, in lower case, to tell something hidden.
        self.words = [name.lower() for name in hidden]
        whole = []
        if DTMF in self.names:
            given = {each.name.removeprefix("uuid_") for each in declarations() if each.digits}
            patterns += [*_DIGITS, *(rf"(?:uuid_)?{name}" for name in sorted(given))]
            self.words += _DIGIT_WORDS
            self.words += (name for name in given if not any(word in name for word in self.words))
            whole.append(_CONFERENCE)
            whole += (rf"{name}(?:{_BETWEEN}){before}" for name, before in _pins().items())
        known = "|".join(patterns) or "(?!)"
        if hidden:
            names_only = "|".join(map(re.escape, hidden))
            whole.append(rf"{_STORES}(?:{names_only})/")
        told = "|".join([rf"(?:variable_)?(?:{known})(?:{_BETWEEN})", *whole])
        self._pattern = re.compile(rf"(?<![\w.-])({told})[^\n]+", re.IGNORECASE)
        self._name = re.compile(rf"(?<![\w.-])(?:variable_)?(?:{known})(?![\w-])", re.IGNORECASE)
        header = re.compile(
            rf"(?:variable_)?(?:{known}{'|Digits' if DTMF in self.names else ''})", re.IGNORECASE
        )
        #: True of a header, or channel variable, whose values are hidden.
        self.hides = Remembered(lambda name: header.fullmatch(name) is not None).__getitem__
        #: Matches a name and what stands before its value: see `Secrets`.
        self.before = re.compile(
            rf"(?<![\w.-])(?:variable_)?(?:{known})(?P<between>{_BETWEEN}|/)", re.IGNORECASE
        )

    def __call__(self, text: str) -> str:
        """The text, with `HIDDEN` in place of each value to hide."""
        return self._pattern.sub(rf"\g<1>{HIDDEN}", text) if self.words else text

    def may_change(self, text: str) -> bool:
        """False only if the text certainly has nothing to hide; quicker than hiding it."""
        # in an event, four times as fast as a pattern of all words
        return any(map(text.lower().__contains__, self.words))

    def names_one(self, text: str) -> bool:
        """True if the text names something whose value is hidden."""
        return self._name.search(text) is not None


def redactor_of(names: Iterable[str]) -> Redactor:
    """A redactor of these names: one for all that ask for the same, as most servers do."""
    if isinstance(names, str):
        return Redactor(names)  # which refuses it
    return also_collected(tuple(names), ())


@lru_cache(maxsize=256)
def also_collected(names: tuple[str, ...], collected: tuple[str, ...]) -> Redactor:
    """A redactor of these names, and of variables into which digits are collected."""
    return Redactor(names, collected)


def _pins() -> dict[str, str]:
    return {each.name: each.before_pin for each in declarations() if each.before_pin}
