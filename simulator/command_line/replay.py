"""`eslsync replay`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eslsync.command_line.files import Unusable, app, handler, load
from eslsync.command_line.terminal import plain, show

from .files import read
from .terminal import show_logs_if

if TYPE_CHECKING:
    from eslsync import Outbound
    from eslsync.loading import Handler

    from ..recordings.replays import Replay

__all__ = ["replay"]


@click.command(short_help="Run a handler against a recording, and report what differs.")
@click.argument(
    "recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path)
)
@app
@handler
@click.option("-v", "--verbose", is_flag=True, help="Show the log as well.")
def replay(recordings: Sequence[Path], app: str, name: str | None, verbose: bool) -> None:
    """Run the handler in APP against a recording, and report what it does differently.

    The recorded switch says what it said then, in virtual time. If a prompt or another argument
    is not the recorded one, that is reported, and the handler gets the recorded answer. Where
    the handler does something else altogether, the replay ends.

    \b
    eslsync replay calls/20260105T090000Z_1f0c.jsonl examples/ivr.py
    eslsync replay calls/*.jsonl examples/ivr.py

    Exit status: 0 if the handler did what was recorded, 1 if it did anything else, 2 if there
    was no replay, because of a recording or APP.
    """
    if any(path.suffix == ".py" for path in recordings):
        raise click.UsageError("the recordings come first, and the APP with the handler last")
    read(recordings[0])  # its error is more telling than that of a wrong APP
    loaded = load(app, name)
    show_logs_if(verbose)
    same = 0
    for path in recordings:
        several = f"{path}: " if len(recordings) > 1 else ""
        done = replayed(path, loaded)
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
