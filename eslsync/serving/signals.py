"""Handles signals while `Outbound.start` blocks in the main thread."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..logs import logger

__all__ = ["Signals"]

#: Those that stop the server.
STOPS = ("SIGINT", "SIGTERM")
#: Those that have other servers load their code anew.
RELOADS = ("SIGHUP", "SIGUSR2")
#: Those that are handled. SIGQUIT (Ctrl-\\) is not: it ends a process that can't be stopped.
NAMES = (*STOPS, "SIGUSR1", *RELOADS)
#: The descriptors that a program in a terminal has it on.
STANDARD = (0, 1, 2)


class Signals:
    """In its block, SIGTERM and Ctrl-C call ``stop()``, and SIGUSR1 prints ``report()``.

    With ``logs_report``, `say` logs the report, as one record, and it is not printed.

    SIGHUP calls ``stop()`` if the terminal has closed. Otherwise, and at SIGUSR2, `say` logs that
    nothing was done: by default these would end the program and its calls without a word.

    Only in the main thread, if the system has these signals, and unless the program handles or
    ignores them (`nohup`). ``stop`` must not wait for a lock: a signal interrupts whatever runs.
    (It raises no KeyboardInterrupt, which could come where nobody catches it.)
    """

    def __init__(
        self, stop: Callable[[], None], report: Callable[[], str], *, logs_report: bool = False
    ) -> None:
        self._stop = stop
        self._report = report
        self._logs_report = logs_report
        self._to_say: deque[tuple[int, str]] = deque()  # at which level
        self._had_terminal = has_terminal()
        self._before: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for name in NAMES:
                number = getattr(signal, name, None)
                handler = None if number is None else signal.getsignal(number)
                if number and handler in (signal.SIG_DFL, signal.default_int_handler):
                    self._before[number] = handler

    def __enter__(self) -> None:
        for number in self._before:
            signal.signal(number, self._handle)

    def __exit__(self, *error: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Handle no more signals. May be repeated, if another signal's handler interrupted it."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def say(self) -> None:
        """Log what has come. (Not as it comes: the signal may have interrupted a log handler.)"""
        while self._to_say:
            logger.log(*self._to_say.popleft())

    def _handle(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if name in STOPS:
            self._stop()
        elif name == "SIGHUP" and self._had_terminal and not has_terminal():
            self._to_say.append((logging.WARNING, "the terminal has closed"))
            self._stop()
        elif name in RELOADS:
            said = (
                f"{name} changes nothing: this process can't load its code anew. Restart it while "
                "systemd keeps its socket, or run it under gunicorn, which reloads at SIGHUP "
                "(docs/guides/production.md)"
            )
            self._to_say.append((logging.WARNING, said))
        elif self._logs_report:
            self._to_say.append((logging.INFO, self._report().rstrip()))
        else:
            # Not by print, which the signal may have interrupted.
            try:
                os.write(2, self._report().encode("utf-8", "replace"))  # standard error
            except OSError:
                pass  # nobody reads it any more


def has_terminal() -> bool:
    """True if a terminal is open for this program; False once it has closed."""
    return any(os.isatty(each) for each in STANDARD)
