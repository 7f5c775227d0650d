"""`eslsync script`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from eslsync.command_line.files import Unusable

from .files import read, write

__all__ = ["script"]


@click.command(short_help="Turn a recorded call into a caller script.")
@click.argument("recording", type=click.Path(path_type=Path))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--handler", "name", metavar="NAME", help="The function in FILE.")
@click.option(
    "--output", metavar="SCRIPT", type=click.Path(path_type=Path), help="Write to SCRIPT instead."
)
def script(recording: Path, file: Path | None, name: str | None, output: Path | None) -> None:
    """Turn a recorded call into a caller script (YAML: docs/scripts.md) for the handler in FILE.

    The script hears the same prompts, presses the same keys at the same times after the prompt
    before, and hangs up where the caller did. It names FILE; default: handler.py.

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
