"""Reads scripts from YAML, with errors that name the place and the valid values; writes them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from eslsync.wire.shown import printable

from .shapes import (
    ALONE,
    ANY_TEXT,
    CIRCUMSTANCES,
    EXPECT,
    FLAG,
    HANDLER,
    TEXT,
    TIME,
    VERBS,
    ByName,
    DialplanAction,
    Fields,
    Many,
    OneOf,
    Scalar,
    ScriptError,
    Shape,
    StepList,
    check_needed,
    one_key,
    unknown,
)
from .steps import Step

__all__ = ["Parts", "place", "plain", "read", "shown", "write"]

_TAG = "tag:yaml.org,2002:"


@dataclass
class Parts:
    """The parts of a script's file, and their lines."""

    handler: str
    name: str | None
    steps: tuple[Step, ...]
    call: dict[str, object] = field(default_factory=dict)
    expect: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read(text: str, path: Path | None) -> Parts:
    """The parts of a script's text; raises ScriptError."""
    return _ScriptReader(path).script(text)


def place(path: Path | None, line: int | None) -> str:
    """A file and a line in it, for the beginning of an error."""
    file = "script" if path is None else shown(path)
    return file if line is None else f"{file}:{line}"


def shown(path: Path) -> str:
    """A path for messages: relative, if it is below the current folder."""
    below = os.path.relpath(path)
    return str(path) if below.startswith(os.pardir) else below


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


def write(data: Mapping[str, object]) -> str:
    """A script's data as YAML.

    Characters that are not printable stand in quotes, and are escaped as YAML does.
    """
    text: str = yaml.dump(
        plain(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    return printable(text, also="\n")


def plain(value: object) -> object:
    """The same value in plain dicts and lists, for YAML's dumper."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Step):
        return _dumped(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _dumped(step: Step) -> object:
    if not step.options:
        return step.verb
    first = next(iter(VERBS[step.verb]))
    alone = list(step.options) == [first]
    return {step.verb: plain(step.options[first] if alone else step.options)}


# Reading

#: Texts that some YAML readers take for numbers: 1.1 and 1.2 differ in 012 and 0o12.
_NUMBER = re.compile(
    r"[-+]?(0[xob][0-9a-f_]+|[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|\.[0-9]+(e[-+]?[0-9]+)?)",
    re.IGNORECASE,
)
#: Numbers that all readers read alike, and write unchanged.
_WHOLE = re.compile("0|-?[1-9][0-9]*")
_SECONDS = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")

_NAMES = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a time"}


def _means_more(text: str, tag: str) -> str | None:
    """The kind of value that YAML takes unquoted text for; None if for text."""
    if _NUMBER.fullmatch(text):
        return "a number"
    kind = tag.removeprefix(_TAG)
    return None if kind == "str" else _NAMES.get(kind, kind)


class _ScriptReader:
    """Makes Parts of YAML's nodes, which know their lines and their text as written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def script(self, text: str) -> Parts:
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
        handler: Any = self._value(top["handler"], "handler", OF_SCRIPT)
        file, name = (handler, None) if isinstance(handler, str) else (
            handler["file"], handler.get("name"),
        )  # fmt: skip
        parts = Parts(file, name, self._steps(top["steps"], "steps"))
        parts.lines = {key: _line(node) for key, node in top.items()}
        for part, values, allowed in (
            ("call", parts.call, CIRCUMSTANCES),
            ("expect", parts.expect, EXPECT),
        ):
            if part in top:
                entries = self._entries(top[part], part, allowed)
                if not entries:
                    self._fail(top[part], f"{part} is empty: leave it out")
                for key, node in entries.items():
                    values[key] = self._value(node, f"{key} of {part}", allowed[key])
                    parts.lines[f"{part}.{key}"] = _line(node)
        if not parts.steps:
            self._fail(top["steps"], "steps is empty: a caller who does nothing takes '- wait'")
        return parts

    def _steps(self, node: Node, what: str) -> tuple[Step, ...]:
        if not isinstance(node, SequenceNode):
            self._fail(node, f"{what} takes a list, such as '- hear: welcome', not {_found(node)}")
        return tuple(self._step(each) for each in node.value)

    def _step(self, node: Node) -> Step:
        if isinstance(node, ScalarNode):  # a verb by itself
            verb = self._scalar(node, "a step", TEXT)
            options: dict[str, object] = {}
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
                self._fail(node, unknown("there is no verb", verb, VERBS))
            kinds = VERBS[verb]
            first, kind = next(iter(kinds.items()))
            assert isinstance(kind, Scalar)
            if isinstance(value, MappingNode):
                options = {
                    name: self._value(each, f"{name} of {verb}", kinds[name])
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

    def _value(self, node: Node, what: str, shape: Shape) -> object:
        if isinstance(shape, Scalar):
            return self._scalar(node, what, shape)
        if isinstance(shape, StepList):
            return self._steps(node, what)
        if isinstance(shape, Many):
            if not isinstance(node, SequenceNode):
                self._fail(node, f"{what} takes a list, such as [a, b], not {_found(node)}")
            return [self._value(each, f"each in {what}", shape.each) for each in node.value]
        if not isinstance(node, MappingNode):
            if isinstance(shape, Fields) and shape.alone is not None:
                return self._value(node, f"{shape.alone} of {what}", shape.fields[shape.alone])
            if isinstance(shape, DialplanAction):
                return self._scalar(node, what, TEXT)
        return self._mapping(node, what, shape)

    def _mapping(
        self, node: Node, what: str, shape: Fields | ByName | OneOf | DialplanAction
    ) -> dict[str, object]:
        if isinstance(shape, Fields):
            entries = self._entries(node, what, shape.fields)
            try:
                check_needed(what, entries, shape)
            except ScriptError as error:
                self._fail(node, str(error))
            return {
                key: self._value(each, f"{key} of {what}", shape.fields[key])
                for key, each in entries.items()
            }
        entries = self._entries(node, what, ())
        if isinstance(shape, ByName):
            for key in entries:
                if shape.name is not None and not shape.name.accepts(key):
                    self._fail(node, f"a key of {what} takes {shape.name.is_what}, not {key}")
            return {
                key: self._value(each, f"{key} in {what}", shape.each)
                for key, each in entries.items()
            }
        if len(entries) != 1:
            self._fail(node, one_key(what, entries))
        [(key, value)] = entries.items()
        if isinstance(shape, DialplanAction):
            return {key: self._scalar(value, f"data of {key}", ANY_TEXT)}
        if key not in shape.choices:
            self._fail(node, unknown(f"there is no {shape.what}", key, shape.choices))
        return {key: self._value(value, key, shape.choices[key])}

    def _entries(self, node: Node, what: str, allowed: Iterable[str]) -> dict[str, Node]:
        """The entries of a mapping; its keys must be among ``allowed``, unless that is empty."""
        if not isinstance(node, MappingNode):
            said = f": {', '.join(allowed)}" if allowed else ""
            self._fail(node, f"{what} is a mapping (key: value){said}; found {_found(node)}")
        entries: dict[str, Node] = {}
        for key_node, value in node.value:
            key = self._scalar(key_node, f"a key of {what}", TEXT)
            if key in entries:
                self._fail(key_node, f"{key} is in {what} twice")
            if allowed and key not in allowed:
                self._fail(key_node, unknown(f"{what} has no", key, allowed))
            entries[key] = value
        return entries

    def _scalar(self, node: Node, what: str, kind: Scalar) -> Any:
        """A single value. Text must be text to YAML, too, as it was written."""
        if not isinstance(node, ScalarNode):
            self._fail(node, f"{what} takes {kind.is_what}, not {_found(node)}")
        text = node.value
        value: object = text
        if kind.word is not None and text == kind.word:
            pass
        elif kind.type is float or kind.type is int:
            if node.style is None and (_WHOLE if kind.type is int else _SECONDS).fullmatch(text):
                value = int(text) if _WHOLE.fullmatch(text) else float(text)
        elif kind is FLAG:
            if node.style is None and text in ("true", "false"):
                value = text == "true"
        elif node.style is None and kind is not TIME:
            if _is_nothing(node):
                self._fail(node, f"{what} takes {kind.is_what}; found nothing{HASH}")
            more = None if _WHOLE.fullmatch(text) else _means_more(text, node.tag)
            if isinstance(kind.type, tuple) and _WHOLE.fullmatch(text):
                value = int(text)
            if more is not None:
                self._fail(node, f'{what}: YAML takes {text} for {more}; quote it: "{text}"')
        if not kind.accepts(value):
            self._fail(node, f"{what} takes {kind.is_what}, not {_found(node)}")
        return value

    def _fail(self, node: Node, why: str) -> NoReturn:
        raise ScriptError(f"{place(self._path, _line(node))}: {why}") from None

    def _no_yaml(self, text: str, error: yaml.YAMLError) -> NoReturn:
        """Raise ScriptError for text that is not YAML."""
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
OF_SCRIPT = Fields(HANDLER, needed=("file",), alone="file")
HASH = ' (unquoted, # begins a comment: "#")'


def _line(node: Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == f"{_TAG}null"


def _found(node: Node) -> str:
    """The kind of a node, in words."""
    if isinstance(node, MappingNode):
        return f"a mapping ({', '.join(str(key.value) for key, _ in node.value)})"
    if isinstance(node, SequenceNode):
        return f"a list of {len(node.value)}"
    if _is_nothing(node):
        return "nothing"
    return repr(node.value) if isinstance(node, ScalarNode) and node.style else str(node.value)
