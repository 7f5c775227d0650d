"""Public methods refuse arguments of another type than their annotations say, in a sentence.

A wrong type would show itself far inside otherwise, or only to FreeSWITCH: ``playback(1)``, an
empty text for None, True for a second. `checked` derives the check from the annotations, once, at
a method's first call. Types that only a type checker can import are not checked here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from types import FunctionType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

__all__ = ["checked", "renamed"]

#: Has pytest show the line of the test, not these.
__tracebackhide__ = True

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
CheckedT = TypeVar("CheckedT", bound=Callable[..., Any])

#: A function's attribute: its parameters' old names, and the new ones.
RENAMED = "renamed_parameters"
NUMBER = "a number"
#: Simple types: what is accepted, and what it is called.
SIMPLE: dict[object, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a str"),
    bytes: ((bytes,), "bytes"),
    bytearray: ((bytearray,), "a bytearray"),
    int: ((int,), "a whole number"),
    float: ((float, int), NUMBER),
    bool: ((bool,), "True or False"),
    type(None): ((type(None),), "None"),
}
#: What to write instead of a value of another type where a str is meant.
INSTEAD: tuple[tuple[type, str], ...] = (
    (bool, ""),
    (int, ": put it in quotes"),
    (float, ": put it in quotes"),
    (bytes, ": bytes.decode() makes a str"),
    (os.PathLike, ": str() makes one"),
)


def renamed(**names: str) -> Callable[[FunctionT], FunctionT]:
    """A decorator: old names of parameters, which `checked` refuses with the new ones."""

    def remember(function: FunctionT) -> FunctionT:
        setattr(function, RENAMED, names)
        return function

    return remember


def checked(what: CheckedT) -> CheckedT:
    """A decorator for a function, or for a class: for its public methods."""
    if isinstance(what, FunctionType):
        return _checking(what, is_method=False)  # type: ignore[return-value]
    made: dict[FunctionType, FunctionType] = {}  # one method may have two names
    for name, each in [*vars(what).items()]:
        if isinstance(each, FunctionType) and not name.startswith("_"):
            if each not in made:
                made[each] = _checking(each, is_method=True)
            setattr(what, name, made[each])
    return what


def _checking(function: FunctionType, *, is_method: bool) -> FunctionType:
    """The function with a check before it, under the same name also in a stack."""
    plan: list[_Kinds] = []
    # Types of arguments, with names, that need no further look: plain ones, which recur.
    usual: set[tuple[object, ...]] = set()

    def look(kinds: tuple[object, ...], args: tuple[Any, ...], given: dict[str, Any]) -> None:
        if not plan:
            plan.append(_Kinds(function, first=int(is_method)))
        if plan[0].are_usual(args, given):
            usual.add(kinds)
        else:
            plan[0].check(args, given)

    def check_method(self: Any, /, *args: Any, **given: Any) -> Any:
        kinds: tuple[object, ...] = (*map(type, args),)
        if given:
            kinds = (*kinds, *given, *map(type, given.values()))
        if kinds not in usual:
            look(kinds, args, given)
        return function(self, *args, **given)

    def check_function(*args: Any, **given: Any) -> Any:
        kinds = (*map(type, args), *given, *map(type, given.values()))
        if kinds not in usual:
            look(kinds, args, given)
        return function(*args, **given)

    check = check_method if is_method else check_function
    wraps(function)(check)
    # Tools that look at a stack find the method here, and so do people.
    names = {"co_name": function.__name__}
    if sys.version_info >= (3, 11):  # as profilers and debuggers show it
        names["co_qualname"] = function.__qualname__
    check.__code__ = check.__code__.replace(**names)  # type: ignore[arg-type]
    assert isinstance(check, FunctionType)
    return check


NOTHING: frozenset[type] = frozenset()


class _Kinds:
    """What a function's parameters accept."""

    def __init__(self, function: FunctionType, first: int) -> None:
        code = function.__code__
        count = code.co_argcount + code.co_kwonlyargcount
        names = code.co_varnames[:count]
        self._name = function.__name__
        if self._name == "__init__":
            self._name = function.__qualname__.rpartition(".")[0]
        self._renamed: Mapping[str, str] = getattr(function, RENAMED, {})
        scope = function.__globals__
        kinds = {name: _kind(function.__annotations__.get(name), scope) for name in names[first:]}
        self._all = kinds
        self._positional = names[first : code.co_argcount]
        self._more: _Kind | None = None  # of *args
        if code.co_flags & 0x04:  # as inspect names it, CO_VARARGS
            name = code.co_varnames[count]
            self._more_name = name
            self._more = _kind(function.__annotations__.get(name), scope)
        # The types that need no further look: of the parameters in order, and by name.
        self._quick = [kinds[name].quick for name in self._positional]
        self._by_name = {name: kind.quick for name, kind in kinds.items()}
        if self._more is not None:
            self._quick.append(NOTHING)

    def are_usual(self, args: tuple[Any, ...], given: dict[str, Any]) -> bool:
        """True for arguments of types that need no further look, whatever their values."""
        for value, quick in zip(args, self._quick, strict=False):
            if type(value) not in quick:
                return False
        if not given:
            return True
        by_name = self._by_name
        return all(type(given[name]) in by_name.get(name, NOTHING) for name in given)

    def check(self, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        """Raise TypeError for the first argument that is not what is meant."""
        for name in given:
            if name in self._renamed and name not in self._all:
                raise TypeError(f"{self._name}: {name} is named {self._renamed[name]} now")
        named = [*zip(self._positional, args, strict=False)]
        for name, value in (*named, *given.items()):
            kind = self._all.get(name)
            if kind is not None:
                kind.check(f"{self._name}: {name}", value)
        if self._more is not None:
            for value in args[len(self._positional) :]:
                self._more.check(f"{self._name}: {self._more_name}", value)


class _Kind:
    """What one parameter accepts."""

    def __init__(self, annotation: object) -> None:
        self._types: list[type] = []
        self._words: list[str] = []
        #: What an element must be, and the names of a mapping's.
        self._many: _Kind | None = None
        self._values: _Kind | None = None
        self._other = False  # anything, or what is not checked here
        for each in _alternatives(annotation):
            self._add(each)
        if {*self._types} <= {Callable, type(None)}:
            self._other = True  # whoever takes a function knows more about it: see callables
        self._bool = bool in self._types or self._other
        #: Types that are accepted without a further look.
        quick = [each for each in self._types if each is not bool or self._bool]
        self.quick = frozenset(each for each in quick if each in SIMPLE)

    def _add(self, annotation: Any) -> None:
        if annotation in SIMPLE:
            types, words = SIMPLE[annotation]
            self._types += types
            self._words.append(words)
            return
        origin = get_origin(annotation) or annotation
        if origin is Literal:
            self._types.append(str)
            self._words.append(" or ".join(map(repr, get_args(annotation))))
        elif origin is Callable:
            self._types.append(Callable)
            self._words.append("a function")
        elif origin in (Any, object, type) or not _is_checked(origin):
            self._other = True
        elif issubclass(origin, Mapping):
            self._types.append(origin)
            self._words.append("a mapping")
            _, values = get_args(annotation) or (None, Any)
            self._values = _Kind(values)
        elif issubclass(origin, os.PathLike):
            self._types.append(os.PathLike)
            self._words.append("a path")
        elif origin.__module__ == "collections.abc" and hasattr(origin, "__iter__"):
            self._types.append(origin)
            self._words.append("a list")
            self._many = _Kind((get_args(annotation) or (Any,))[0])
        else:
            self._types.append(origin)
            self._words.append(_with_article(origin.__name__))

    def check(self, what: str, value: object) -> None:
        if self._other:
            return
        kind = type(value)
        is_text = issubclass(kind, (str, bytes, bytearray))
        for each in self._types:
            if not isinstance(value, each) or (kind is bool and not self._bool):
                continue
            if is_text and not issubclass(each, (str, bytes, bytearray)):
                continue  # a sequence, too, but of characters
            if isinstance(value, Mapping):
                if self._values is not None:
                    for name, one in value.items():
                        if not isinstance(name, str):
                            raise TypeError(f"{what}: a name must be a str, not {_shown(name)}")
                        self._values.check(f"{what}: {name}", one)
            elif self._many is not None and isinstance(value, Collection) and not is_text:
                for one in value:
                    self._many.check(f"{what}: each", one)
            return
        raise TypeError(
            f"{what} must be {self._in_words()}, not {_shown(value)}{self._hint(value)}"
        )

    def _in_words(self) -> str:
        is_seconds = str not in self._types  # as any number in a public method
        *first, last = [
            f"{each} of seconds" if is_seconds and each == NUMBER else each for each in self._words
        ]
        return f"{', '.join(first)} or {last}" if first else last

    def _hint(self, value: object) -> str:
        if self._many is not None and isinstance(value, str):
            return ": put it in brackets"
        if str not in self._types:
            return ""
        return next((hint for kind, hint in INSTEAD if isinstance(value, kind)), "")


def _is_checked(origin: object) -> bool:
    """True for a class whose instances are told apart here: no protocol, no pair or the like."""
    is_class = isinstance(origin, type) and not getattr(origin, "_is_protocol", False)
    return is_class and not issubclass(origin, tuple)  # type: ignore[arg-type]


def _kind(annotation: object, scope: dict[str, Any]) -> _Kind:
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, scope)
        except NameError:  # imported for type checkers only
            annotation = Any
    return _Kind(Any if annotation is None else annotation)


def _alternatives(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _alternatives(each)
    else:
        yield annotation


def _shown(value: object) -> str:
    """What came, without the value itself, which may be secret."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else type(value).__name__


def _with_article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIO' else 'a'} {name}"
