"""How text from outside is shown in a log, an exception or on a terminal: in one line, and cut.

Such text may be anything: megabytes, line breaks that forge another line of a log, escapes that
a terminal obeys, characters that reverse the order of what follows.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["MAX_SHOWN", "did_you_mean", "in_a_line", "in_a_log", "in_quotes", "printable"]

#: The maximum number of characters shown of a text from outside.
MAX_SHOWN = 200


def printable(text: str, also: str = "") -> str:
    """The text with its unprintable characters escaped, but for those in ``also``."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in also else repr(each)[1:-1] for each in text
    )


def in_a_log(text: str, most: int = MAX_SHOWN) -> str:
    """Text from outside, safe for a log: in one line, at most so long, and printable."""
    return printable(text if len(text) <= most else f"{text[: most - 1]}…")


def in_quotes(value: object) -> str:
    """Text of a user, as an error quotes it: as `repr`, and at most so long."""
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    return repr(text) if isinstance(value, str) else printable(text)


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The name that is most like the word, to follow an error's text; "" if none is like it."""
    import difflib  # not needed to import eslsync

    close = difflib.get_close_matches(word[:MAX_SHOWN], names, 1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def in_a_line(command: str) -> str:
    """A command in one short line: its first line and the values of its headers except ids."""
    line, *headers = command.split("\n")
    said = [h.partition(": ")[2] for h in headers if not h.startswith(("Event-UUID", "Job-UUID"))]
    return in_a_log(" ".join([line, *said]))
