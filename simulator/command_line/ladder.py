"""`eslsync ladder`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .files import Output, read, write
from .terminal import show_ladder

if TYPE_CHECKING:
    from ..ladders.formats import LadderFormat

__all__ = ["ladder"]

#: The format of a ladder in a file whose name ends so.
SUFFIXES: dict[str, LadderFormat] = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command(short_help="Draw a recorded call as a ladder.")
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    type=click.Choice(["text", "svg", "mermaid"]),
    help="text, svg or mermaid; default: as the name of --output ends, else text.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=Output(".txt", *SUFFIXES),
    help="Write to FILE (.txt, .svg or .mmd) instead.",
)
def ladder(recording: Path, format_: LadderFormat | None, output: Path | None) -> None:
    """Draw a recorded call as a ladder: caller, other legs, switch and app.

    The caller's actions and prompts come from the events. In svg and mermaid, each leg has its
    own lifeline.

    \b
    eslsync ladder tests/recordings/03e_pagd_invalid_then_valid.jsonl
    eslsync ladder calls/20260105T090000Z_1f0c.jsonl --output call.svg
    """
    found = read(recording)
    if format_ is None:
        format_ = SUFFIXES.get(output.suffix, "text") if output else "text"
    if format_ == "text" and output is None:
        from ..recordings.retelling import retell

        show_ladder(retell(found))
        return
    write(found.ladder(format_).rstrip("\n"), output)
