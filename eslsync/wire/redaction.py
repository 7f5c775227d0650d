"""Keeps passwords, and the digits that callers press, out of logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .arguments import DIGITS, variable_name
from .declared import declarations
from .exceptions import ProtocolError, in_a_line, in_a_log

__all__ = ["DTMF", "HIDDEN", "Redactor"]

#: In a list of names: the digits that are pressed, sent or collected, wherever they appear.
DTMF = "DTMF"
#: Replaces a hidden value.
HIDDEN = "***"

#: Precede digits, besides applications: headers, variables, lines of FreeSWITCH's log.
_DIGITS = (
    r"DTMF-(?:Digit|Key)",
    r"eslsync_digits\w*",
    r"digits_dialed|last_matching_digits|(?:playback|read)_terminator_used",
    rf"DTMF(?=[ :(\[=]+[{re.escape(DIGITS)}wW]+(?:\W|$))",
)

#: Every pattern contains one of these words.
_DIGIT_WORDS = ("dtmf", "digit", "terminator_used")

#: Stands between a name and its value: as a header, a variable, a word, in JSON and XML, and
#: in FreeSWITCH's log ("SET [pin]=[1234]").
_BETWEEN = r"[\"'\]]*[ \t]*[=:,>][ \t]*|[ \t(]+"


class Redactor:
    """Hides the values of some headers and channel variables in text.

    Names match in any letter case, and with ``variable_`` before them. A value is hidden to the
    end of its line, since nothing else marks its end.
    """

    def __init__(self, names: Iterable[str] = (DTMF,)) -> None:
        if isinstance(names, str):
            raise TypeError(f"redact is a list of names, such as [{names!r}]")
        self.names = tuple(names)
        patterns: list[str] = []
        self._words: list[str] = []
        for name in self.names:
            if name == DTMF:
                given = {each.name.removeprefix("uuid_") for each in declarations() if each.digits}
                patterns += [*_DIGITS, *(rf"(?:uuid_)?{name}" for name in sorted(given))]
                self._words += _DIGIT_WORDS
                self._words += (name for name in given if not self.may_change(name))
            else:
                patterns.append(re.escape(variable_name(name)))
                self._words.append(variable_name(name).lower())
        known = "|".join(patterns)
        self._pattern = patterns and re.compile(
            rf"(?<![\w.-])((?:variable_)?(?:{known})(?:{_BETWEEN}))[^\n]+", re.IGNORECASE
        )
        self._name = re.compile(
            rf"(?<![\w.-])(?:variable_)?(?:{known or '(?!)'})(?![\w-])", re.IGNORECASE
        )

    def __call__(self, text: str) -> str:
        """The text, with `HIDDEN` in place of each value to hide."""
        if not self._pattern:
            return text
        return self._pattern.sub(rf"\g<1>{HIDDEN}", text)

    def may_change(self, text: str) -> bool:
        """False only if the text certainly has nothing to hide; quicker than hiding it."""
        text = text.lower()
        return any(word in text for word in self._words)

    def names_one(self, text: str) -> bool:
        """True if the text names something whose value is hidden."""
        return self._name.search(text) is not None

    def command(self, line: str, headers: Sequence[tuple[str, str]]) -> str:
        """A command in one line, redacted."""
        application = dict(headers).get("execute-app-name", "")
        lines = [self(line)]
        for name, value in headers:
            if name == "execute-app-arg":  # hidden by the application's name
                value = self(f"{application} {value}").removeprefix(f"{application} ")
            lines.append(self(f"{name}: {value}"))
        return in_a_line("\n".join(lines))

    def value(self, name: str, value: str) -> str:
        """The value of a header, safe for a log; `HIDDEN` if it is to be hidden."""
        hides = self(f"{name}: x") != f"{name}: x"
        return HIDDEN if hides else in_a_log(value)

    def data(self, data: bytes) -> bytes:
        """Bytes of the wire, redacted."""
        return self(data.decode("latin-1")).encode("latin-1")

    def error(self, error: ProtocolError) -> ProtocolError:
        """The same error, with the bytes that it shows redacted."""
        return ProtocolError(error.args[0], self.data(error.data))
