"""Prints ladders of calls in the terminal's width, characters and colours."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from eslsync.command_line.terminal import can_show, show, show_logs

if TYPE_CHECKING:
    from ..ladders.text import RungKind
    from ..ladders.transcript import Entry

__all__ = ["show_ladder", "show_logs_if"]

#: Width in columns, if the output is not a terminal.
WIDTH = 100

COLOURS: dict[RungKind, dict[str, Any]] = {
    "caller": {"fg": "cyan"},
    "app": {"fg": "green"},
    "problem": {"fg": "red", "bold": True},
    "line": {"dim": True},
    "time": {"dim": True},
    "prompt": {"fg": "yellow"},
}


def show_ladder(entries: Iterable[Entry]) -> None:
    """Print the ladder of a transcript's entries."""
    from ..ladders.text import ASCII, BOX, draw

    width = shutil.get_terminal_size((WIDTH, 24)).columns
    glyphs = BOX if can_show(str(BOX)) else ASCII
    show(draw(entries, width=width, glyphs=glyphs, style=colour))


def colour(text: str, kind: RungKind) -> str:
    return click.style(text, **COLOURS[kind]) if kind in COLOURS else text


def show_logs_if(verbose: bool) -> None:
    """Show the log, or silence the library's, whose content the ladder shows."""
    if verbose:
        show_logs(logging.DEBUG)
    else:
        logging.getLogger("eslsync").setLevel(logging.CRITICAL + 1)
