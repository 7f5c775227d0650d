"""How libraries say that a back end isn't there, or takes too long.

Whoever calls `requests` catches its exceptions, not Python's own. So what a call of ``crm.lookup``
fails with is looked for in the package that the function belongs to, and in those that it uses.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from eslsync.numbers import is_number

__all__ = ["not_there", "timeout_of", "too_late"]

#: The names of exceptions for a back end that isn't there: of httpx; drivers of databases; requests
#: and redis; urllib; psycopg's pool; subprocess.
NOT_THERE = (
    "ConnectError",
    "OperationalError",
    "ConnectionError",
    "URLError",
    "PoolTimeout",
    "SubprocessError",
)
#: And for one that takes too long: of httpx and requests; psycopg's pool; subprocess; redis.
TOO_LATE = ("ReadTimeout", "PoolTimeout", "TimeoutExpired", "TimeoutError", *NOT_THERE)


def not_there(name: str, function: Callable[..., Any]) -> Exception:
    """What a call of a function raises if its back end isn't there."""
    message = f"{name} failed on purpose"
    for kind in _exceptions(name, function, NOT_THERE):
        try:
            return kind(message)
        except TypeError:
            continue  # it is made of something else
    return ConnectionError(message)


def too_late(name: str, function: Callable[..., Any], seconds: float) -> Exception:
    """What a call of a function raises once its ``timeout=`` has passed."""
    message = f"{name} timed out after {seconds:g} s"
    for kind in _exceptions(name, function, TOO_LATE):
        for made_of in ((message,), (name, seconds)):  # as subprocess.TimeoutExpired
            try:
                return kind(*made_of)
            except TypeError:
                continue
    return TimeoutError(message)


def timeout_of(function: Callable[..., Any], args: Any, kwargs: Any) -> float | None:
    """The seconds in the ``timeout`` of a call, or of its function; None if there are none."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return None
    bound.apply_defaults()
    given = bound.arguments.get("timeout", kwargs.get("timeout"))
    if isinstance(given, tuple) and given:  # of requests: to connect, and to read
        given = given[-1]
    given = getattr(given, "read", given)  # of httpx
    return given if is_number(given) else None


def _exceptions(
    name: str, function: Callable[..., Any], names: tuple[str, ...]
) -> Iterator[type[Exception]]:
    for module in _modules(name, function):
        for each in names:
            kind = vars(module).get(each)
            if isinstance(kind, type) and issubclass(kind, Exception):
                yield kind


def _modules(name: str, function: Callable[..., Any]) -> Iterator[ModuleType]:
    """The packages that a function belongs to, and the modules that it uses."""
    of = getattr(function, "__module__", None) or ""
    for module in dict.fromkeys([name.partition(".")[0], of.partition(".")[0], of]):
        if module in sys.modules:
            yield sys.modules[module]
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        return
    for used in function.__code__.co_names:
        value = function.__globals__.get(used)
        if isinstance(value, ModuleType):
            yield value
