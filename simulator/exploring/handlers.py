"""The explored handler, as each process loads it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from eslsync import Outbound
from eslsync.callables import check_function
from eslsync.loading import Handler, handler_in, load, no_server

from .probes import Ran, probed, probing
from .source import HandlerSource

__all__ = ["Explored"]


@dataclass
class Explored:
    """A handler: a function, or one that a file defines.

    A file is run again for each call, so that its globals start anew. A function keeps its state
    from call to call.
    """

    app: Handler | Outbound | None
    file: Path | None = None
    name: str | None = None
    #: What has run of the handler's own file.
    ran: Ran = field(default_factory=Ran, repr=False)
    _code: CodeType | None = field(default=None, repr=False)
    _module: ModuleType | None = field(default=None, repr=False)

    def prepare(self) -> None:
        """Load it. Raises LoadError, and TypeError for a function that is no handler."""
        if self.app is not None and not isinstance(self.app, Outbound):
            check_function("a handler", self.app)
        if self.file is not None and self._code is None:
            self._module = load(self.file)
            handler_in(self._module, self.file, self.name)
            loader = SourceFileLoader(self._module.__name__, str(self.file))
            source = loader.get_source(self._module.__name__)
            self._code = probed(source or "", str(self.file))

    @property
    def portable(self) -> bool:
        """True if another process can load it."""
        return self.file is not None

    def __getstate__(self) -> dict[str, object]:
        return {
            "app": None, "file": self.file, "name": self.name, "ran": Ran(), "_code": None,
            "_module": None,
        }  # fmt: skip

    def fresh(self) -> Handler | Outbound:
        """The handler for one call."""
        if self.file is None:
            assert self.app is not None
            return self.app
        self.prepare()
        assert self._module is not None
        assert self._code is not None
        module = ModuleType(self._module.__name__)
        for name in ("__file__", "__spec__", "__loader__", "__package__"):
            setattr(module, name, getattr(self._module, name, None))
        vars(module).update(self.ran.probes)
        sys.modules[module.__name__] = module
        with no_server():
            exec(self._code, vars(module))
        return handler_in(module, self.file, self.name)

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
        return self.file is not None and self.function().__module__ == module

    def function(self) -> Callable[..., object]:
        """The function itself."""
        if self.file is not None:
            self.prepare()
            assert self._module is not None
            app = handler_in(self._module, self.file, self.name)
        else:
            assert self.app is not None
            app = self.app
        handler = app.handler if isinstance(app, Outbound) else app
        function: Callable[..., object] = inspect.unwrap(handler)
        return function

    def source(self) -> HandlerSource:
        return HandlerSource.of(self.function())

    def title(self) -> str:
        if self.file is not None:
            return self.file.name
        return getattr(self.function(), "__name__", "handler")
