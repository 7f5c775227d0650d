"""What to try with a handler, by its code and what that imports of the user's other modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from eslsync.importing import package_of

from .boundaries import Turns, merged, moments
from .source import HandlerSource
from .whereabouts import is_own

__all__ = ["WhatToTry"]

#: The day of calls to a handler: that of `FreeSwitch(start=)`.
MONDAY = date(2026, 1, 5)


class WhatToTry:
    """What the code that a handler uses suggests to try.

    The answers of `HandlerSource`, from all modules together.
    """

    def __init__(self, source: HandlerSource) -> None:
        self._sources = sources = _sources_of(source)
        times = merged(each.times() for each in sources)
        numbers = {number for each in sources for number in each.numbers().values}
        self.words: list[str] = self._together("words")
        self.phrases: list[str] = self._together("phrases")
        known = set(self.words)
        self.beside = [each for each in self._together("beside") if each not in known]
        self.ends: list[tuple[str, str]] = self._together("ends")
        self.talks: list[int] = self._together("talks")
        self.causes: list[str] = self._together("causes")
        self.asks_caller = any(each.asks_caller for each in sources)
        #: True if it may look at the bytes of messages, in which anything may be.
        self.takes_bytes = any(each.takes_bytes for each in sources)
        self.moments = moments(times, MONDAY)
        self.turns = Turns(numbers, times.times)

    def _together(self, name: str) -> list[Any]:
        return list(dict.fromkeys(one for each in self._sources for one in getattr(each, name)))


def _sources_of(source: HandlerSource) -> list[HandlerSource]:
    """A handler's source, and those of what it uses of other modules, directly or indirectly."""
    found = [source]
    seen = {(source.path.resolve(), source.handler)}
    for each in found:
        for file, name in _used(each):
            if (file, name) not in seen:
                seen.add((file, name))
                found.append(HandlerSource(file, name))
    return found


def _used(source: HandlerSource) -> Iterator[tuple[Path, str]]:
    """The names that it uses of other modules, each with the module's file."""
    imported = dict(_imported(source))
    if source.handler in imported:  # it only hands the name on
        yield from _named(imported[source.handler], source.handler)
    modules = {name: file for name, (file, there) in imported.items() if there is None}
    for node in [*source.nodes, *source.tables]:
        if isinstance(node, ast.Name) and node.id in imported:
            yield from _named(imported[node.id], node.id)
        elif isinstance(node, ast.Attribute) and modules:
            file = modules.get(ast.unparse(node.value))
            if file is not None:
                yield file, node.attr


def _named(where: tuple[Path, str | None], name: str) -> Iterator[tuple[Path, str]]:
    file, there = where
    if there is not None:
        yield file, there


def _imported(source: HandlerSource) -> Iterator[tuple[str, tuple[Path, str | None]]]:
    """What the file's names mean: modules of the user's own, or names in them."""
    path = source.path.resolve()
    root, _ = package_of(path)
    for node in source.tree.of(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            for alias in node.names:
                file = _file_of([root, path.parent], alias.name)
                if file is not None:
                    yield alias.asname or alias.name, (file, None)
        elif isinstance(node, ast.ImportFrom):
            folders = [path.parents[node.level - 1]] if node.level else [root, path.parent]
            for alias in node.names:
                within = f"{node.module}.{alias.name}" if node.module else alias.name
                module, file = _file_of(folders, within), _file_of(folders, node.module or "")
                if module is not None:
                    yield alias.asname or alias.name, (module, None)
                elif file is not None:
                    yield alias.asname or alias.name, (file, alias.name)


def _file_of(folders: list[Path], module: str) -> Path | None:
    """The file of a module in these folders, if it is the user's own."""
    for folder in folders:
        place = folder.joinpath(*module.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file() and is_own(str(file)):
                return file
    return None
