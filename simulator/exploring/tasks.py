"""Explorations as tests: files of YAML that name a handler, and how to explore it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eslsync.loading import AppName, LoadError

from ..scripts.nodes import Language, NodeReader, text_of
from ..scripts.script import Script, ScriptError
from ..scripts.shapes import (
    ANY_TEXT,
    DOTTED,
    EXTENSION,
    FLAG,
    KEYS,
    SECONDS,
    TEXT,
    WHOLE,
    Many,
    Shape,
)
from ..scripts.steps import Step
from .exploration import Exploration, explore
from .findings.families import check_kinds
from .rules import RuleError
from .saved_maps import SavedMapError

__all__ = ["Task"]

#: The keys of a file, and their values: arguments of `explore`, and ``scripts``.
OPTIONS: dict[str, Shape] = {
    "explore": TEXT,
    "against": TEXT,
    "allow": Many(TEXT),
    "allow_unmodelled": Many(TEXT),
    "calls": WHOLE,
    "coverage": FLAG,
    "depth": WHOLE,
    "entries": Many(KEYS),
    "expect": Many(ANY_TEXT),
    "extensions": Many(EXTENSION),
    "keys": KEYS,
    "outside": Many(DOTTED),
    "patience": SECONDS,
    "scripts": Many(TEXT),
    "seconds": SECONDS,
    "seed": WHOLE,
    "sounds": TEXT,
    "workers": WHOLE,
}
IN_WORDS = "explore (a file or a module), and may have against, allow, keys and other options"
LANGUAGE: Language[Step] = Language("exploration", "explore: office.py", {}, frozenset(), Step)


@dataclass(frozen=True)
class Task:
    """An exploration that a file describes. Files that it names are relative to its folder."""

    path: Path
    options: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Task:
        """The exploration in a file. Raises ScriptError."""
        reader = NodeReader(LANGUAGE, path)
        top = reader.top(text_of(path), tuple(OPTIONS), ("explore",), IN_WORDS)
        options = {name: reader.value(node, name, OPTIONS[name]) for name, node in top.items()}
        try:
            check_kinds(options.get("allow", ()))  # type: ignore[arg-type]
        except ValueError as error:
            reader.fail(top["allow"], str(error))
        return cls(path, options)

    def run(self) -> Exploration:
        """Explore. Raises ScriptError if a file that it names is not there, or is wrong."""
        options = dict(self.options)
        folder = self.path.parent
        for name in ("against", "sounds"):
            if name in options:
                options[name] = folder / options[name]
        scripts = [Script.read(folder / each) for each in options.pop("scripts", ())]
        if "PYTEST_XDIST_WORKER" in os.environ:
            options.setdefault("workers", 1)  # other tests have the other cores
        app = options.pop("explore")
        try:
            named = AppName.of(app, base=folder)
            return explore(
                named.where,
                name=named.name,
                circumstances=[script.call for script in scripts],
                base=folder,
                **options,
            )
        except (LoadError, RuleError, SavedMapError) as error:
            raise ScriptError(f"{self.path.name}: {error}") from None
