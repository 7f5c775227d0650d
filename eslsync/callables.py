"""Checks the functions that users pass: handlers, callbacks, conditions.

A function that Python calls without running its body (``async def``, or one with ``yield``) would
be accepted in silence otherwise: the call of an ``async def`` handler is answered by nobody, and
an ``async def`` condition is true of everything.
"""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType

__all__ = ["check_function", "check_returned", "fault_of"]

# The flags of a code object, as inspect names them; loading inspect takes longer than eslsync.
CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200
UNUSUAL = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR

#: The maximum number of characters shown of an object that is no function.
MAX_SHOWN = 60


def check_function(
    what: str, function: object, arguments: int = 1, *, may_yield: bool = False
) -> None:
    """Raise TypeError unless ``function`` runs when it is called with so many arguments."""
    fault = fault_of(function, arguments, may_yield=may_yield)
    if fault is not None:
        kind = "function or generator function" if may_yield else "function"
        plain = f"a plain {kind} of {how_many(arguments)}"
        raise TypeError(f"{what} must be {plain}: {named(function)} {fault}")


def fault_of(function: object, arguments: int = 1, *, may_yield: bool = False) -> str | None:
    """Why a call of ``function`` with so many arguments would run nothing; None if it is sound.

    With ``may_yield``, whoever calls it iterates over what a generator function returns. Written
    to follow the function's name. A function that only returns a coroutine looks like any other:
    see `check_returned`.
    """
    is_bound = isinstance(function, MethodType)
    plain = function.__func__ if isinstance(function, MethodType) else function
    if type(plain) is FunctionType:
        code = plain.__code__
        usual = not code.co_flags & UNUSUAL and not code.co_kwonlyargcount
        if usual and code.co_argcount == arguments + is_bound:
            return None
    return _fault_of_others(function, arguments, may_yield)


def _fault_of_others(function: object, arguments: int, may_yield: bool) -> str | None:
    import inspect

    if not callable(function):
        return "is not a function"
    bare: object = function
    while isinstance(bare, partial):
        bare = bare.func
    if isinstance(bare, type) and any("__call__" in vars(each) for each in bare.__mro__):
        return "is a class whose instances are called: pass an instance of it"
    for each in (bare, inspect.getattr_static(type(bare), "__call__", None)):
        if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
            return "is an async function, which nobody awaits: write `def`, and leave out `await`"
        if inspect.isgeneratorfunction(each) and not may_yield:
            return "is a generator function, which nobody iterates: leave out `yield`"
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None  # written in C, without a signature
    try:
        signature.bind(*range(arguments))
    except TypeError:
        bare_ones = [
            each.replace(annotation=inspect.Parameter.empty)
            for each in signature.parameters.values()
        ]
        return f"takes {inspect.Signature(bare_ones)} instead"
    return None


def check_returned(what: str, result: object) -> None:
    """Raise TypeError if a function has only returned what somebody else should have run."""
    if result is None:
        return
    kind = type(result)
    if hasattr(kind, "__await__") or (hasattr(kind, "send") and hasattr(kind, "throw")):
        close = getattr(result, "close", None)
        if close is not None:
            close()  # so that Python doesn't warn that it was never awaited
        raise TypeError(
            f"{what} returned {shown(result)}, which nobody runs: a function that is called here "
            "is a plain one, without async or yield"
        )


def how_many(arguments: int) -> str:
    return "one argument" if arguments == 1 else f"{arguments} arguments"


def named(function: object) -> str:
    """A function's name, or what it is otherwise."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    return name if isinstance(name, str) else shown(function)


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
