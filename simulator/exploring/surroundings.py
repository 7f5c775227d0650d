"""The surroundings of an explored call: quiet, the same for each call, and without a way out."""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["Abandoned", "Exits", "errors_kept", "no_exit", "same_randomness"]


class Abandoned(BaseException):
    """Ends a handler that would not end otherwise."""


class Exits(BaseException):
    """The handler would end its process."""


class _Keeper(logging.Handler):
    """Keeps records in a list."""

    def __init__(self, kept: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(record)


@contextmanager
def errors_kept() -> Iterator[list[logging.LogRecord]]:
    """Collect the errors that the library logs, instead of showing them."""
    logger = logging.getLogger("eslsync")
    kept: list[logging.LogRecord] = []
    handlers, level, propagate = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [_Keeper(kept)], False
    logger.setLevel(logging.ERROR)
    try:
        yield kept
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@contextmanager
def same_randomness() -> Iterator[None]:
    """Begin the module `random` anew, so that each call takes the same course."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def no_exit() -> Iterator[None]:
    """Let ``os._exit`` raise, except in a worker process, which will be missed."""
    if multiprocessing.parent_process() is not None:
        yield
        return
    process, leave = os.getpid(), os._exit

    def exits(status: int) -> NoReturn:
        if os.getpid() == process:
            raise Exits(f"os._exit({status}) ends the whole server, with all its calls")
        leave(status)

    os._exit = exits
    try:
        yield
    finally:
        os._exit = leave
