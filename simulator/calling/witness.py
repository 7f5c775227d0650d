"""What goes wrong beside a handler: an exception in a thread that it started, an error it logs."""

from __future__ import annotations

import logging
import threading
from typing import Any

from eslsync import Hangup, Transferred
from eslsync.replaced import unreplaced
from eslsync.stacks import is_ours

from .apps import Apps
from .other_legs import OtherLegs

__all__ = ["Witness"]


class Witness:
    """Between `start` and `stop`, notes exceptions of threads and logged errors in their calls.

    An exception of a thread fails the call, except Hangup and Transferred, with which any thread
    may end. An error that a handler logs is only told: it may be the right thing to do.
    """

    def __init__(self, legs: OtherLegs, apps: Apps) -> None:
        self._legs = legs
        self._apps = apps
        self._hook = threading.excepthook
        self._make = logging.getLogRecordFactory()

    def start(self) -> None:
        self._hook, threading.excepthook = threading.excepthook, self._raised
        self._make = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)

    def stop(self) -> None:
        # somebody else may have replaced them meanwhile, and calls these
        if threading.excepthook == self._raised:
            threading.excepthook = self._hook
        if logging.getLogRecordFactory() == self._record:
            logging.setLogRecordFactory(self._make)

    def _raised(self, args: threading.ExceptHookArgs, /) -> None:
        error = None if args.exc_value is None else unreplaced(args.exc_value)
        if error is None or isinstance(error, (Hangup, Transferred, SystemExit)):
            self._hook(args)
            return
        line = self._legs.owner(None)  # a thread does not know who started it
        name = args.thread.name if args.thread is not None else "a thread"
        if line is not None:
            line.note("app", f"{name} raises {type(error).__name__}: {error}".rstrip(": "))
            line.in_thread = line.in_thread or error
        self._apps.fail(error)

    def _record(self, *args: Any, **options: Any) -> logging.LogRecord:
        record = self._make(*args, **options)
        if record.levelno >= logging.ERROR and not is_ours(record.pathname):
            line = self._legs.served_by(record.thread)
            if line is not None:
                error = record.exc_info[1] if record.exc_info else None
                what = "" if error is None else f" ({type(error).__name__}: {error})"
                line.note("app", f"logs {record.levelname}: {record.getMessage()}{what}")
        return record
