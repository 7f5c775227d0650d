"""Find the handler in a user's file."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from .callables import fault_of
from .own_simulator import InTheWay, raise_if_hidden_from
from .serving.outbound import Handler, Outbound, on_listen
from .stacks import users_traceback

__all__ = [
    "Handler",
    "LoadError",
    "handler_in",
    "load",
    "load_handler",
    "module_of",
    "no_server",
]


class LoadError(Exception):
    """A file can't be used; the message addresses its author."""


class _Listens(BaseException):
    """A file starts its server while it is imported."""


def load_handler(path: str | Path, name: str | None = None) -> Handler | Outbound:
    """Return the handler that the file ``path`` defines.

    It is the function of one argument, or the `Outbound`, named ``name``; without ``name`` the one
    named `handler`, or else the only function of one argument that the file defines itself. A file
    that starts its server on import, without ``if __name__ == "__main__"``, runs up to there.
    Raises LoadError.
    """
    path = Path(path)
    return handler_in(load(path), path, name)


def handler_in(module: ModuleType, path: Path, name: str | None = None) -> Handler | Outbound:
    """The handler in an imported file, as `load_handler` finds it."""
    if name is None:
        name = "handler" if hasattr(module, "handler") else only_handler(module, path)
    if not hasattr(module, name):
        raise LoadError(f"{path} has no {name!r}; {what_there_is(module)}")
    handler: Any = getattr(module, name)
    if isinstance(handler, Outbound):
        return handler
    if not callable(handler):
        raise LoadError(f"{name} in {path} is not a function, but {brief(handler)}")
    fault = fault_of(handler)
    if fault is not None:
        raise LoadError(f"a handler is called with the session: {name} in {path} {fault}")
    found: Handler = handler
    return found


def module_of(handler: Handler | Outbound) -> ModuleType | None:
    """The imported file that defines a handler; None if it is unknown."""
    function = inspect.unwrap(handler.handler if isinstance(handler, Outbound) else handler)
    names = getattr(function, "__globals__", None)
    if names is None:
        return None
    # not from sys.modules: two files may have been imported under one name
    module = ModuleType(names["__name__"])
    vars(module).update(names)
    return module


def load(path: Path) -> ModuleType:
    """Import a file, with its folder on `sys.path` as for `python FILE`, but not as __main__.

    Raises LoadError.
    """
    if not path.exists():
        raise LoadError(f"there is no file {path}")
    if path.is_dir():
        raise LoadError(f"{path} is a folder; name the file in it that has the handler")
    name = path.stem if path.stem not in sys.modules else f"{path.stem} (a handler's file)"
    try:
        raise_if_hidden_from(path)
    except InTheWay as error:
        raise LoadError(str(error)) from None
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is not a Python file: its name should end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with no_server():
            spec.loader.exec_module(module)
    except SyntaxError as error:
        raise LoadError(f"{path} can't be imported:\n\n{indented(said(error))}") from error
    except (Exception, SystemExit) as error:
        shown = users_traceback(error, path)
        raise LoadError(f"{path} can't be imported:\n\n{indented(shown)}") from error
    return module


@contextlib.contextmanager
def no_server() -> Iterator[None]:
    """End the block where it would start an Outbound."""

    def end(outbound: Outbound) -> None:
        raise _Listens

    on_listen.append(end)
    try:
        yield
    except _Listens:
        pass
    finally:
        on_listen.remove(end)


def only_handler(module: ModuleType, path: Path) -> str:
    names = [name for name, each in own_functions(module).items() if takes_one(each)]
    if len(names) == 1:
        return names[0]
    if names:
        raise LoadError(
            f"{path} has several functions that take one argument, and none is named "
            f"'handler'; choose one with --handler: {', '.join(names)}"
        )
    raise LoadError(f"{path} has no handler, a function of one argument; {what_there_is(module)}")


def own_functions(module: ModuleType) -> dict[str, Callable[..., object]]:
    """The functions that a file defines itself, by name, without imported ones."""
    return {
        name: each
        for name, each in vars(module).items()
        if inspect.isfunction(each) and each.__module__ == module.__name__
    }


def what_there_is(module: ModuleType) -> str:
    names = [f"{name}{signature(each)}" for name, each in own_functions(module).items()]
    return f"it has {', '.join(names)}" if names else "it has no functions"


def takes_one(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(object())
    except TypeError:
        return False
    except ValueError:
        pass  # written in C, without a signature
    return True


def signature(function: Callable[..., object]) -> str:
    """The names of a function's parameters, without their types."""
    try:
        found = inspect.signature(function)
    except ValueError:
        return "(...)"
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in found.parameters.values()]
    return str(inspect.Signature(bare))


def brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())


def said(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error))
