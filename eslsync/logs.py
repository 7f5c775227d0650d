"""The library's logger, for the threads that serve calls, and for each call's own.

A program's logging filters and handlers run in the thread that logs, and `logging` passes on what
a filter raises. A server must survive that, also while it stops; and a call must not lose its
handler, or what its end calls.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

__all__ = ["Unfailing", "logger"]

if TYPE_CHECKING:
    Adapter = logging.LoggerAdapter[logging.Logger]
else:  # no generic class on Python 3.10
    Adapter = logging.LoggerAdapter


class Unfailing(Adapter):
    """Prints what a program's filters and handlers raise, as `logging` does for most handlers."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        try:
            if self.isEnabledFor(level):
                msg, given = self.process(msg, kwargs)
                given["stacklevel"] = given.get("stacklevel", 1) + 1  # the caller's line
                self.logger.log(level, msg, *args, **given)
        except BaseException:
            if threading.current_thread() is threading.main_thread():
                raise  # perhaps by a signal handler
            if logging.raiseExceptions and sys.stderr:
                with suppress(Exception):
                    traceback.print_exc()


logger = Unfailing(logging.getLogger("eslsync"), {})
