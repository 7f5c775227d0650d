"""The position of a handler, noted by its own thread: its lines and its live variables."""

from __future__ import annotations

import inspect
import os
import sysconfig
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import FrameType

from eslsync import Channel, Event, Execution, Session
from eslsync.call.leg import Leg
from eslsync.stacks import is_ours

from .boundaries import Turns
from .liveness import live_names

__all__ = [
    "LIBRARIES",
    "Place",
    "Whereabouts",
    "count_as_own",
    "is_own",
    "own_places",
    "place_in",
    "place_of",
    "places_of",
    "shown",
    "whereabouts",
]

#: Integers above this count as "many", and so do the parts of a collection.
MANY = 9
#: Characters of a text that count.
LONGEST = 80
#: Maximum depth of collections and objects that count.
DEEPEST = 2

#: The folders of Python's own modules, and of installed ones.
LIBRARIES = tuple({*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))})
#: Packages among these that are explored: projects may be installed where their tests run.
_explored: set[str] = set()


@dataclass(frozen=True)
class Place:
    """A line of the handler's code."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line} in {self.function}"


@dataclass(frozen=True)
class Whereabouts:
    """The position of a handler."""

    places: tuple[Place, ...]  #: its lines, outermost first
    inner: tuple[Place, ...]  #: the lines of the running callback; all of them if none runs
    method: str  #: the method of a channel or a session that it has called, if any
    variables: Mapping[str, str]  #: plain ones that will still be read


def whereabouts(turns: Turns) -> Whereabouts | None:
    """The position of the current thread's handler; None outside the handler's own code."""
    own, entry, inner = _frames(inspect.currentframe())
    if not own:
        return None
    return Whereabouts(
        places=tuple(map(_place, own)),
        inner=tuple(map(_place, inner)),
        method="" if entry is None else _method(entry),
        variables=_variables(own, turns),
    )


def own_places(frame: FrameType) -> tuple[Place, ...]:
    """The lines of the handler's own code that lead to a frame, outermost first."""
    return tuple(map(_place, _frames(frame)[0]))


def place_in(frame: FrameType | None) -> Place | None:
    """The innermost line of the handler's own code that leads to a frame, if there is one."""
    while frame is not None and not is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return None if frame is None else _place(frame)


def places_of(error: BaseException) -> list[Place]:
    """The lines of the handler's own code that an exception came through, the last one first."""
    codes = ((frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__))
    return [
        Place(code.co_filename, line, code.co_name)
        for code, line in codes
        if is_own(code.co_filename)
    ]


def place_of(error: BaseException) -> Place | None:
    """The handler's line that raised an exception."""
    places = places_of(error)
    return places[-1] if places else None


@lru_cache(maxsize=4096)
def is_own(filename: str) -> bool:
    """True for a file of the handler, not of eslsync, the simulator, or a library."""
    if is_ours(filename):
        return False
    library = filename.startswith(("<frozen", *LIBRARIES))
    return not library or filename.startswith(tuple(_explored))


def count_as_own(package: Path) -> None:
    """Let `is_own` be true of a package, even if it is installed as libraries are."""
    folder = str(package)
    if folder.startswith(LIBRARIES) and folder not in LIBRARIES:
        _explored.add(os.path.join(folder, ""))
        is_own.cache_clear()


def _place(frame: FrameType) -> Place:
    return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _frames(
    frame: FrameType | None,
) -> tuple[list[FrameType], FrameType | None, list[FrameType]]:
    """The handler's own frames, outermost first; that of the method it has called; and those of
    its own frames that belong to the callback that runs (all where none does).
    """
    own: list[FrameType] = []
    entry: FrameType | None = None
    callback: int | None = None
    while frame is not None:
        filename = frame.f_code.co_filename
        if is_own(filename):
            own.append(frame)
        elif not own:
            entry = frame
        elif callback is None and is_ours(filename):
            callback = len(own)
        frame = frame.f_back
    inner = own[:callback]
    own.reverse()
    inner.reverse()
    return _without_recursion(own), entry, _without_recursion(inner)


def _method(entry: FrameType) -> str:
    """The method's name; empty while the handler waits for an application without a method."""
    owner = entry.f_locals.get("self")
    return "" if isinstance(owner, (Execution, Leg)) else entry.f_code.co_name


def _without_recursion(frames: list[FrameType]) -> list[FrameType]:
    """Keep only the innermost call of a function that calls itself, directly or not.

    Otherwise, menus that call each other would never get to the same situation again.
    """
    kept: list[FrameType] = []
    for frame in frames:
        for number, other in enumerate(kept):
            if other.f_code is frame.f_code:
                del kept[number:]
                break
        kept.append(frame)
    return kept


def _variables(frames: list[FrameType], turns: Turns) -> dict[str, str]:
    modules = {frame.f_globals.get("__name__") for frame in frames}
    found: dict[str, str] = {}
    for frame in frames:
        code = frame.f_code
        live = live_names(code, frame.f_lasti)
        if not live:
            continue
        values = frame.f_locals
        for name in sorted(live):
            if name in values:
                text = shown(values[name], modules, turns)
                if text is not None:
                    found[f"{code.co_name}.{name}"] = text
    return found


def shown(
    value: object, modules: Set[str | None], turns: Turns, depth: int = DEEPEST
) -> str | None:
    """A plain value as text; None for any other. Objects of classes in ``modules`` count."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= MANY else f"many{turns.number(value)}"
    if isinstance(value, str):
        return str.__repr__(value)[:LONGEST]  # the repr of digits hides them
    if isinstance(value, bytes):
        return repr(value)[:LONGEST]
    if isinstance(value, (date, time)):
        return turns.moment(value)
    if isinstance(value, (Session, Channel, Event, float)) or depth == 0:
        return None
    if isinstance(value, Mapping):
        if len(value) > MANY:
            return f"{type(value).__name__} of many"
        parts = [
            f"{shown(key, modules, turns, depth - 1)}: {shown(each, modules, turns, depth - 1)}"
            for key, each in value.items()
        ]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, (list, set, deque)):
        # Only their length, since digits gathered from callers, for example, never end.
        return f"{type(value).__name__} of {len(value) if len(value) <= MANY else 'many'}"
    if isinstance(value, (tuple, frozenset)):
        if len(value) > MANY:
            return f"{type(value).__name__} of many"
        parts = [str(shown(each, modules, turns, depth - 1)) for each in value]
        if isinstance(value, Set):
            parts.sort()
        return f"{type(value).__name__}({', '.join(parts)})"
    if type(value).__module__ in modules and hasattr(value, "__dict__"):
        plain = _attributes(value, modules, turns, depth)
        return f"{type(value).__name__}({', '.join(plain)})"
    return None


def _attributes(value: object, modules: Set[str | None], turns: Turns, depth: int) -> Iterator[str]:
    for name, each in sorted(vars(value).items()):
        text = shown(each, modules, turns, depth - 1)
        if text is not None:
            yield f"{name}={text}"
