"""Far ends in the command line's syntax, such as ``user/1000=rings,answers:2,hangs_up:10``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eslsync import HangupCause

from .shapes import CAUSE, EXTENSION, FAR_END, KEYS, SECONDS, unknown

__all__ = ["parse"]


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if SECONDS.accepts(value) else None


def _presses(text: str) -> tuple[float, str] | None:
    keys, _, after = text.partition("@")
    seconds = _seconds(after)
    return (seconds, keys) if seconds is not None and KEYS.accepts(keys) else None


def _transfers(text: str) -> tuple[float, str] | None:
    extension, _, after = text.partition("@")
    seconds = _seconds(after)
    return (seconds, extension) if seconds is not None and EXTENSION.accepts(extension) else None


def _cause(text: str) -> str | None:
    text = text.upper()
    return text if CAUSE.accepts(text) else None


def _name(text: str) -> str | None:
    return text if text.isidentifier() else None


#: The words that may follow the dial string: for each the option of FreeSwitch.endpoint, a parser
#: of its value, and the valid values. "answers" and "rings" need no value.
WORDS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "answers": ("answers_after", _seconds, "seconds, as in answers:2, or answers:never"),
    "hangs_up": ("hangs_up_after", _seconds, "seconds after the answer, as in hangs_up:10"),
    "rings": ("rings", lambda text: None, "no value"),
    "presses": ("presses", _presses, "keys and seconds after the answer, as in presses:12#@3"),
    "transfers": (
        "transfers",
        _transfers,
        "an extension and seconds after the answer, as in transfers:2000@3",
    ),
    "rejects": ("rejects", _cause, CAUSE.is_what),
    "cause": ("cause", _cause, CAUSE.is_what),
    "handler": ("handler", _name, "the name of a function in FILE"),
}
SYNTAX = "write it as in user/1000=answers:2,hangs_up:10 or user/1000=busy"


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """The dial string, and the options of FreeSwitch.endpoint (in which ``handler`` is a name).

    Raises ValueError, which gives the syntax.
    """
    dial_string, equals, words = text.rpartition("=")
    if not equals:
        raise ValueError(f"{text!r} does not say what the far end does; {SYNTAX}")
    if not FAR_END.accepts(dial_string):
        raise ValueError(f"{dial_string!r} is not {FAR_END.is_what}; {SYNTAX}")
    options: dict[str, Any] = {}
    for word in words.split(","):
        option, value = _option(word.strip())
        if option == "presses":
            options.setdefault(option, []).append(value)
        elif option in options:
            raise ValueError(f"{word.strip()!r}: {_word(option)} is given twice")
        else:
            options[option] = value
    for decisive, allowed in (("rejects", {"rings"}), ("handler", {"rings"})):
        others = [_word(each) for each in options if each not in allowed | {decisive}]
        if decisive in options and others:
            whose = "rejects the call" if decisive == "rejects" else "has a handler"
            raise ValueError(f"a far end that {whose} can't have {' and '.join(others)} as well")
    return dial_string, options


def _option(word: str) -> tuple[str, Any]:
    name, colon, text = word.partition(":")
    if not colon and name == "busy":
        return "rejects", str(HangupCause.USER_BUSY)
    if not colon and _cause(name):
        return "rejects", _cause(name)
    if name not in WORDS:
        raise ValueError(unknown("there is no", name, [*WORDS, "busy", "or a hangup cause"]))
    option, read, takes = WORDS[name]
    if not colon and name in ("answers", "rings"):
        return option, True if name == "rings" else 0.0
    if name == "answers" and text == "never":
        return option, None
    value = read(text)
    if value is None:
        raise ValueError(f"{name} takes {takes}, not {text!r}")
    return option, value


def _word(option: str) -> str:
    return next(word for word, (each, _, _) in WORDS.items() if each == option)
