"""What is kept out of logs: passwords, and the digits that callers press."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .arguments import variable_name
from .exceptions import in_a_log

__all__ = ["DTMF", "HIDDEN", "Redactor"]

#: Stands for digits, wherever they are pressed, sent or collected.
DTMF = "DTMF"
#: Stands where something was.
HIDDEN = "***"

#: What digits stand behind: headers, variables of ours, commands, and lines of FreeSWITCH's log.
_DIGITS = (
    r"DTMF-Digit",
    r"eslsync_digits\w*",
    r"(?:uuid_)?(?:send|recv|queue)_dtmf",
    r"DTMF",
)


class Redactor:
    """Hides the values of some headers and channel variables in text.

    A name counts in any letter case, and with ``variable_`` before it. What stands behind it is
    hidden to the end of the line, since no value has an end that could be told otherwise.
    """

    def __init__(self, names: Iterable[str] = (DTMF,)) -> None:
        if isinstance(names, str):
            raise TypeError(f"redact is a list of names, such as [{names!r}]")
        self.names = tuple(names)
        patterns: list[str] = []
        for name in self.names:
            patterns += _DIGITS if name == DTMF else [re.escape(variable_name(name))]
        known = "|".join(patterns)
        # then = or : (in JSON behind a quote), or words that are an argument
        behind = r"[\"']?\s*[=:][ ]*|[ (]+"
        self._pattern = patterns and re.compile(
            rf"(?<![\w.-])((?:variable_)?(?:{known})(?:{behind}))[^\n]+", re.IGNORECASE
        )

    def __call__(self, text: str) -> str:
        """The text without what is to be hidden."""
        if not self._pattern:
            return text
        return self._pattern.sub(rf"\g<1>{HIDDEN}", text)

    def command(self, line: str, headers: Sequence[tuple[str, str]]) -> str:
        """A command as text, without what is to be hidden."""
        application = dict(headers).get("execute-app-name", "")
        lines = [self(line)]
        for name, value in headers:
            if name == "execute-app-arg":  # as it would read in the dialplan
                value = self(f"{application} {value}").removeprefix(f"{application} ")
            lines.append(self(f"{name}: {value}"))
        return "\n".join(lines)

    def value(self, name: str, value: str) -> str:
        """The value of a header as it may stand in a log, unless it is to be hidden."""
        return in_a_log(self(f"{name}: {value}").removeprefix(f"{name}: "))

    def data(self, data: bytes) -> bytes:
        """Bytes of the wire without what is to be hidden."""
        return self(data.decode("latin-1")).encode("latin-1")
