"""The explored handler, as each process loads it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from eslsync import Outbound
from eslsync.callables import check_function
from eslsync.importing import package_of
from eslsync.loading import AppName, Handler, LoadError, no_server
from eslsync.stacks import parsed

from .kept_state import keeps_elsewhere, state_of
from .probes import Ran, probed, probing
from .source import HandlerSource
from .trees import Tree
from .whereabouts import count_as_own

__all__ = ["Explored"]


@dataclass
class Explored:
    """A handler: a function, or one that a file or a module defines.

    A file is run again for each call, so that its globals start anew. A function keeps its state
    from call to call.
    """

    app: Handler | Outbound | None  #: None until it is loaded by its name
    named: AppName | None = None
    #: What has run of the handler's own file.
    ran: Ran = field(default_factory=Ran, repr=False)
    _code: CodeType | None = field(default=None, repr=False)
    _module: ModuleType | None = field(default=None, repr=False)
    _keeps_elsewhere: bool = field(default=True, repr=False)
    #: What the last call was made with, and its state before; None if that can't be known.
    _latest: ModuleType | None = field(default=None, repr=False)
    _state: object | None = field(default=None, repr=False)

    def prepare(self) -> None:
        """Load it. Raises LoadError, and TypeError for a function that is no handler."""
        if self.named is not None:
            if self._code is not None:
                return
            self._module = self.named.load()
            self.app = self.named.handler_in(self._module)
            source = _source_of(self._module, self.named)
            self._code = probed(source, str(self.file))
            self._keeps_elsewhere = keeps_elsewhere(Tree(parsed(source)))
        elif not isinstance(self.app, Outbound):
            check_function("a handler", self.app)
        with suppress(TypeError):  # an object, or written in C
            count_as_own(_folder_of(Path(inspect.getfile(self.function()))))

    @property
    def portable(self) -> bool:
        """True if another process can load it."""
        return self.named is not None

    @property
    def file(self) -> Path | None:
        """The file that was loaded for it; None for a function."""
        found = None if self._module is None else self._module.__file__
        return None if found is None else Path(found)

    @property
    def folder(self) -> Path | None:
        """The folder of its code, or of the package that this is in; None for code in C."""
        if self.file is not None:
            return _folder_of(self.file)
        with suppress(TypeError):  # an object, or written in C
            return _folder_of(Path(inspect.getfile(self.function())))
        return None

    def __getstate__(self) -> dict[str, object]:
        names = "_code _module _latest _state".split()
        nothing = dict.fromkeys(names)
        return {"app": None, "named": self.named, "ran": Ran(), "_keeps_elsewhere": True, **nothing}

    def fresh(self) -> Handler | Outbound:
        """The handler for one call."""
        if self.named is None:
            assert self.app is not None
            return self.app
        self.prepare()
        assert self._module is not None
        assert self._code is not None
        module = ModuleType(self._module.__name__)
        for name in ("__file__", "__spec__", "__loader__", "__package__", "__path__"):
            if hasattr(self._module, name):
                setattr(module, name, getattr(self._module, name))
        vars(module).update(self.ran.probes)
        _import_as(module)
        with no_server():
            exec(self._code, vars(module))
        self._latest = module
        self._state = None if self._keeps_elsewhere else state_of(module)
        return self.named.handler_in(module)

    def keeps(self) -> bool:
        """True if the last call may have changed what later ones meet in the same process."""
        if self._state is None or self._latest is None:
            return True
        return state_of(self._latest) != self._state

    def lasting(self) -> Callable[[], Handler | Outbound]:
        """The same handler for all calls, which keeps its state."""
        app = self.fresh()
        module = None if self._module is None else sys.modules[self._module.__name__]

        def again() -> Handler | Outbound:
            if module is not None:
                _import_as(module)  # others have been loaded meanwhile
            return app

        return again

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Note what runs of a handler whose file is not loaded anew for each call, too."""
        function = self.function()
        if isinstance(function, FunctionType) and not self.is_loaded_anew:
            with probing(function, self.ran):
                yield
        else:
            yield

    @property
    def is_loaded_anew(self) -> bool:
        """True if each call gets functions of its own."""
        module = getattr(self._module, "__name__", None)
        return self.named is not None and self.function().__module__ == module

    def function(self) -> Callable[..., object]:
        """The function itself."""
        if self.app is None:
            self.prepare()
        assert self.app is not None
        handler = self.app.handler if isinstance(self.app, Outbound) else self.app
        function: Callable[..., object] = inspect.unwrap(handler)
        return function

    def source(self) -> HandlerSource:
        return HandlerSource.of(self.function())

    def title(self) -> str:
        if self.named is not None:
            return Path(self.named.where).name
        return getattr(self.function(), "__name__", "handler")


def _import_as(module: ModuleType) -> None:
    """Have a module be the one that is imported under its name."""
    sys.modules[module.__name__] = module
    package, _, last = module.__name__.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], last, module)


def _source_of(module: ModuleType, named: AppName) -> str:
    spec = module.__spec__
    get_source = getattr(spec.loader if spec else None, "get_source", None)
    source = None if get_source is None or spec is None else get_source(spec.name)
    if not isinstance(source, str):
        raise LoadError(f"{named.where} ({module.__file__}) has no source code to explore")
    return source


def _folder_of(file: Path) -> Path:
    """The folder of a file, or of the outermost package that it is in."""
    root, name = package_of(file)
    return root / name.partition(".")[0] if "." in name else root
