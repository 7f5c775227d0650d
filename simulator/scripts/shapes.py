"""The format of scripts: its kinds of values, its keys, and the check of data against them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any

from eslsync import HangupCause
from eslsync.wire.arguments import are_keys

from ..calling.faults import KINDS
from ..model.endpoint_modules import OTHERS

__all__ = ["ScriptError", "check", "unknown"]


class ScriptError(ValueError):
    """A script can't be run. The message names the file, the line, and what is allowed there."""


# Shapes


@dataclass(frozen=True)
class Scalar:
    """A single value of some kind."""

    is_what: str  #: the kind in words, for errors
    type: type | tuple[type, ...]
    check: Callable[[Any], object] = lambda value: True
    #: a word that is valid instead
    word: str | None = None

    def accepts(self, value: object) -> bool:
        if self.word is not None and value == self.word:
            return True
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(value, bool) and self.type is not bool:
            return False
        return isinstance(value, self.type) and bool(self.check(value))


@dataclass(frozen=True)
class Many:
    """A list."""

    each: Shape


@dataclass(frozen=True)
class ByName:
    """A mapping of any names to values of one shape."""

    each: Shape
    name: Scalar | None = None  #: the kind of valid names


@dataclass(frozen=True)
class ListOrNames:
    """A list, or a mapping of any names to values of one shape."""

    many: Many
    by_name: ByName


@dataclass(frozen=True)
class Fields:
    """A mapping with certain keys, of which ``needed`` are required.

    The value of the key ``alone`` may replace the mapping.
    """

    fields: Mapping[str, Shape]
    needed: Sequence[str] = ()
    alone: str | None = None


@dataclass(frozen=True)
class OneOf:
    """A mapping with exactly one of certain keys."""

    what: str  #: the meaning of the key, in words
    choices: Mapping[str, Fields]


@dataclass(frozen=True)
class DialplanAction:
    """A dialplan application: its name, or a mapping of its name to its data."""


@dataclass(frozen=True)
class StepList:
    """A list of steps of somebody else: of another caller, or of whoever has these verbs."""

    verbs: Mapping[str, Mapping[str, Shape]] | None = None


Shape = Scalar | Many | ByName | ListOrNames | Fields | OneOf | DialplanAction | StepList


# Kinds


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _not_negative(value: float) -> bool:
    return value >= 0 and isfinite(value)


TEXT = Scalar("text", str, len)
FILE = Scalar("the Python file that it is in", str, len)
PROMPT = Scalar("a prompt's name, such as ivr/ivr-welcome", str, len)
EVENT = Scalar("the name of an event or an application, such as CHANNEL_ANSWER or bridge", str, len)
ANY_TEXT = Scalar("text", str)
EXTENSION = Scalar("an extension of the dialplan, such as 2000", str, re.compile(r"\S+").fullmatch)
KEYS = Scalar('keys (0-9, *, # and A-D), such as "12#"', str, are_keys)
CAUSE = Scalar(
    "a hangup cause, such as NORMAL_CLEARING or USER_BUSY", str, HangupCause.__members__.get
)
TIME = Scalar("a time, such as 2026-01-05T09:00:00", str, _is_time)
SECONDS = Scalar("seconds, such as 2 or 0.5", float, _not_negative)
SECONDS_OR_NEVER = Scalar("seconds, such as 2 or 0.5, or never", float, _not_negative, "never")
WHOLE = Scalar("a whole number", int)
FLAG = Scalar("true or false", bool)
DIAL_STRING = Scalar(
    "a dial string, such as user/1000", str, re.compile(r"[^\s/,|]+/\S+").fullmatch
)
#: Whose behaviour is described.
FAR_END = replace(
    DIAL_STRING, is_what="a dial string, such as user/1000, or * for all others", word=OTHERS
)
ADDRESS = Scalar(
    'an address of the dialplan\'s socket entries, such as "10.9.9.9:6000"',
    str,
    re.compile(r"\S+:\d+").fullmatch,
)
#: A message of a call: its number, or words that it contains.
STEP = Scalar(
    "a step's number, or words of its message, such as execute playback",
    (int, str),
    lambda step: step > 0 if isinstance(step, int) else step and not step.isdecimal(),
)


#: A function outside of the call, what it fails with, and which of its calls.
DOTTED = Scalar("a dotted name, such as crm.lookup", str, re.compile(r"\w+(\.\w+)+").fullmatch)
FAILS = Scalar(
    "an exception, such as requests.ConnectionError, or usual: that of the library", str, len
)
CALLS = Scalar("the number of a call, such as 2, or of several, such as 2-4 or 2-", (int, str))

# Keys

HANDLER: dict[str, Shape] = {"file": FILE, "name": TEXT}

#: Options of FreeSwitch.endpoint: the behaviour of a far end.
ENDPOINT: dict[str, Shape] = {
    "answers_after": SECONDS_OR_NEVER,
    "hangs_up_after": SECONDS_OR_NEVER,
    "rejects": CAUSE,
    "rings": FLAG,
    "presses": Many(Fields({"after": SECONDS, "digits": KEYS}, needed=("after", "digits"))),
    "transfers": Fields({"after": SECONDS, "to": EXTENSION}, needed=("after", "to")),
    "cause": CAUSE,
    "handler": Fields(HANDLER, alone="file"),
}

#: The call's circumstances: options of FreeSwitch and of FreeSwitch.call, and far ends.
SWITCH: dict[str, Shape] = {
    "start": TIME,
    "seed": WHOLE,
    "prompts": ByName(SECONDS),
    "sounds": TEXT,
    "extensions": ByName(Many(DialplanAction())),
    "phrases": ByName(Many(DialplanAction())),
    "speech_engines": Many(TEXT),
    "recognizers": ListOrNames(Many(TEXT), ByName(ListOrNames(Many(TEXT), ByName(Many(TEXT))))),
    "version": TEXT,
    "interface_allowlist": Many(TEXT),
    "allow_unmodelled": Many(TEXT),
    "hooks": FLAG,
}
WHO_CALLS: dict[str, Shape] = {
    "caller": TEXT,
    "caller_name": TEXT,
    "destination": TEXT,
    "variables": ByName(ANY_TEXT),
}
FAULT = {"step": STEP, "seconds": SECONDS, "optional": FLAG}
CALL: dict[str, Shape] = {
    **WHO_CALLS,
    "socket": ANY_TEXT,
    "before": Many(DialplanAction()),
    "after": Many(DialplanAction()),
    "faults": Many(
        OneOf("fault", {kind: Fields(FAULT, needed=("step",), alone="step") for kind in KINDS})
    ),
}
FAR_ENDS: dict[str, Shape] = {
    "endpoints": ByName(Fields(ENDPOINT), name=FAR_END),
    "listeners": ByName(Fields(HANDLER, alone="file"), name=ADDRESS),
}
#: Options of FreeSwitch.outside.
OUTSIDE: dict[str, Shape] = {
    "function": DOTTED,
    "takes": SECONDS_OR_NEVER,
    "fails": FAILS,
    "at": CALLS,
    "optional": FLAG,
}
BACK_ENDS: dict[str, Shape] = {
    "outside": Many(Fields(OUTSIDE, needed=("function",), alone="function")),
}
CIRCUMSTANCES = {**CALL, **SWITCH, **FAR_ENDS, **BACK_ENDS}

EXPECT: dict[str, Shape] = {
    "cause": CAUSE,
    "heard": Many(PROMPT),
    "answered": FLAG,
    "bridged": Many(TEXT),
    "given_back": FLAG,
    "variables": ByName(ANY_TEXT),
}

#: The verbs of a far end, among the steps of ``at``.
AT_FAR_END: dict[str, dict[str, Shape]] = {
    "answer": {"timeout": SECONDS},
    "reject": {"cause": CAUSE, "timeout": SECONDS},
    "press": {"digits": KEYS, "gap": SECONDS},
    "say_nothing": {"seconds": SECONDS},
    "hangup": {"cause": CAUSE},
}
#: The caller's verbs and their options. A value without a name is the first option's.
VERBS: dict[str, dict[str, Shape]] = {
    "hear": {"prompt": PROMPT, "start": FLAG, "timeout": SECONDS},
    "expect": {"what": EVENT, "timeout": SECONDS},
    "press": {"digits": KEYS, "gap": SECONDS, "when_asked": FLAG},
    "say_nothing": {"seconds": SECONDS},
    "says": {"words": TEXT, "seconds": SECONDS, "when_asked": FLAG},
    "talk": {"seconds": SECONDS, "words": TEXT},
    "wait": {"timeout": SECONDS},
    "hangup": {"cause": CAUSE},
    "hangup_after": {"seconds": SECONDS, "cause": CAUSE},
    "transfer": {"extension": EXTENSION},
    "call": {**WHO_CALLS, "steps": StepList()},
    "as": {"caller": TEXT, "steps": StepList()},
    "at": {"far_end": DIAL_STRING, "number": WHOLE, "steps": StepList(AT_FAR_END)},
    "answer": AT_FAR_END["answer"],  # these two are a far end's alone
    "reject": AT_FAR_END["reject"],
}
#: Verbs that need no options; all others need their first.
ALONE = frozenset({"wait", "hangup", "answer", "reject"})


# Checking


def check(what: str, value: object, shape: Shape) -> None:
    """Raise ScriptError if a value is not of that shape; ``what`` names it."""
    if isinstance(shape, Scalar):
        if not shape.accepts(value):
            raise ScriptError(f"{what} takes {shape.is_what}, not {value!r}")
    elif isinstance(shape, Many):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ScriptError(f"{what} takes a list, not {value!r}")
        for each in value:
            check(f"each in {what}", each, shape.each)
    elif isinstance(shape, ListOrNames):
        check(what, value, shape.by_name if isinstance(value, Mapping) else shape.many)
    elif isinstance(shape, Fields) and shape.alone and not isinstance(value, Mapping):
        check(f"{shape.alone} of {what}", value, shape.fields[shape.alone])
    elif isinstance(shape, DialplanAction) and isinstance(value, str):
        check(what, value, TEXT)
    elif not isinstance(shape, StepList):
        if not isinstance(value, Mapping):
            raise ScriptError(f"{what} takes a mapping of names to values, not {value!r}")
        _check_mapping(what, value, shape)


def _check_mapping(
    what: str, value: Mapping[str, object], shape: ByName | Fields | OneOf | DialplanAction
) -> None:
    if isinstance(shape, (OneOf, DialplanAction)) and len(value) != 1:
        raise ScriptError(one_key(what, value))
    for name, each in value.items():
        if isinstance(shape, ByName):
            if shape.name is not None:
                check(f"a key of {what}", name, shape.name)
            check(f"{name} in {what}", each, shape.each)
        elif isinstance(shape, DialplanAction):
            check(f"data of {name}", each, ANY_TEXT)
        elif isinstance(shape, OneOf):
            if name not in shape.choices:
                raise ScriptError(unknown(f"there is no {shape.what}", name, shape.choices))
            check(name, each, shape.choices[name])
        elif name not in shape.fields:
            raise ScriptError(unknown(f"{what} has no", name, shape.fields))
        else:
            check(f"{name} of {what}", each, shape.fields[name])
    if isinstance(shape, Fields):
        check_needed(what, value, shape)


def check_needed(what: str, found: Iterable[str], shape: Fields) -> None:
    for name in shape.needed:
        if name not in found:
            kind = shape.fields[name]
            said = f": {kind.is_what}" if isinstance(kind, Scalar) else ""
            raise ScriptError(f"{what} needs {name}{said}")


def one_key(what: str, found: Iterable[str]) -> str:
    return f"{what} has one key, not {', '.join(found) or 'nothing'}"


def unknown(what: str, found: str, allowed: Iterable[str]) -> str:
    """An error's text: a name that is not allowed, those that are, and the closest of them."""
    close = difflib.get_close_matches(found, list(allowed), n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return f"{what} {found!r}{guess}; there are {', '.join(allowed)}"
