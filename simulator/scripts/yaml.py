"""Reads scripts from YAML, and writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from yaml import Node

from eslsync.wire.shown import printable

from .nodes import Language, NodeReader, line_of
from .shapes import ALONE, CIRCUMSTANCES, EXPECT, HANDLER, VERBS, Fields
from .steps import Step

__all__ = ["Parts", "plain", "read", "write"]

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
    reader = NodeReader(SCRIPTS, path)
    top = reader.top(text, ("handler", "call", "steps", "expect"), NEEDED, IN_WORDS)
    handler: Any = reader.value(top["handler"], "handler", OF_SCRIPT)
    file, name = (handler, None) if isinstance(handler, str) else (
        handler["file"], handler.get("name"),
    )  # fmt: skip
    parts = Parts(file, name, reader.steps(top["steps"], "steps"))
    parts.lines = {key: line_of(node) for key, node in top.items()}
    for part, values, allowed in (
        ("call", parts.call, CIRCUMSTANCES),
        ("expect", parts.expect, EXPECT),
    ):
        if part in top:
            entries = reader.entries(top[part], part, allowed)
            if not entries:
                reader.fail(top[part], f"{part} is empty: leave it out")
            for key, node in entries.items():
                values[key] = reader.value(node, f"{key} of {part}", allowed[key])
                parts.lines[f"{part}.{key}"] = line_of(node)
    if not parts.steps:
        reader.fail(top["steps"], "steps is empty: a caller who does nothing takes '- wait'")
    return parts


NEEDED = ("handler", "steps")
IN_WORDS = "handler (its file) and steps (a list), and may have call and expect"
OF_SCRIPT = Fields(HANDLER, needed=("file",), alone="file")
SCRIPTS = Language("script", "hear: welcome", VERBS, ALONE, Step)

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
