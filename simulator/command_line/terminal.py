"""What the commands have in common: how they find a handler, and what they print."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from eslsync import Outbound
    from eslsync.serving.loading import Handler

    from ..ladders.text import Kind

__all__ = ["WIDTH", "Unusable", "can_show", "colour", "load", "plain", "show", "show_logs"]

#: Columns where the output is no terminal.
WIDTH = 100

COLOURS: dict[Kind, dict[str, Any]] = {
    "caller": {"fg": "cyan"},
    "app": {"fg": "green"},
    "problem": {"fg": "red", "bold": True},
    "line": {"dim": True},
    "time": {"dim": True},
    "prompt": {"fg": "yellow"},
}


class Unusable(click.ClickException):
    """What the user named can't be used; told in a line or two."""

    exit_code = 2


def load(file: Path, name: str | None) -> Handler | Outbound:
    from eslsync.serving.loading import LoadError, load_handler

    try:
        return load_handler(file, name)
    except LoadError as error:
        raise Unusable(str(error)) from None


def colour(text: str, kind: Kind) -> str:
    return click.style(text, **COLOURS[kind]) if kind in COLOURS else text


def show(text: str) -> None:
    """Print, without colours where they are not wanted."""
    click.echo(plain(text), color=False if "NO_COLOR" in os.environ else None)


def plain(text: str) -> str:
    """The text, as far as the terminal's encoding can show it."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def can_show(text: str) -> bool:
    return plain(text) == text


def show_logs(level: int) -> None:
    """Log to standard error, in colours on a terminal; a call's uuid with its records."""
    line = "%(asctime)s %(levelname)-7s %(call)s%(message)s"
    formatter = logging.Formatter(line)
    if sys.stderr.isatty() and "NO_COLOR" not in os.environ:
        import colorlog

        formatter = colorlog.ColoredFormatter(
            "%(thin)s%(asctime)s%(reset)s %(log_color)s%(levelname)-7s%(reset)s "
            "%(cyan)s%(call)s%(reset)s%(message)s"
        )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(name_call)
    logger = logging.getLogger("eslsync")
    logger.setLevel(level)
    # The handler's own records as well, unless it has its own idea of where they go.
    root = logging.getLogger()
    if root.handlers:
        logger.addHandler(handler)
        logger.propagate = False
    else:
        root.addHandler(handler)
        root.setLevel(min(level, logging.INFO))


def name_call(record: logging.LogRecord) -> bool:
    uuid = getattr(record, "uuid", None)
    record.call = f"{uuid} " if uuid else ""
    return True
