"""Handles signals while `Outbound.start` blocks in the main thread."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Signals"]


class Signals:
    """In its block, SIGTERM and Ctrl-C call ``stop()``, and SIGUSR1 prints ``report()``.

    Only in the main thread, if the system has these signals, and unless the program handles them
    itself. ``stop`` must not wait for a lock: a signal interrupts whatever runs. (It raises no
    KeyboardInterrupt, which could come where nobody catches it.)
    """

    def __init__(self, stop: Callable[[], None], report: Callable[[], str]) -> None:
        self._stop = stop
        self._report = report
        self._before: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGUSR1"):
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

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number in (signal.SIGINT, signal.SIGTERM):
            self._stop()
            return
        # Not by print, which the signal may have interrupted.
        try:
            os.write(2, self._report().encode("utf-8", "replace"))  # standard error
        except OSError:
            pass  # nobody reads it any more
