"""Functions in whose place something else is called for a while, by name or as they are.

A dotted name is replaced where it is looked up, as `unittest.mock.patch` does: who has imported
the function under another name keeps it. A function itself is replaced for all who hold it, however
they imported it, since its code is exchanged.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import pkgutil
from collections.abc import Callable
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any, Protocol

__all__ = ["Answering", "Replaced", "replaced"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

Function = Callable[..., Any]

_MISSING = object()
#: What is replaced, by owner and name, or by function: several switches may share one.
_standing: dict[tuple[int, str], Replaced] = {}


class Answering(Protocol):
    """What is called in a function's place, in threads of its own."""

    def is_here(self) -> bool:
        """True if the current thread is one of its own."""

    def answer(self, function: Function, args: Any, kwargs: Any) -> Any:
        """Answer a call of ``function``."""

    async def answer_later(self, function: Function, args: Any, kwargs: Any) -> Any:
        """Answer a call of ``function``, which is a coroutine function."""


class Replaced:
    """A function in whose place the first of ``answering`` is called that is here."""

    def __init__(self, key: tuple[int, str], name: str, original: Function) -> None:
        self.name = name
        self.original = original
        self.answering: list[Answering] = []
        self._key = key

    def add(self, answering: Answering) -> None:
        """Have calls answered; the first time, the function is replaced."""
        if not self.answering:
            self.put()
            _standing[self._key] = self
        self.answering.append(answering)

    def remove(self, answering: Answering) -> None:
        """Undo `add`; the last time, the function is what it was."""
        self.answering.remove(answering)
        if not self.answering:
            del _standing[self._key]
            self.put_back()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Stands for the function."""
        for each in self.answering:
            if each.is_here():
                return each.answer(self.original, args, kwargs)
        return self.original(*args, **kwargs)

    async def call_later(self, *args: Any, **kwargs: Any) -> Any:
        """Stands for a coroutine function."""
        for each in self.answering:
            if each.is_here():
                return await each.answer_later(self.original, args, kwargs)
        return await self.original(*args, **kwargs)

    def put(self) -> None:
        """Replace the function."""
        raise NotImplementedError

    def put_back(self) -> None:
        """Undo `put`."""
        raise NotImplementedError


def replaced(function: Function | str) -> Replaced:
    """What stands for a function, or for what is found under a dotted name.

    Raises ValueError for a name that is not there, and TypeError for what can't be replaced.
    """
    if isinstance(function, MethodType):
        owner, attribute = function.__self__, function.__func__.__name__
        return _attribute(f"{_name_of(owner)}.{attribute}", owner, attribute)
    if isinstance(function, str):
        owner, attribute = _found(function)
        return _attribute(function, owner, attribute)
    if not callable(function):
        raise TypeError(f"outside: {function!r} is neither a function nor a dotted name")
    name = _name_of(function)
    if not isinstance(function, FunctionType):
        raise TypeError(
            f"outside: {name} is no function written in Python, so not everybody who holds it can "
            f"be reached: give its dotted name, as the handler looks it up, such as 'crm.{name}'"
        )
    _check_kind(name, function)
    key = id(function), ""
    return _standing.get(key) or _Code(key, name, function)


def _name_of(thing: object) -> str:
    """A short name: "crm.lookup"."""
    kind = thing if hasattr(thing, "__qualname__") else type(thing)
    name: str = getattr(kind, "__qualname__", "?").rpartition("<locals>.")[2]
    module = getattr(kind, "__module__", None) or ""
    return name if module in ("", "builtins", "__main__") else f"{module}.{name}"


# By name


def _found(name: str) -> tuple[object, str]:
    """The owner of a dotted name, and the attribute there."""
    path, _, attribute = name.rpartition(".")
    if not path or not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(
            f"outside: {name!r} is no dotted name: say where the handler looks the function up, as "
            "in 'crm.lookup' or 'psycopg_pool.ConnectionPool.getconn'"
        )
    try:
        owner = pkgutil.resolve_name(path)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"outside: there is no {name}: {error}") from None
    if not hasattr(owner, attribute):
        close = difflib.get_close_matches(attribute, dir(owner), 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"outside: {path} has no {attribute!r}{hint}")
    return owner, attribute


def _attribute(name: str, owner: object, attribute: str) -> Replaced:
    key = id(owner), attribute
    return _standing.get(key) or _Attribute(key, name, owner, attribute)


class _Attribute(Replaced):
    """An attribute of a module, a class or an object."""

    def __init__(self, key: tuple[int, str], name: str, owner: object, attribute: str) -> None:
        kept = vars(owner) if hasattr(owner, "__dict__") else {}
        self._before = kept.get(attribute, _MISSING)
        self._found = getattr(owner, attribute) if self._before is _MISSING else self._before
        if self._before is _MISSING and isinstance(owner, type):
            self._found = inspect.getattr_static(owner, attribute)  # of a base
        self._owner = owner
        self._attribute = attribute
        self._stand_in: object = None
        original = getattr(self._found, "__func__", self._found)
        if isinstance(self._found, MethodType):
            original = self._found
        _check_kind(name, original)
        super().__init__(key, name, original)

    def put(self) -> None:
        found, original = self._found, self.original
        stand_in: object
        if isinstance(original, FunctionType):

            def passing_on(*args: Any, **kwargs: Any) -> Any:
                return self.call(*args, **kwargs)

            async def passing_on_later(*args: Any, **kwargs: Any) -> Any:
                return await self.call_later(*args, **kwargs)

            stands: Any = passing_on_later if _is_coroutine(original) else passing_on
            # stacks name the function
            stands.__code__ = stands.__code__.replace(co_name=original.__name__)
            function = functools.wraps(original)(stands)
            binds = isinstance(found, (staticmethod, classmethod))
            stand_in = type(found)(function) if binds else function
        else:
            stand_in = _StandIn(self)
        try:
            setattr(self._owner, self._attribute, stand_in)
        except (AttributeError, TypeError) as error:
            raise TypeError(
                f"outside: {self.name} can't be replaced: {error}; name a function of your "
                "own that calls it"
            ) from None
        self._stand_in = stand_in

    def put_back(self) -> None:
        now = inspect.getattr_static(self._owner, self._attribute, None)
        if now is not self._stand_in:
            return  # somebody has replaced it since, and may put back what now only passes calls on
        if self._before is _MISSING:
            delattr(self._owner, self._attribute)
        else:
            setattr(self._owner, self._attribute, self._before)


class _StandIn:
    """Stands for a callable that is no function of Python's, and has its attributes."""

    def __init__(self, replaced: Replaced) -> None:
        self._replaced = replaced

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._replaced.call(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replaced.original, name)


# As they are


class _Code(Replaced):
    """A function written in Python, whose code is exchanged."""

    def __init__(self, key: tuple[int, str], name: str, function: FunctionType) -> None:
        self._function = function
        self._code = function.__code__
        original = FunctionType(
            function.__code__,
            function.__globals__,
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        original.__kwdefaults__ = function.__kwdefaults__
        self._code_meanwhile: CodeType | None = None
        self._tells_signature = "__signature__" not in vars(function)
        super().__init__(key, name, original)

    def put(self) -> None:
        if self._tells_signature:
            vars(self._function)["__signature__"] = inspect.signature(self._function)
        later = _is_coroutine(self._function)
        code = (_passing_on_later if later else _passing_on).__code__
        hook = self.call_later if later else self.call
        constants = tuple(hook if each == _HOOK else each for each in code.co_consts)
        free = self._code.co_freevars  # as many as the function's closure has
        self._code_meanwhile = code.replace(
            co_consts=constants, co_freevars=free, co_name=self._code.co_name
        )
        self._function.__code__ = self._code_meanwhile

    def put_back(self) -> None:
        if self._function.__code__ is self._code_meanwhile:
            self._function.__code__ = self._code
        self._code_meanwhile = None  # it refers to this, and code is not seen by the collector
        if self._tells_signature:
            vars(self._function).pop("__signature__", None)


_HOOK = "what is called instead"


def _passing_on(*args: Any, **kwargs: Any) -> Any:
    hook: Any = "what is called instead"
    return hook(*args, **kwargs)


async def _passing_on_later(*args: Any, **kwargs: Any) -> Any:
    hook: Any = "what is called instead"
    return await hook(*args, **kwargs)


def _is_coroutine(function: Function) -> bool:
    return inspect.iscoroutinefunction(function)


def _check_kind(name: str, function: object) -> None:
    """Raise TypeError for what is not called and then done, as a look-up is."""
    what = ""
    if isinstance(function, type):
        what = "a class: name a method of it, such as __init__"
    elif not callable(function) and not isinstance(function, BuiltinFunctionType):
        what = f"no function, but {type(function).__name__!r}"
    elif inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        what = "a generator, whose steps are calls of their own: name the function that it calls"
    if what:
        raise TypeError(f"outside: {name} is {what}")
