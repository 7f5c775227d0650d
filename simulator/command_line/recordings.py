"""The commands about recordings: `eslsync ladder`, `eslsync replay`, `eslsync script`."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options as cli_options
from .terminal import WIDTH, Unusable, can_show, colour, load, plain, show, show_logs

if TYPE_CHECKING:
    from eslsync import Outbound
    from eslsync.serving.loading import Handler

    from ..recordings.reading import Recording
    from ..recordings.replays import Replay

__all__ = ["ladder", "replay", "script"]

#: What a file's name ends in, and the format that a ladder has there.
SUFFIXES = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    type=click.Choice(["text", "svg", "mermaid"]),
    help="text, svg or mermaid; default: as the name of --output ends, else text.",
)
@click.option(
    "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it there instead."
)
def ladder(recording: Path, format_: str | None, output: Path | None) -> None:
    """Draw a recorded call as a ladder: caller, other legs, switch and app.

    What the caller did and heard is read off the events. In svg and mermaid each leg has a
    lifeline of its own.

    \b
    eslsync ladder tests/recordings/03e_pagd_invalid_then_valid.jsonl
    eslsync ladder calls/20260105T090000Z_1f0c.jsonl --output call.svg
    """
    found = read(recording)
    if format_ is None:
        format_ = SUFFIXES.get(output.suffix, "text") if output else "text"
    if format_ == "text" and output is None:
        from ..ladders.text import ASCII, BOX, draw
        from ..recordings.retelling import retell

        glyphs = BOX if can_show(str(BOX)) else ASCII
        width = shutil.get_terminal_size((WIDTH, 24)).columns
        show(draw(retell(found), width=width, glyphs=glyphs, style=colour))
        return
    write(found.ladder(format_).rstrip("\n"), output)  # type: ignore[arg-type]


@click.command()
@click.argument(
    "recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path)
)
@click.argument("file", type=click.Path(path_type=Path))
@cli_options.handler
@click.option("-v", "--verbose", is_flag=True, help="Show the log as well.")
def replay(recordings: Sequence[Path], file: Path, name: str | None, verbose: bool) -> None:
    """Run the handler in FILE against the switch of a recording; say what it does otherwise.

    The recorded switch says what it said then, in virtual time. A prompt, or another argument,
    that is not the recorded one is told, and the recorded answer stands in for what the switch
    would have said to it; where the handler does something else altogether, the replay ends.

    \b
    eslsync replay calls/20260105T090000Z_1f0c.jsonl examples/ivr.py
    eslsync replay calls/*.jsonl examples/ivr.py

    Exit status: 0 if the handler did what was recorded, 1 if it did anything else, 2 if there
    was no replay, because of a recording or FILE.
    """
    app = load(file, name)
    if verbose:
        show_logs(logging.DEBUG)
    else:
        logging.getLogger("eslsync").setLevel(logging.CRITICAL + 1)
    same = 0
    for path in recordings:
        several = f"{path}: " if len(recordings) > 1 else ""
        done = replayed(path, app)
        same += done.same
        for difference in done.differences:
            show(click.style(f"{several}{difference}", fg="red"))
        for remark in done.remarks:
            show(click.style(f"{several}{remark}", fg="yellow"))
        show(click.style(f"{several}{done.verdict}", fg="green" if done.same else "red"))
    if len(recordings) > 1:
        show(f"{same} of {len(recordings)} as recorded")
    sys.exit(0 if same == len(recordings) else 1)


def replayed(path: Path, app: Handler | Outbound) -> Replay:
    from .. import SimulationError
    from ..recordings.replays import replay as run

    try:
        return run(read(path), app)
    except ValueError as error:
        raise Unusable(f"{path}: {error}") from None
    except SimulationError as error:
        click.secho(plain(f"{path}: {error}"), err=True, fg="red")
        sys.exit(1)


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--handler", "name", metavar="NAME", help="The function in FILE.")
@click.option(
    "--output", metavar="SCRIPT", type=click.Path(path_type=Path), help="Write it there instead."
)
def script(recording: Path, file: Path | None, name: str | None, output: Path | None) -> None:
    """Turn a recorded call into a caller's script (YAML: docs/scripts.md) for the handler in FILE.

    It hears the same prompts, presses the same keys at the same times, counted from the prompt
    before, and hangs up where the caller did. FILE stands in the script; default: handler.py.

    \b
    eslsync script calls/20260105T090000Z_1f0c.jsonl ivr.py --output complaint.call.yaml
    eslsync call --script complaint.call.yaml
    """
    from ..recordings.rescripting import script_of
    from ..scripts.shapes import ScriptError

    file = file or Path("handler.py")
    beside = os.path.relpath(file, output.parent) if output is not None else str(file)
    try:
        made = script_of(read(recording), Path(beside).as_posix(), name)
    except ScriptError as error:
        raise Unusable(f"{recording}: {error}") from None
    write(f"# The caller of {recording.name}.\n{made.dump()}".rstrip("\n"), output)


def read(path: Path) -> Recording:
    """A recording. Raises Unusable."""
    from eslsync import ESLError

    from ..recordings.reading import Recording

    try:
        return Recording.read(path)
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, ESLError) as error:
        raise Unusable(f"{path} is no recording: {type(error).__name__}: {error}") from None


def write(text: str, output: Path | None) -> None:
    if output is None:
        show(text)
        return
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} can't be written: {error.strerror}") from None
