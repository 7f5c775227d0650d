"""What a handler keeps from call to call, in the globals of its module.

A call that finds its module as the first one did takes the same course. So where no call changes
anything there, later calls need not be tried. Of what can't be compared, or lies elsewhere, nothing
is supposed: code that imports anything but the modules here, for one, may keep what it wants.
"""

from __future__ import annotations

import ast
import enum
import re
import threading
import types
import typing
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from logging import Logger
from types import CodeType, ModuleType
from zoneinfo import ZoneInfo

from ..clockwork.held_waits import HeldLock, HeldRLock
from .probes import LOOKED, PROBE
from .trees import Tree

__all__ = ["keeps_elsewhere", "state_of"]

#: Modules in which nothing is kept that a call could depend on.
HARMLESS = frozenset(
    """
    __future__ abc bisect calendar collections contextlib copy dataclasses datetime decimal enum
    eslsync fractions functools heapq itertools logging math operator queue random re statistics
    string textwrap threading time typing typing_extensions unicodedata zoneinfo
    """.split()
)
#: The same, and what their functions and classes are from.
OF_HARMLESS = HARMLESS | {"thread", "freezegun", "simulator"}
#: Functions, and attributes, by which code gets at what is not in its globals.
ELSEWHERE = frozenset(
    """
    __builtins__ __import__ breakpoint compile delattr eval exec getattr globals locals open setattr
    vars
    """.split()
)
BENEATH = frozenset("__builtins__ __class__ __dict__ __globals__".split())
#: What can't change.
PLAIN = (
    bool, bytes, complex, date, datetime, Decimal, float, Fraction, int, range, re.Pattern, str,
    time, timedelta, timezone, type(None), type(NotImplemented), type(...), ZoneInfo,
)  # fmt: skip
LOCK = type(threading.Lock())
SEQUENCES = (tuple, list, deque)
SETS = (set, frozenset)
MAPPINGS = (dict, OrderedDict, defaultdict, Counter)


class NamedPart(typing.NamedTuple):
    first: int


#: Functions, and parts of classes, that are written in C.
IN_C = (
    types.BuiltinFunctionType, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.MethodDescriptorType, types.WrapperDescriptorType, type(NamedPart.first),
)  # fmt: skip
ALIASES = types.GenericAlias, types.UnionType
#: Names of a module that say where it comes from, and those of the probes.
OF_MODULES = frozenset(
    """
    __builtins__ __cached__ __doc__ __file__ __loader__ __name__ __package__ __path__ __spec__
    """.split()
) | {PROBE, LOOKED}
#: Names that each class has.
OF_CLASSES = frozenset(
    """
    __annotate_func__ __annotations__ __annotations_cache__ __dict__ __doc__ __module__ __qualname__
    __weakref__ _abc_impl
    """.split()
)


def keeps_elsewhere(tree: Tree) -> bool:
    """True if the code of a file may keep something that is not in its globals."""
    for node in tree.of(ast.Import):
        if not {each.name.partition(".")[0] for each in node.names} <= HARMLESS:
            return True
    for origin in tree.of(ast.ImportFrom):
        if origin.level or (origin.module or "").partition(".")[0] not in HARMLESS:
            return True
    if any(name.id in ELSEWHERE for name in tree.of(ast.Name)):
        return True
    imported = {"", *_imported(tree)}
    return any(
        each.attr in BENEATH
        or (isinstance(each.ctx, (ast.Store, ast.Del)) and _root(each) in imported)
        for each in tree.of(ast.Attribute)
    )


def _imported(tree: Tree) -> Iterator[str]:
    for each in tree.of(ast.alias):
        yield each.asname or each.name.partition(".")[0]


def _root(node: ast.expr) -> str:
    """The name at the beginning of ``name.attribute[number].attribute``; empty if there is none."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def state_of(module: ModuleType) -> object | None:
    """A value that is equal as long as nothing in a module has changed; None if it can't be known.

    What it consists of is copied, so that it stays as it was.
    """
    try:
        found = {name: each for name, each in vars(module).items() if name not in OF_MODULES}
        return _State(module.__name__).of(found)
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """Something whose state can't be compared."""


class _State:
    """Copies the state of what belongs to a module."""

    def __init__(self, module: str) -> None:
        self._module = module
        #: What was seen, by its id: when, and the thing, lest another one gets the same id.
        self._seen: dict[int, tuple[int, object]] = {}

    def of(self, value: object) -> object:
        kind = type(value)
        if _is_plain(value):
            return kind, value
        if id(value) in self._seen:
            return "again", self._seen[id(value)][0]
        self._seen[id(value)] = len(self._seen), value
        if kind in SEQUENCES:
            return kind, [self.of(each) for each in value]  # type: ignore[attr-defined]
        if kind in MAPPINGS:
            pairs = [(self.of(key), self.of(each)) for key, each in value.items()]  # type: ignore[attr-defined]
            return kind, pairs, self.of(getattr(value, "default_factory", None))
        if kind in SETS:
            if not all(map(_is_plain, value)):  # type: ignore[call-overload]
                raise _UnknownError
            return kind, frozenset((type(each), each) for each in value)  # type: ignore[attr-defined]
        if isinstance(value, enum.Enum):
            return kind, value.name
        if isinstance(value, (HeldLock, HeldRLock, LOCK)):
            return kind, value.locked()
        return self._of_code(value)

    def _of_code(self, value: object) -> object:
        """The state of functions and classes, and of objects of the module's own classes."""
        kind = type(value)
        if isinstance(value, types.FunctionType):
            return self._of_function(value)
        if isinstance(value, (staticmethod, classmethod)):
            return kind, self.of(value.__func__)
        if isinstance(value, property):
            return kind, [self.of(each) for each in (value.fget, value.fset, value.fdel)]
        if isinstance(value, types.CellType):
            try:
                return kind, self.of(value.cell_contents)
            except ValueError:  # nothing so far
                return kind, None
        if isinstance(value, type):
            return self._of_class(value)
        if isinstance(value, (ModuleType, Logger)):
            return kind, value.__name__ if isinstance(value, ModuleType) else value.name
        if kind in IN_C:
            owner = getattr(value, "__self__", None)
            bound = None if isinstance(owner, ModuleType) else self.of(owner)
            return kind, getattr(value, "__name__", ""), bound
        if kind in ALIASES or kind.__module__ in ("typing", "__future__"):
            return kind, repr(value)
        if isinstance(value, tuple) and not hasattr(value, "__dict__"):  # a named one
            return kind, [self.of(each) for each in value]
        if kind.__module__ == self._module and not any(map(self._is_strange, kind.__mro__)):
            return kind.__qualname__, self.of(vars(value))
        raise _UnknownError

    def _is_strange(self, base: type) -> bool:
        """True for a class whose objects have more than their attributes."""
        if base in (object, typing.Generic, typing.Protocol):
            return False
        return base.__module__ != self._module or "__slots__" in vars(base)

    def _of_function(self, function: types.FunctionType) -> object:
        code: CodeType = function.__code__
        where = code.co_name, code.co_firstlineno
        if code.co_filename == "<string>":  # of a dataclass, or of a named tuple
            return where
        if function.__module__ != self._module:
            if not _is_harmless(function.__module__):
                raise _UnknownError
            if code.co_freevars:  # it may be a function of the module's own, wrapped
                return where, [self.of(each) for each in function.__closure__ or ()]
            return function.__module__, where
        has = function.__defaults__, function.__kwdefaults__, vars(function)
        return where, [self.of(each) for each in (*has, *(function.__closure__ or ()))]

    def _of_class(self, kind: type) -> object:
        if kind.__module__ == self._module:
            parts = {name: v for name, v in vars(kind).items() if name not in OF_CLASSES}
            for name in [each for each in parts if each.startswith("__dataclass_")]:
                del parts[name]
            return kind.__qualname__, self.of(parts)
        if not (kind.__module__ == "builtins" or _is_harmless(kind.__module__)):
            raise _UnknownError
        return kind.__module__, kind.__qualname__


def _is_plain(value: object) -> bool:
    return type(value) in PLAIN or isinstance(value, date)  # freezegun has dates of its own


def _is_harmless(module: str | None) -> bool:
    root = str(module).partition(".")[0]
    # (_thread has the locks of threading; while time is frozen, the last two have them, and clocks)
    return root.removeprefix("_") in OF_HARMLESS or root in HARMLESS
