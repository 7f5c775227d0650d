"""`eslsync scenario`."""

from __future__ import annotations

from pathlib import Path

import click

from eslsync.command_line.files import Unusable

from .files import YAML, Output, read, write

__all__ = ["scenario"]


@click.command(short_help="Turn a recording into a scenario for another switch.")
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--output", metavar="SCENARIO", type=Output(*YAML), help="Write to SCENARIO (.yaml).")
def scenario(recording: Path, output: Path | None) -> None:
    """Turn a recording into the scenario behind it (YAML: docs/guides/recorder.md).

    The scenario sends the same commands, after the same events or the same time, and the caller
    and others do the same. `eslsync record-switch` performs it on another switch.

    \b
    eslsync scenario tests/recordings/03c_pagd_valid.jsonl --output scenarios/pagd.yaml
    eslsync record-switch scenarios/pagd.yaml
    """
    from ..scenarios.deriving import scenario_of
    from ..scenarios.scenario import ScriptError

    try:
        made = scenario_of(read(recording), recording.stem)
    except ScriptError as error:
        raise Unusable(f"{recording}: {error}") from None
    write(made.dump().rstrip("\n"), output)
