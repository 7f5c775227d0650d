"""Scripts as data: a call, what its caller does and what must be heard, as a small YAML file.

    handler: ivr.py
    call: {caller: "1001", destination: "5000"}
    steps:
      - hear: ivr/ivr-welcome
      - press: "1"
      - wait
    expect: {cause: NORMAL_CLEARING, heard: [ivr/ivr-welcome, ivr/ivr-option-1]}

`run_script` makes the call. docs/scripts.md tells what may stand in a file; the tables here
are what it is checked against.
"""

from __future__ import annotations

import difflib
import os
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from eslsync import HangupCause, Outbound

from .call import Call, CallFailed, without_suffix
from .freeswitch import FreeSwitch
from .loading import Handler, LoadError, is_ours, load_handler
from .world import SimulationError

__all__ = ["Script", "ScriptError", "Step", "run_script"]


class ScriptError(ValueError):
    """What is written in a script can't be run: the file, the line, what is allowed there."""


# What may stand where


@dataclass(frozen=True)
class Kind:
    """A kind of value."""

    is_what: str  #: in words, for an error
    type: type
    check: Callable[[Any], object] = lambda value: True

    def accepts(self, value: object) -> bool:
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(value, bool) and self.type is not bool:
            return False
        return isinstance(value, self.type) and bool(self.check(value))


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


TEXT = Kind("text", str, len)
PROMPT = Kind("a prompt's name, such as ivr/ivr-welcome", str, len)
EVENT = Kind("the name of an event or an application, such as CHANNEL_ANSWER or bridge", str, len)
ANY_TEXT = Kind("text", str)
KEYS = Kind('keys (0-9, *, # and A-D), such as "12#"', str, re.compile("[0-9*#A-Da-d]+").fullmatch)
CAUSE = Kind(
    "a hangup cause, such as NORMAL_CLEARING or USER_BUSY", str, HangupCause.__members__.get
)
TIME = Kind("a time, such as 2026-01-05T09:00:00", str, _is_time)
SECONDS = Kind("seconds, such as 2 or 0.5", float, lambda value: value >= 0 and isfinite(value))
WHOLE = Kind("a whole number", int)
FLAG = Kind("true or false", bool)

#: The caller's verbs, each with its options. The first is the one that a value by itself is.
VERBS: dict[str, dict[str, Kind]] = {
    "hear": {"prompt": PROMPT, "start": FLAG, "timeout": SECONDS},
    "expect": {"what": EVENT, "timeout": SECONDS},
    "press": {"digits": KEYS, "gap": SECONDS, "when_asked": FLAG},
    "say_nothing": {"seconds": SECONDS},
    "wait": {"timeout": SECONDS},
    "hangup": {"cause": CAUSE},
    "hangup_after": {"seconds": SECONDS, "cause": CAUSE},
}
#: Verbs that can stand alone; the others need their first option.
ALONE = frozenset({"wait", "hangup"})

#: The circumstances of the call: options of FreeSwitch and of FreeSwitch.call.
SWITCH: dict[str, Kind | dict[str, Kind]] = {
    "start": TIME,
    "seed": WHOLE,
    "prompts": {"": SECONDS},  # any key
    "sounds": TEXT,
}
CALL: dict[str, Kind | dict[str, Kind]] = {
    "caller": TEXT,
    "caller_name": TEXT,
    "destination": TEXT,
    "variables": {"": ANY_TEXT},
    "socket": ANY_TEXT,
}
EXPECT: dict[str, Kind | list[Kind]] = {"cause": CAUSE, "heard": [PROMPT], "answered": FLAG}


# Scripts


@dataclass(frozen=True)
class Step:
    """One thing that the caller does: a verb of `Call`, and its options by name."""

    verb: str
    options: Mapping[str, object] = field(default_factory=dict)
    line: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.verb not in VERBS:
            raise ScriptError(_unknown("there is no verb", self.verb, VERBS))
        kinds = VERBS[self.verb]
        for name, value in self.options.items():
            if name not in kinds:
                raise ScriptError(_unknown(f"{self.verb} has no", name, kinds))
            if not kinds[name].accepts(value):
                what = f"{name} of {self.verb}"
                raise ScriptError(f"{what} takes {kinds[name].is_what}, not {value!r}")
        needed = next(iter(kinds))
        if needed not in self.options and self.verb not in ALONE:
            raise ScriptError(f"{self.verb} needs {needed}: {kinds[needed].is_what}")

    def play(self, call: Call) -> None:
        """Do it, and wait until it is done."""
        getattr(call, self.verb)(**self.options)


@dataclass(frozen=True)
class Script:
    """A call to a handler, and what its caller does, as data.

    ``handler`` is the handler's file, relative to the script's; ``name`` what it is called in
    there (default: as `eslsync call` finds it). ``call`` are the circumstances (`SWITCH` and
    `CALL` say which), ``expect`` is what must be so after the last step (`EXPECT`).
    """

    handler: str
    steps: Sequence[Step] = ()
    name: str | None = None
    call: Mapping[str, object] = field(default_factory=dict)
    expect: Mapping[str, object] = field(default_factory=dict)
    #: The file it was read from, and the lines of what is in there besides the steps.
    path: Path | None = field(default=None, compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for where, values, allowed in (
            ("call", self.call, {**SWITCH, **CALL}),
            ("expect", self.expect, EXPECT),
        ):
            for name, value in values.items():
                if name not in allowed:
                    raise ScriptError(_unknown(f"{where} has no", name, allowed))
                _check(f"{name} of {where}", value, allowed[name])
            object.__setattr__(self, where, _plain(values))
        object.__setattr__(self, "steps", tuple(self.steps))

    @classmethod
    def parse(cls, text: str, path: str | Path | None = None) -> Script:
        """A script from its YAML. ``path`` is where handlers are looked for, and what errors
        name; raises ScriptError."""
        return _Reader(None if path is None else Path(path)).script(text)

    @classmethod
    def read(cls, path: str | Path) -> Script:
        """A script from a file; raises ScriptError."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ScriptError(f"{shown(path)}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ScriptError(f"{shown(path)}: not UTF-8 at byte {error.start}") from None
        return cls.parse(text, path)

    def dump(self) -> str:
        """The script as YAML; `parse` makes an equal one of it."""
        named = {"file": self.handler, "name": self.name}
        data: dict[str, object] = {"handler": self.handler if self.name is None else named}
        if self.call:
            data["call"] = _plain(self.call)
        data["steps"] = [_dumped(step) for step in self.steps]
        if self.expect:
            data["expect"] = _plain(self.expect)
        return yaml.dump(
            data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False
        )

    def run(
        self,
        handler: Handler | Outbound | str | None = None,
        *,
        seed: int | None = None,
        real_time: bool = False,
    ) -> Call:
        """Make the call, and return it when it has ended.

        ``handler`` and ``seed`` stand in for the script's own. A handler that is an address,
        "host:port", is a program of any language, called in real time.

        Raises ScriptError if there is no such handler, CallFailed, which tells the file and the
        line of the step, if the call does not go as the script says or the handler raises, and
        SimulationError.
        """
        if handler is None:
            try:
                handler = load_handler(shown(self._beside(self.handler)), self.name)
            except LoadError as error:
                where = self._where(self.lines.get("handler"))
                raise ScriptError(f"{where}: {error}") from error
        real_time = real_time or isinstance(handler, str)
        if real_time and "start" in self.call:
            where = self._where(self.lines.get("call"))
            raise ScriptError(f"{where}: a call in real time begins now; leave start out of it")
        options: dict[str, Any] = {key: self.call[key] for key in SWITCH if key in self.call}
        if "sounds" in options:
            options["sounds"] = self._beside(options["sounds"])
        if seed is not None:
            options["seed"] = seed
        if real_time:
            options["real_time"] = True
        circumstances: Any = {key: self.call[key] for key in CALL if key in self.call}
        with FreeSwitch(**options) as switch:
            call = switch.call(handler, **circumstances)
            self.play(call)
            # leaving the block raises what the handler raises at the hangup: with its place too
            with self._place(call, f"{self._where()}, after the last step"):
                call.hangup()
        return call

    def play(self, call: Call) -> None:
        """Let a call's caller do the steps, and look whether what is expected is so.

        Raises CallFailed, as `run` does; so a script can be given to `sweep`.
        """
        for step in self.steps:
            with self._place(call, self._where(step.line)):
                step.play(call)
        for name, expected in self.expect.items():
            said = _difference(call, name, expected)
            if said:
                where = self._where(self.lines.get(f"expect.{name}"))
                raise CallFailed(f"{where}: {said}\n\n{call.ladder()}")

    # Inside

    def _where(self, line: int | None = None) -> str:
        return place(self.path, line)

    def _beside(self, file: str) -> Path:
        """A path that is written in the script."""
        return Path(file) if self.path is None else self.path.parent / file

    @contextmanager
    def _place(self, call: Call, where: str) -> Iterator[None]:
        """What goes wrong in here says where in the script that was."""
        try:
            yield
        except Exception as error:
            if error is call.error:
                said = f"the handler raised {_in_a_line(error)}"
                raise CallFailed(f"{where}: {said}\n\n{call.ladder()}") from error
            if isinstance(error, CallFailed):
                raise CallFailed(f"{where}: {error}") from None
            if isinstance(error, SimulationError):
                raise SimulationError(f"{where}: {error}\n\n{call.ladder()}") from None
            raise


def run_script(path: str | Path, *, seed: int | None = None, real_time: bool = False) -> Call:
    """Make the call that a script file describes; see `Script.run`."""
    return Script.read(path).run(seed=seed, real_time=real_time)


# What is said


def place(path: Path | None, line: int | None) -> str:
    """A file and a line in it, as errors begin."""
    file = "script" if path is None else shown(path)
    return file if line is None else f"{file}:{line}"


def shown(path: Path) -> str:
    """A path as a reader would write it: from here, if it is below."""
    below = os.path.relpath(path)
    return str(path) if below.startswith(os.pardir) else below


def _unknown(what: str, found: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(found, list(allowed), n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return f"{what} {found!r}{guess}; there are {', '.join(allowed)}"


def _check(what: str, value: object, kind: Kind | list[Kind] | dict[str, Kind]) -> None:
    if isinstance(kind, Kind):
        if not kind.accepts(value):
            raise ScriptError(f"{what} takes {kind.is_what}, not {value!r}")
    elif isinstance(kind, list):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ScriptError(f"{what} takes a list, not {value!r}")
        for each in value:
            _check(f"each in {what}", each, kind[0])
    else:
        if not isinstance(value, Mapping):
            raise ScriptError(f"{what} takes names with values, not {value!r}")
        for name, each in value.items():
            _check(f"{name} in {what}", each, kind[""])


def _in_a_line(error: BaseException) -> str:
    """An exception, and the line it comes from: the last one that is not ours."""
    said = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not is_ours(frame.filename)]
    if not theirs:
        return said
    return f"{said} ({shown(Path(theirs[-1].filename))}:{theirs[-1].lineno}, in {theirs[-1].name})"


def _difference(call: Call, name: str, expected: object) -> str | None:
    """How the call is not what ``expect`` says; None if it is."""
    if name == "cause":
        if call.cause is None:
            return (
                f"expected {expected} to be why the call ended, and after the last step it is "
                "still up; end the steps with wait or hangup"
            )
        if call.cause != expected:
            return f"expected {expected} to be why the call ended; it was {call.cause}"
    elif name == "answered":
        if call.answered is not expected:
            return f"the call was {'' if call.answered else 'not '}answered"
    else:
        assert isinstance(expected, Sequence)
        wanted = [without_suffix(prompt) for prompt in expected]
        heard = [without_suffix(prompt) for prompt in call.heard]
        if heard != wanted:
            lines = [f"  {line}" for line in difflib.ndiff(wanted, heard) if line[0] != "?"]
            return "\n".join(
                ["other prompts were heard than expected (- missed, + heard):", *lines]
            )
    return None


_TAG = "tag:yaml.org,2002:"


# Writing


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)  # lists are indented, too


def _write_text(dumper: yaml.SafeDumper, text: str) -> Node:
    word = re.fullmatch(r"[A-Za-z_./][\w./-]*", text, re.ASCII)
    plain = word and yaml.safe_load(text) == text
    return dumper.represent_scalar(f"{_TAG}str", text, None if plain else '"')


def _write_float(dumper: yaml.SafeDumper, number: float) -> Node:
    text = format(Decimal(repr(number)), "f")
    return dumper.represent_scalar(f"{_TAG}float", text if "." in text else f"{text}.0")


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(float, _write_float)


def _plain(value: object) -> object:
    """Dicts and lists, as YAML's dumper wants them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _dumped(step: Step) -> object:
    if not step.options:
        return step.verb
    first = next(iter(VERBS[step.verb]))
    alone = list(step.options) == [first]
    return {step.verb: _plain(step.options[first] if alone else step.options)}


# Reading

#: Numbers, for one reader of YAML or another: 1.1 and 1.2 differ in what 012 and 0o12 are.
_NUMBER = re.compile(
    r"[-+]?(0[xob][0-9a-f_]+|[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|\.[0-9]+(e[-+]?[0-9]+)?)",
    re.IGNORECASE,
)
#: Those that are the same for all, and come out as they are written.
_WHOLE = re.compile("0|-?[1-9][0-9]*")
_SECONDS = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")

_NAMES = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a time"}


def _means_more(text: str, tag: str) -> str | None:
    """What YAML makes of unquoted text; None if it stays text."""
    if _NUMBER.fullmatch(text):
        return "a number"
    kind = tag.removeprefix(_TAG)
    return None if kind == "str" else _NAMES.get(kind, kind)


class _Reader:
    """Makes a Script of YAML's nodes, which know their lines and what was written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def script(self, text: str) -> Script:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            self._no_yaml(text, error)
        if root is None:
            raise ScriptError(f"{place(self._path, None)}: an empty file; it needs {NEEDED}")
        top = self._entries(root, "a script", ("handler", "call", "steps", "expect"))
        for key in ("handler", "steps"):
            if key not in top:
                self._fail(root, f"no {key}; a script needs {NEEDED}")
        lines = {key: _line(node) for key, node in top.items()}
        file, name = self._handler(top["handler"])
        expect = {}
        if "expect" in top:
            entries = self._entries(top["expect"], "expect", EXPECT)
            lines |= {f"expect.{key}": _line(node) for key, node in entries.items()}
            expect = {
                key: self._value(node, f"{key} of expect", EXPECT[key])
                for key, node in entries.items()
            }
        call = {}
        if "call" in top:
            allowed = {**CALL, **SWITCH}
            call = {
                key: self._value(node, f"{key} of call", allowed[key])
                for key, node in self._entries(top["call"], "call", allowed).items()
            }
        steps = top["steps"]
        if not isinstance(steps, SequenceNode):
            self._fail(steps, f"steps takes a list, such as '- hear: welcome', not {_found(steps)}")
        return Script(
            file, tuple(self._step(node) for node in steps.value), name, call, expect,
            self._path, lines,
        )  # fmt: skip

    def _handler(self, node: Node) -> tuple[str, str | None]:
        if isinstance(node, ScalarNode):
            return self._scalar(node, "handler", TEXT), None
        entries = self._entries(node, "handler", ("file", "name"))
        if "file" not in entries:
            self._fail(node, "handler needs file: the Python file that it is in")
        values = {key: self._scalar(each, key, TEXT) for key, each in entries.items()}
        return values["file"], values.get("name")

    def _step(self, node: Node) -> Step:
        if isinstance(node, ScalarNode):  # a verb by itself
            verb, options = self._scalar(node, "a step", TEXT), {}
        else:
            entries = self._entries(node, "a step", ())
            if len(entries) != 1:
                verb, *others = entries or ["nothing"]
                also = ""
                if verb in VERBS and others and set(others) <= VERBS[verb].keys():
                    first = next(iter(VERBS[verb]))
                    also = f"; options go inside, as in {verb}: {{{first}: ..., {others[0]}: ...}}"
                self._fail(node, f"a step has one verb, not {', '.join([verb, *others])}{also}")
            [(verb, value)] = entries.items()
            if verb not in VERBS:
                self._fail(node, _unknown("there is no verb", verb, VERBS))
            kinds = VERBS[verb]
            first, kind = next(iter(kinds.items()))
            if isinstance(value, MappingNode):
                options = {
                    name: self._scalar(each, f"{name} of {verb}", kinds[name])
                    for name, each in self._entries(value, verb, kinds).items()
                }
            elif not _is_nothing(value):
                options = {first: self._scalar(value, f"{first} of {verb}", kind)}
            elif verb in ALONE:
                options = {}
            else:
                self._fail(value, f"{verb} needs {first}: {kind.is_what}; found nothing{HASH}")
        try:
            return Step(verb, options, _line(node))
        except ScriptError as error:
            self._fail(node, str(error))

    def _value(self, node: Node, what: str, kind: Kind | list[Kind] | dict[str, Kind]) -> object:
        if isinstance(kind, Kind):
            return self._scalar(node, what, kind)
        if isinstance(kind, list):
            if not isinstance(node, SequenceNode):
                self._fail(node, f"{what} takes a list, such as [a, b], not {_found(node)}")
            return [self._scalar(each, f"each in {what}", kind[0]) for each in node.value]
        return {
            key: self._scalar(each, f"{key} in {what}", kind[""])
            for key, each in self._entries(node, what, ()).items()
        }

    def _entries(self, node: Node, what: str, allowed: Iterable[str]) -> dict[str, Node]:
        """A mapping's; ``allowed`` keys, if it names any."""
        if not isinstance(node, MappingNode):
            said = f": {', '.join(allowed)}" if allowed else ""
            self._fail(node, f"{what} is a mapping (key: value){said}; found {_found(node)}")
        entries: dict[str, Node] = {}
        for key_node, value in node.value:
            key = self._scalar(key_node, f"a key of {what}", TEXT)
            if key in entries:
                self._fail(key_node, f"{key} is in {what} twice")
            if allowed and key not in allowed:
                self._fail(key_node, _unknown(f"{what} has no", key, allowed))
            entries[key] = value
        return entries

    def _scalar(self, node: Node, what: str, kind: Kind) -> Any:
        """A single value; text is what was written, if that is what YAML takes it for."""
        if not isinstance(node, ScalarNode):
            self._fail(node, f"{what} takes {kind.is_what}, not {_found(node)}")
        text = node.value
        value: object = text
        if kind.type is float or kind.type is int:
            if node.style is None and (_WHOLE if kind.type is int else _SECONDS).fullmatch(text):
                value = int(text) if _WHOLE.fullmatch(text) else float(text)
        elif kind is FLAG:
            if node.style is None and text in ("true", "false"):
                value = text == "true"
        elif node.style is None and kind is not TIME:
            if _is_nothing(node):
                self._fail(node, f"{what} takes {kind.is_what}; found nothing{HASH}")
            more = None if _WHOLE.fullmatch(text) else _means_more(text, node.tag)
            if more is not None:
                self._fail(node, f'{what}: YAML takes {text} for {more}; quote it: "{text}"')
        if not kind.accepts(value):
            self._fail(node, f"{what} takes {kind.is_what}, not {_found(node)}")
        return value

    def _fail(self, node: Node, why: str) -> NoReturn:
        raise ScriptError(f"{place(self._path, _line(node))}: {why}") from None

    def _no_yaml(self, text: str, error: yaml.YAMLError) -> NoReturn:
        """It can't be read as YAML at all."""
        why, line, hint = str(error), None, ""
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            line = None if mark is None else mark.line + 1
            why = ", ".join(filter(None, (error.context, error.problem)))
            if "alias" in why or "anchor" in why:
                hint = "; an unquoted * or & stands for something else in YAML: quote it"
        elif isinstance(error, yaml.reader.ReaderError):
            line = text.count("\n", 0, error.position) + 1
            why = f"{error.reason}: {text[error.position : error.position + 1]!r}"
        raise ScriptError(f"{place(self._path, line)}: not YAML: {why}{hint}") from None


NEEDED = "handler (its file) and steps (a list), and may have call and expect"
HASH = ' (unquoted, # begins a comment: "#")'


def _line(node: Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == f"{_TAG}null"


def _found(node: Node) -> str:
    """What stands there, in words."""
    if isinstance(node, MappingNode):
        return f"a mapping ({', '.join(str(key.value) for key, _ in node.value)})"
    if isinstance(node, SequenceNode):
        return f"a list of {len(node.value)}"
    if _is_nothing(node):
        return "nothing"
    return repr(node.value) if isinstance(node, ScalarNode) and node.style else str(node.value)
