"""Output of the commands, and of the log."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from typing import Any, Literal

import click

from ..extras import needs_extra
from ..logs import FACTS, CallFilter, logger
from ..replaced import unreplaced
from ..wire.exceptions import Disconnected, Hangup
from ..wire.shown import printable

#: Matches what click writes for a colour.
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")

#: The formats of the log.
LogFormat = Literal["text", "json"]

__all__ = ["LogFormat", "can_show", "log_threads", "plain", "show", "show_logs"]

#: Before every line but the first of a record.
INDENT = "    "


def show(text: str) -> None:
    """Print to standard output, in colours if the terminal wants them."""
    pieces = _COLOUR.split(text)
    pieces[::2] = map(plain, pieces[::2])
    click.echo("".join(pieces), color=False if "NO_COLOR" in os.environ else None)


def plain(text: str) -> str:
    """The text, with "?" for what the terminal's encoding doesn't have.

    What the terminal would obey, such as escapes in a caller's name, is shown escaped.
    """
    encoding = sys.stdout.encoding or "utf-8"
    return printable(text, also="\n\t").encode(encoding, "replace").decode(encoding)


def can_show(text: str) -> bool:
    """True if the terminal's encoding has every character of the text."""
    return plain(text) == text


def show_logs(level: int, format: LogFormat = "text") -> None:
    """Log to standard error: as text, in colours on a terminal, or as a JSON object a line.

    Each line of a call has its uuid, caller and destination. Raises MissingExtra if there is no
    python-json-logger.
    """
    output = logging.StreamHandler()
    output.addFilter(CallFilter())
    root = logging.getLogger()
    if format == "json":
        with needs_extra("json", "--log-format json"):
            from ..json_logs import JsonFormatter

        output.setFormatter(JsonFormatter())
        # What the file's own logging would write between these lines is no JSON.
        for each in [*root.handlers]:
            if is_of_terminal(each):
                root.removeHandler(each)
    else:
        output.addFilter(name_call)
        output.setFormatter(text_formatter())
    own = logging.getLogger("eslsync")
    own.setLevel(level)
    # The handler's own records go there, too, unless its file has configured logging.
    if root.handlers and format == "text":
        own.addHandler(output)
        own.propagate = False
    else:
        root.addHandler(output)
        root.setLevel(min(level, logging.INFO))


def log_threads() -> None:
    """Have the log tell what a handler's own thread has died of, which Python would print.

    Unless the program has a hook of its own. A thread may end with its call.
    """
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = log_thread


def log_thread(args: threading.ExceptHookArgs, /) -> None:
    name = "?" if args.thread is None else args.thread.name
    error = args.exc_value
    if error is None or isinstance(error, SystemExit):
        return
    failure = unreplaced(error)
    if isinstance(failure, (Hangup, Disconnected)):
        logger.info("thread %s ended: %s", name, failure)
    else:
        logger.error("thread %s failed", name, exc_info=error)


def is_of_terminal(handler: logging.Handler) -> bool:
    """True for a handler that writes to standard output or error."""
    streams = (sys.stdout, sys.stderr)
    return isinstance(handler, logging.StreamHandler) and handler.stream in streams


def text_formatter() -> logging.Formatter:
    formatter: logging.Formatter = Tame("%(asctime)s %(levelname)-7s %(call)s%(message)s")
    if sys.stderr.isatty() and "NO_COLOR" not in os.environ:
        import colorlog

        class Coloured(Tame, colorlog.ColoredFormatter):
            pass

        formatter = Coloured(
            "%(thin)s%(asctime)s%(reset)s %(log_color)s%(levelname)-7s%(reset)s "
            "%(cyan)s%(call)s%(reset)s%(message)s"
        )
    return formatter


class Tame(logging.Formatter):
    """Shows what a caller may have written without what a terminal would obey.

    Every line but the first of a record is indented, so none looks like a record of its own.
    """

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        # Before 3.13, a float's last bits turn 15.020 s into 15,019.
        record.msecs = min(round(record.created % 1 * 1000, 3) // 1, 999.0)
        return super().formatTime(record, datefmt)

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = tame(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return INDENT + tame(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return INDENT + tame(super().formatStack(stack_info))


def tame(text: str) -> str:
    return printable(text, also="\n\t").replace("\n", f"\n{INDENT}")


def name_call(record: logging.LogRecord) -> bool:
    """Say at the beginning of a line whose it is: "UUID 1001>5000 "."""
    uuid, caller, destination = (getattr(record, name, "") for name in FACTS)
    record.call = f"{uuid} {caller or '-'}>{destination or '-'} " if uuid else ""
    return True
