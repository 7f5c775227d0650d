"""`eslsync script`."""

from __future__ import annotations

from pathlib import Path

import click

from eslsync.command_line.files import Unusable

from .files import YAML, Output, read, write

__all__ = ["script"]


@click.command(short_help="Turn a recorded call into a caller script.")
@click.argument("recording", type=click.Path(path_type=Path))
@click.argument("app", required=False, default="handler.py", metavar="[APP]")
@click.option(
    "--handler", "name", metavar="NAME", help="The same as APP:NAME, the function in APP."
)
@click.option(
    "--output", metavar="SCRIPT", type=Output(*YAML), help="Write to SCRIPT (.yaml) instead."
)
def script(recording: Path, app: str, name: str | None, output: Path | None) -> None:
    """Turn a recorded call into a caller script (YAML: docs/guides/scripts.md) for APP.

    The script hears the same prompts, presses the same keys at the same times after the prompt
    before, and hangs up where the caller did. It names APP; default: handler.py.

    \b
    eslsync script calls/20260105T090000Z_1f0c.jsonl ivr.py --output complaint.call.yaml
    eslsync call --script complaint.call.yaml
    """
    from eslsync.loading import AppName, LoadError

    from ..recordings.rescripting import script_of
    from ..scripts.shapes import ScriptError

    try:
        where, name = AppName.of(app, name).beside(None if output is None else output.parent)
        made = script_of(read(recording), Path(where).as_posix(), name)
    except LoadError as error:
        raise Unusable(str(error)) from None
    except ScriptError as error:
        raise Unusable(f"{recording}: {error}") from None
    write(f"# The caller of {recording.name}.\n{made.dump()}".rstrip("\n"), output)
