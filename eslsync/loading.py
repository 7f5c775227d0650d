"""Find the handler that a user names: by a file or a module, and a name in it."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from .callables import fault_of
from .importing import LoadError, cut_short, indented, is_file, load, no_server, submodules
from .serving.outbound import Handler, Outbound
from .stacks import parsed, summary_of, users_traceback

__all__ = [
    "AppName",
    "Handler",
    "LoadError",
    "handler_in",
    "load",
    "load_handler",
    "module_of",
    "no_server",
]

#: ``PLACE:NAME``; neither HOST:PORT, nor a path that begins with a drive.
NAMED = re.compile(r"(?P<where>.+?):(?P<name>[^\W\d].*)", re.DOTALL)


class AppName(NamedTuple):
    """What a user calls an app by: ``ivr.py``, ``office.app``, ``office.app:make_app()``."""

    where: str  #: a file or a module
    name: str | None = None  #: there; None: found as by `load_handler`

    @classmethod
    def of(cls, app: str | Path, name: str | None = None, *, base: str | Path = "") -> AppName:
        """Split ``PLACE:NAME``; ``name`` may be given apart, and files be relative to ``base``.

        Raises LoadError for two names, and for none.
        """
        where = os.fspath(app)
        if not where:
            raise LoadError("name the file or the module that has the handler, not ''")
        named = None if os.path.exists(os.path.join(base, where)) else NAMED.fullmatch(where)
        if named is not None:
            if name is not None:
                raise LoadError(f"{app} names {named['name']} already, so leave {name} out")
            where, name = named["where"], named["name"]
        return cls(os.path.join(base, where) if is_file(where, base) else where, name)

    def __str__(self) -> str:
        return self.where if self.name is None else f"{self.where}:{self.name}"

    @property
    def is_file(self) -> bool:
        """True if it is in a file, False if in a module."""
        return is_file(self.where)

    def beside(self, folder: Path | None) -> AppName:
        """The same, as a script in that folder names it (None: the current one)."""
        if not self.is_file:
            return self
        return self._replace(where=os.path.relpath(self.where, folder or Path()))

    def load(self) -> ModuleType:
        """Import its file or module, as `importing.load` does."""
        return load(self.where)

    def handler_in(self, module: ModuleType) -> Handler | Outbound:
        """The handler in the imported file or module; a factory is called."""
        return handler_in(module, self.where, self.name)


def load_handler(app: str | Path, name: str | None = None) -> Handler | Outbound:
    """Return the handler that ``app`` names: a file or a module, and perhaps ``:NAME``.

    It is the function of one argument, or the `Outbound`, of that ``name``. A name may also be the
    call of a factory, such as ``make_app()`` or ``make_app("de")``, which returns either. Without a
    name it is the one named `handler`, or else the only function of one argument that the file
    defines itself. A file that starts its server on import, without ``if __name__ == "__main__"``,
    runs up to there. Raises LoadError.
    """
    named = AppName.of(app, name)
    return named.handler_in(named.load())


def handler_in(
    module: ModuleType, where: str | Path, name: str | None = None
) -> Handler | Outbound:
    """The handler in an imported file or module ``where``, as `load_handler` finds it."""
    if name is None:
        name = "handler" if hasattr(module, "handler") else only_handler(module, where)
    handler = named_in(module, where, name)
    if isinstance(handler, Outbound):
        return handler
    if not callable(handler):
        raise LoadError(f"{name} in {where} is not a function, but {brief(handler)}")
    fault = fault_of(handler)
    if fault is not None:
        if fault_of(handler, 0) is None:
            fault += f"; if it makes the handler, write {name}()"
        raise LoadError(f"a handler is called with the session: {name} in {where} {fault}")
    found: Handler = handler
    return found


def named_in(module: ModuleType, where: str | Path, name: str) -> Any:
    """The value of a name, or what the call of a factory returns."""
    function, arguments, options = (name, None, {}) if name.isidentifier() else call_in(name)
    if not hasattr(module, function):
        raise LoadError(f"{where} has no {function!r}; {what_there_is(module)}")
    value = getattr(module, function)
    if arguments is None:
        return value
    if not callable(value):
        raise LoadError(f"{function} in {where} can't be called: it is {brief(value)}")
    made = None
    try:
        with no_server():
            made = value(*arguments, **options)
    except (Exception, SystemExit) as error:
        said = f" {summary_of(error)}"
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            said = f"\n\n{indented(users_traceback(error, module.__file__ or ''))}"
        raise LoadError(f"{name} in {where} failed:{said}") from error
    if made is None:
        raise LoadError(f"{name} in {where} returned nothing; return the handler or the Outbound")
    return made


def call_in(name: str) -> tuple[str, list[Any] | None, dict[str, Any]]:
    """The function and the arguments in the call of a factory."""
    import ast  # it takes longer to load than all of eslsync

    try:
        [statement] = parsed(name).body
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            options = {each.arg: ast.literal_eval(each.value) for each in call.keywords if each.arg}
            if len(options) == len(call.keywords):
                return call.func.id, [ast.literal_eval(each) for each in call.args], options
    except (SyntaxError, ValueError):
        pass
    raise LoadError(
        f"{name} is neither a name nor the call of a factory with plain values: write NAME, "
        'NAME() or NAME("text", limit=5)'
    )


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


def only_handler(module: ModuleType, where: str | Path) -> str:
    names = [name for name, each in own_functions(module).items() if takes_one(each)]
    if len(names) == 1:
        return names[0]
    if names:
        raise LoadError(
            f"{where} has several functions that take one argument, and none is named "
            f"'handler'; choose one with --handler: {', '.join(names)}"
        )
    raise LoadError(f"{where} has no handler, a function of one argument; {what_there_is(module)}")


def own_functions(module: ModuleType) -> dict[str, Callable[..., object]]:
    """The functions that a file defines itself, by name, without imported ones."""
    return {
        name: each
        for name, each in vars(module).items()
        if inspect.isfunction(each) and each.__module__ == module.__name__
    }


def what_there_is(module: ModuleType) -> str:
    """Its functions, servers and modules, in words."""
    names = [f"{name}{signature(each)}" for name, each in own_functions(module).items()]
    said = f"it has {', '.join(names)}" if names else "it has no functions"
    servers = [name for name, each in vars(module).items() if isinstance(each, Outbound)]
    if servers:
        said += f"; the Outbound {', '.join(servers)}"
    if hasattr(module, "__path__"):
        said += f"; the modules {cut_short(submodules(module.__path__))}"
    return said


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
