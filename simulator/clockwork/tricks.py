"""Undocumented uses of freezegun and Python, and the reasons; all in one place.

Each function names the test that fails without it. One more dependency: freezegun gives real time
to code that has one of its ignored modules, `threading` among them, within five frames on its
stack. A handler is further from the beginning of its thread, behind frames of socketserver, of
eslsync's server and of `stacks.call_user` (test_the_handlers_clocks_follow_the_call).
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import compress
from operator import is_not, ne
from types import CellType, FrameType, ModuleType
from typing import Any

import freezegun
from freezegun.api import FrozenDateTimeFactory, freeze_factories

__all__ = [
    "answer_with",
    "asks_running_time",
    "asks_time_of_day",
    "cells_with_makers",
    "frozen_for",
    "frozen_now",
    "is_frozen",
    "look_for_clocks",
    "look_through_modules_fast",
    "own_objects",
    "places_of_waits",
    "raise_in",
    "real_seconds",
    "real_sleep",
    "what_waits",
]


def real_seconds() -> float:
    """A clock that is never frozen, in seconds.

    (test_a_handler_that_loops_in_commands_at_one_moment_fails_with_its_line)
    """
    seconds: float = freezegun.api.real_monotonic()
    return seconds


def look_through_modules_fast() -> None:
    """Have freezegun look only at modules with clocks, in their dicts, whenever time is frozen.

    Unpatched, it gets every attribute of a module, which triggers imports on demand, and sorts
    the names of all modules to find changes, which takes longer than a call: 9 ms with 600
    modules (test_modules_that_import_on_demand_are_not_made_to_import).
    """
    api: Any = freezegun.api
    api.sys = SysWithClocks
    api._get_module_attributes = attributes_of
    api._get_module_attributes_hash = state_of
    _clocks.update(map(id, (real_sleep, *api.real_date_objects)))
    # in a module that was imported while time was frozen
    _clocks.update(id(each) for name, each in vars(api).items() if name.lower().startswith("fake"))


class ModulesWithClocks:
    """`sys.modules` for freezegun, which lists all names, and the modules that it has to look at.

    (test_a_module_that_is_imported_while_time_is_frozen_is_frozen_the_next_time)
    """

    keys = sys.modules.keys
    get = sys.modules.get

    @staticmethod
    def items() -> list[tuple[str, ModuleType]]:
        look_for_clocks()
        return list(_with_clocks.items())


class SysWithClocks:
    """`sys` for freezegun."""

    modules = ModulesWithClocks()


def look_for_clocks() -> None:
    """Find the modules with clocks, and what waits. Findings are kept until a module gains names.

    (test_what_waits_is_found_while_a_test_has_frozen_the_time)
    """
    modules = dict(sys.modules)
    changed: list[str] = []
    if modules != _looked_at:  # this comparison takes next to no time
        known = map(_looked_at.get, modules)
        changed = list(compress(modules, map(is_not, modules.values(), known)))
    for key in changed:
        _looked_at[key], _names[key] = modules[key], names_of(modules[key])
        _with_clocks.pop(key, None)
        _with_waits.pop(key, None)
        (_own.add if is_own(key, modules[key]) else _own.discard)(key)
    sizes = list(map(len, _names.values()))
    if sizes != _sizes:
        before = dict(zip(_names, _sizes, strict=False))
        changed += compress(_names, map(ne, sizes, map(before.get, _names)))
        _sizes[:] = sizes
    for key in changed:
        clocks = {name: value for name, value in [*_names[key].items()] if id(value) in _clocks}
        if clocks:
            _with_clocks[key] = _looked_at[key]
        # earlier ones stay, which may contain what replaces them in another world now
        waits = [name for name, value in [*_names[key].items()] if waits_in(key, value)]
        if waits and _names[key] is not globals():
            _with_waits[key] = list(dict.fromkeys([*_with_waits.get(key, ()), *waits]))
    if len(_looked_at) > len(modules):
        for gone in _looked_at.keys() - modules.keys():
            for found in (_looked_at, _names, _with_clocks, _with_waits):
                found.pop(gone, None)
        _sizes[:] = map(len, _names.values())


def names_of(module: ModuleType) -> dict[str, Any]:
    names: object = getattr(module, "__dict__", None)
    return names if isinstance(names, dict) else {}


def attributes_of(module: ModuleType) -> list[tuple[str, object]]:
    return list(getattr(module, "__dict__", {}).items())


def state_of(module: ModuleType) -> str:
    """A text that changes when a module gains names or is replaced."""
    return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"


def is_frozen() -> bool:
    """True while freezegun has frozen the clocks; it then looks at no modules to freeze them anew.

    (test_what_waits_is_found_while_a_test_has_frozen_the_time)
    """
    return bool(freeze_factories)


def frozen_now() -> datetime | None:
    """The time at which freezegun has frozen the clocks; None if it has not.

    (test_the_switch_begins_at_the_time_that_a_test_has_frozen)
    """
    return freeze_factories[-1]() if freeze_factories else None


def answer_with(now: Callable[[], datetime]) -> None:
    """Have freezegun, which has just frozen time, call ``now`` for the time.

    Virtual time then passes at no cost (test_the_handlers_clocks_follow_the_call).
    """
    freeze_factories[-1] = Asking(now)


class Asking(FrozenDateTimeFactory):
    """A freezegun factory that asks another clock for the time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now()


def asks_time_of_day(frame: FrameType | None) -> FrameType | None:
    """The frame that asks freezegun for the time of day; None if it asks for a running time.

    ``frame`` is the one in which freezegun gets the time, or calls for it.
    (test_the_reads_of_the_time_of_day_are_noticed)
    """
    name, asking = _asking(frame)
    return asking if name in TIME_OF_DAY else None


def asks_running_time(frame: FrameType | None) -> FrameType | None:
    """The same for seconds that run, such as time.monotonic's.

    (test_the_reads_of_running_seconds_are_noticed)
    """
    name, asking = _asking(frame)
    return None if name in TIME_OF_DAY else asking


def _asking(frame: FrameType | None) -> tuple[str, FrameType | None]:
    """The function of freezegun that was called, and the frame that called it."""
    name = ""
    while frame is not None and frame.f_code.co_filename in (freezegun.api.__file__, __file__):
        name = frame.f_code.co_name
        frame = frame.f_back
    return name, frame


TIME_OF_DAY = frozenset("now today utcnow fake_localtime fake_gmtime fake_strftime".split())


def places_of_waits() -> Iterator[tuple[ModuleType, str, object]]:
    """The modules that contain `time.sleep`, a lock or what makes one, its name there, and it.

    They are those that `look_for_clocks` has found last. freezegun replaces none of them.
    ``from time import sleep`` puts it anywhere (test_the_handlers_clocks_follow_the_call).
    """
    for key, waits in _with_waits.items():
        names = _names[key]
        for name in waits:
            value = names.get(name)
            if waits_in(key, value):
                yield _looked_at[key], name, value


def waits_in(module: str, value: object) -> bool:
    """True for `time.sleep`; for a lock and the like, except in modules that keep theirs."""
    if type(value) in what_waits or id(value) in _waits or cells_with_makers(value):
        return not is_kept(module)
    return value is real_sleep


def cells_with_makers(kind: object) -> list[CellType]:
    """Where a dataclass has what makes its locks, as in ``field(default_factory=Lock)``.

    (test_what_makes_locks_of_before_makes_those_of_simulated_time)
    """
    if not isinstance(kind, type) or "__dataclass_fields__" not in vars(kind):
        return []
    cells = getattr(vars(kind).get("__init__"), "__closure__", None) or ()
    return [each for each in cells if _waits.intersection(map(id, held_in(each)))]


def held_in(cell: CellType) -> list[object]:
    try:
        return [cell.cell_contents]
    except ValueError:  # nothing so far
        return []


real_sleep = time.sleep
_clocks: set[int] = set()  #: ids of Python's clocks, freezegun's, and `time.sleep`
#: Packages whose locks and queues stay as they are.
KEPT = frozenset([*sys.stdlib_module_names, "eslsync", "freezegun", "simulator"])
#: Ids of what makes what waits.
_waits = {id(threading.Lock), id(threading.RLock), id(queue.SimpleQueue)}
what_waits: set[type] = {
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Condition,
    cached_property,
    defaultdict,
    queue.SimpleQueue,
}
#: The modules that were looked at, their names, and how many there were then.
_looked_at: dict[str, ModuleType] = {}
_names: dict[str, dict[str, Any]] = {}
_sizes: list[int] = []
_with_clocks: dict[str, ModuleType] = {}
_own: set[str] = set()  #: the program's own modules
_with_waits: dict[str, list[str]] = {}  #: the names of what waits in them


def own_objects() -> Iterator[object]:
    """The program's own classes, and objects of these, that are names of its modules.

    (Those of modules that are not installed.) They may have locks
    (test_a_lock_of_before_that_an_object_has_is_in_simulated_time).
    """
    for key in _own & _names.keys():
        for value in list(_names[key].values()):
            kind = value if isinstance(value, type) else type(value)
            if kind.__module__ in _own and hasattr(value, "__dict__"):
                yield value


def is_own(key: str, module: ModuleType) -> bool:
    file = getattr(module, "__file__", None) or ""
    return not is_kept(key) and "-packages" not in file


def is_kept(module: str) -> bool:
    return module.partition(".")[0] in KEPT


def frozen_for(virtual: Callable[[FrameType], bool | None]) -> Callable[[], bool]:
    """A `freezegun.api._should_use_real_time` that asks ``virtual`` about its caller first.

    freezegun answers with real time near the beginning of a thread, which is made of modules that
    it ignores (test_a_thread_of_the_handlers_tells_the_calls_time).
    """
    is_real = freezegun.api._should_use_real_time

    def should_use_real_time() -> bool:
        answer = virtual(sys._getframe(2))
        return bool(is_real() if answer is None else not answer)

    return should_use_real_time


def raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """Raise ``error`` in a running thread, between two instructions of Python.

    Python has no other way to end a thread (test_a_handler_that_runs_is_abandoned).
    """
    import ctypes  # rarely needed

    ident = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(error))
