"""Functions of a program's that run as its server starts and after it has stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakSet

from .. import forks
from ..callables import check_function
from ..logs import logger

__all__ = ["HookT", "Hooks", "end_all"]

HookT = TypeVar("HookT", bound=Callable[[], Any])

#: Those that have begun and not ended.
BEGUN: WeakSet[Hooks] = WeakSet()


class Hooks:
    """The functions of one `Outbound`."""

    def __init__(self) -> None:
        self._on_start: list[Callable[[], Any]] = []
        self._on_stop: list[Callable[[], Any]] = []
        self.begins = False  #: True while the functions of on_start run
        self.ends = False  #: True while those of on_stop do
        self._to_end = threading.Lock()  # held by none while there is something to end
        self._to_end.acquire()

    def copy(self) -> Hooks:
        """The same functions, for another server."""
        other = Hooks()
        other._on_start += self._on_start
        other._on_stop += self._on_stop
        return other

    def on_start(self, function: HookT) -> HookT:
        """Add a function: see `Outbound.on_start`."""
        check_function("a function for on_start", function, 0)
        self._on_start.append(function)
        return function

    def on_stop(self, function: HookT) -> HookT:
        """Add a function: see `Outbound.on_stop`."""
        check_function("a function for on_stop", function, 0)
        self._on_stop.append(function)
        return function

    def begin(self) -> None:
        """Call the functions of on_start. Raises what one raises; then `end` is due, too."""
        BEGUN.add(self)
        forks.register(self)
        self._to_end.release()
        self.begins = True
        try:
            for function in self._on_start:
                function()
        finally:
            self.begins = False

    def end(self) -> None:
        """Call the functions of on_stop, the last one first, once; log what they raise.

        Raises KeyboardInterrupt or SystemExit, in the end, if one did.
        """
        if not self._to_end.acquire(blocking=False):
            return
        BEGUN.discard(self)
        left = self._on_stop[:]
        interrupted: BaseException | None = None
        while left:
            try:
                self.ends = True
                left.pop()()
            except BaseException as error:
                self.ends = False
                logger.exception("a function of on_stop has failed")
                if not isinstance(error, Exception):
                    interrupted = error
        self.ends = False
        if interrupted is not None:
            raise interrupted

    def let_go(self) -> None:
        """In a forked child: the functions are its parent's to call."""
        self._to_end.acquire(blocking=False)
        BEGUN.discard(self)


def end_all() -> None:
    """At the program's end, end what nobody has: `stop` was called in a handler only, say."""
    for hooks in list(BEGUN):
        hooks.end()
