"""Handles signals while `Outbound.start` blocks in the main thread."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["handling_signals"]


@contextmanager
def handling_signals(report: Callable[[], str]) -> Iterator[None]:
    """Have SIGTERM interrupt as Ctrl-C does, and SIGUSR1 print ``report()`` to standard error.

    Only in the main thread, if the system has these signals, and unless the program handles them
    itself.
    """

    def tell(number: int, frame: FrameType | None) -> None:
        # Not by print, which the signal may have interrupted.
        try:
            os.write(2, report().encode("utf-8", "replace"))
        except OSError:
            pass  # nobody reads standard error any more

    replaced: dict[signal.Signals, Any] = {}
    wanted: dict[str, Callable[[int, FrameType | None], Any]] = {
        "SIGTERM": signal.default_int_handler,
        "SIGUSR1": tell,
    }
    if threading.current_thread() is threading.main_thread():
        for name, handler in wanted.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                replaced[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in replaced.items():
            signal.signal(number, before)
