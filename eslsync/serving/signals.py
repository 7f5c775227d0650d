"""What a server's process does on signals, while `Outbound.start` blocks in its main thread."""

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
    """SIGTERM interrupts as Ctrl-C does, and SIGUSR1 prints ``report()`` to standard error.

    Only in the main thread, where the system has them, and where the program has not its own
    idea of what they mean.
    """

    def tell(number: int, frame: FrameType | None) -> None:
        # Not by print: the program may be interrupted in a print of its own.
        try:
            os.write(2, report().encode("utf-8", "replace"))
        except OSError:
            pass  # nobody reads it any more

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
