"""Reads what the YAML of scripts and scenarios has in common, with errors that name the place.

A `Language` says what it consists of: the verbs of its steps, with the shapes of their options.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from .shapes import (
    ANY_TEXT,
    FLAG,
    TEXT,
    TIME,
    ByName,
    DialplanAction,
    Fields,
    ListOrNames,
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

__all__ = ["Language", "NodeReader", "line_of", "place", "shown", "text_of"]

StepT = TypeVar("StepT")

_TAG = "tag:yaml.org,2002:"
HASH = ' (unquoted, # begins a comment: "#")'


@dataclass(frozen=True)
class Language(Generic[StepT]):
    """What a kind of YAML file consists of."""

    what: str  #: its kind, for errors about a text without a file
    example: str  #: a step
    verbs: Mapping[str, Mapping[str, Shape]]
    alone: frozenset[str]  #: verbs that need no options; all others need their first
    step: Callable[[str, dict[str, object], int], StepT]  #: verb, options, line to a step


def text_of(path: Path) -> str:
    """The text of a file; raises ScriptError if it can't be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScriptError(f"{shown(path)}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ScriptError(f"{shown(path)}: not UTF-8 at byte {error.start}") from None


def place(path: Path | None, line: int | None, what: str = "script") -> str:
    """A file and a line in it, for the beginning of an error."""
    file = what if path is None else shown(path)
    return file if line is None else f"{file}:{line}"


def shown(path: Path) -> str:
    """A path for messages: relative, if it is below the current folder."""
    below = os.path.relpath(path)
    return str(path) if below.startswith(os.pardir) else below


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


class NodeReader(Generic[StepT]):
    """Makes data of YAML's nodes, which know their lines and their text as written."""

    def __init__(self, language: Language[StepT], path: Path | None) -> None:
        self._language = language
        self._path = path

    def top(
        self, text: str, allowed: Iterable[str], needed: Iterable[str], in_words: str
    ) -> dict[str, Node]:
        """The entries of a text's outermost mapping; ``in_words`` says what it needs."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            self._no_yaml(text, error)
        except RecursionError:
            raise ScriptError(f"{self._place(None)}: nested too deep") from None
        if root is None:
            raise ScriptError(f"{self._place(None)}: an empty file; it needs {in_words}")
        what = f"a {self._language.what}"
        top = self.entries(root, what, allowed)
        for key in needed:
            if key not in top:
                self.fail(root, f"no {key}; {what} needs {in_words}")
        return top

    def steps(self, node: Node, what: str) -> tuple[StepT, ...]:
        if not isinstance(node, SequenceNode):
            self.fail(
                node,
                f"{what} takes a list, such as '- {self._language.example}', not {_found(node)}",
            )
        return tuple(self._step(each) for each in node.value)

    def _step(self, node: Node) -> StepT:
        verbs = self._language.verbs
        if isinstance(node, ScalarNode):  # a verb by itself
            verb = self._scalar(node, "a step", TEXT)
            options: dict[str, object] = {}
        else:
            entries = self.entries(node, "a step", ())
            if len(entries) != 1:
                verb, *others = entries or ["nothing"]
                also = ""
                if verb in verbs and others and set(others) <= verbs[verb].keys():
                    first = next(iter(verbs[verb]))
                    also = f"; options go inside, as in {verb}: {{{first}: ..., {others[0]}: ...}}"
                self.fail(node, f"a step has one verb, not {', '.join([verb, *others])}{also}")
            [(verb, value)] = entries.items()
            if verb not in verbs:
                self.fail(node, unknown("there is no verb", verb, verbs))
            kinds = verbs[verb]
            first, kind = next(iter(kinds.items()))
            assert isinstance(kind, Scalar)
            if isinstance(value, MappingNode):
                options = {
                    name: self.value(each, f"{name} of {verb}", kinds[name])
                    for name, each in self.entries(value, verb, kinds).items()
                }
            elif not _is_nothing(value):
                options = {first: self._scalar(value, f"{first} of {verb}", kind)}
            elif verb in self._language.alone:
                options = {}
            else:
                self.fail(value, f"{verb} needs {first}: {kind.is_what}; found nothing{HASH}")
        try:
            return self._language.step(verb, options, line_of(node))
        except ScriptError as error:
            self.fail(node, str(error))

    def value(self, node: Node, what: str, shape: Shape) -> object:
        if isinstance(shape, Scalar):
            return self._scalar(node, what, shape)
        if isinstance(shape, StepList):
            return self.steps(node, what)
        if isinstance(shape, ListOrNames):
            shape = shape.by_name if isinstance(node, MappingNode) else shape.many
        if isinstance(shape, Many):
            if not isinstance(node, SequenceNode):
                self.fail(node, f"{what} takes a list, such as [a, b], not {_found(node)}")
            return [self.value(each, f"each in {what}", shape.each) for each in node.value]
        if not isinstance(node, MappingNode):
            if isinstance(shape, Fields) and shape.alone is not None:
                return self.value(node, f"{shape.alone} of {what}", shape.fields[shape.alone])
            if isinstance(shape, DialplanAction):
                return self._scalar(node, what, TEXT)
        return self._mapping(node, what, shape)

    def _mapping(
        self, node: Node, what: str, shape: Fields | ByName | OneOf | DialplanAction
    ) -> dict[str, object]:
        if isinstance(shape, Fields):
            entries = self.entries(node, what, shape.fields)
            try:
                check_needed(what, entries, shape)
            except ScriptError as error:
                self.fail(node, str(error))
            return {
                key: self.value(each, f"{key} of {what}", shape.fields[key])
                for key, each in entries.items()
            }
        entries = self.entries(node, what, ())
        if isinstance(shape, ByName):
            for key in entries:
                if shape.name is not None and not shape.name.accepts(key):
                    self.fail(node, f"a key of {what} takes {shape.name.is_what}, not {key}")
            return {
                key: self.value(each, f"{key} in {what}", shape.each)
                for key, each in entries.items()
            }
        if len(entries) != 1:
            self.fail(node, one_key(what, entries))
        [(key, value)] = entries.items()
        if isinstance(shape, DialplanAction):
            return {key: self._scalar(value, f"data of {key}", ANY_TEXT)}
        if key not in shape.choices:
            self.fail(node, unknown(f"there is no {shape.what}", key, shape.choices))
        return {key: self.value(value, key, shape.choices[key])}

    def entries(self, node: Node, what: str, allowed: Iterable[str]) -> dict[str, Node]:
        """The entries of a mapping; its keys must be among ``allowed``, unless that is empty."""
        if not isinstance(node, MappingNode):
            said = f": {', '.join(allowed)}" if allowed else ""
            self.fail(node, f"{what} is a mapping (key: value){said}; found {_found(node)}")
        entries: dict[str, Node] = {}
        for key_node, value in node.value:
            key = self._scalar(key_node, f"a key of {what}", TEXT)
            if key in entries:
                self.fail(key_node, f"{key} is in {what} twice")
            if allowed and key not in allowed:
                self.fail(key_node, unknown(f"{what} has no", key, allowed))
            entries[key] = value
        return entries

    def _scalar(self, node: Node, what: str, kind: Scalar) -> Any:
        """A single value. Text must be text to YAML, too, as it was written."""
        if not isinstance(node, ScalarNode):
            self.fail(node, f"{what} takes {kind.is_what}, not {_found(node)}")
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
                self.fail(node, f"{what} takes {kind.is_what}; found nothing{HASH}")
            more = None if _WHOLE.fullmatch(text) else _means_more(text, node.tag)
            if isinstance(kind.type, tuple) and _WHOLE.fullmatch(text):
                value = int(text)
            if more is not None:
                self.fail(node, f'{what}: YAML takes {text} for {more}; quote it: "{text}"')
        if not kind.accepts(value):
            self.fail(node, f"{what} takes {kind.is_what}, not {_found(node)}")
        return value

    def fail(self, node: Node, why: str) -> NoReturn:
        """Raise ScriptError, with the place of the node."""
        raise ScriptError(f"{self._place(line_of(node))}: {why}") from None

    def _place(self, line: int | None) -> str:
        return place(self._path, line, self._language.what)

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
        raise ScriptError(f"{self._place(line)}: not YAML: {why}{hint}") from None


def line_of(node: Node) -> int:
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
