"""The library's logger, for the threads that serve calls, and for each call's own; and which call
a log record of anybody's is about.

A program's logging filters and handlers run in the thread that logs, and `logging` passes on what
a filter raises. A server must survive that, also while it stops; and a call must not lose its
handler, or what its end calls.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

__all__ = ["FACTS", "CallFilter", "Unfailing", "in_call", "logger"]

#: What the records of a call have, as attributes.
FACTS = ("uuid", "caller", "destination")

#: These of the call that this context belongs to; none outside of calls.
_current: ContextVar[Mapping[str, str]] = ContextVar("eslsync_call", default={})  # noqa: B039

if TYPE_CHECKING:
    Adapter = logging.LoggerAdapter[logging.Logger]
else:  # no generic class on Python 3.10
    Adapter = logging.LoggerAdapter


def in_call(facts: Mapping[str, str]) -> None:
    """The current thread, and what copies its context, belongs to a call from now on."""
    _current.set(facts)


class CallFilter(logging.Filter):
    """Gives every record the attributes ``uuid``, ``caller`` and ``destination`` of its call.

    Add it to a handler of your logging, not to a logger: then records of any logger have them, if
    they come from the thread of a call, or from a thread or task that runs in a copy of its
    context (`contextvars.copy_context`). They are empty outside of calls, and ``caller`` and
    ``destination`` are what ``redact`` leaves of them. In front of a queue, add it to the
    `QueueHandler`. It never drops a record.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        facts = _current.get()
        for name in FACTS:
            if getattr(record, name, None) is None:
                setattr(record, name, facts.get(name, ""))
        return True


class Unfailing(Adapter):
    """Prints what a program's filters and handlers raise, as `logging` does for most handlers."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        """The message with the adapter's ``extra``, and the caller's own."""
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}

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
