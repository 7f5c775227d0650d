"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from eslsync.wire.arguments import are_keys

__all__ = ["check_keys", "patience", "seed", "sounds"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

seed = click.option(
    "--seed", metavar="N", type=int, default=0, show_default=True, help="The seed of uuids."
)


def sounds(what_for: str) -> Callable[[CommandT], CommandT]:
    """Add the option for a folder of sound files."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--sounds", metavar="DIR", type=folder, help=what_for)


def patience(least: click.FloatRange, more: str = "") -> Callable[[CommandT], CommandT]:
    """Add the option for real seconds that a handler may wait for something but the call."""
    return click.option(
        "--patience",
        metavar="SECONDS",
        type=least,
        default=5.0,
        show_default=True,
        help=f"Real seconds that the handler may be busy with something else{more}.",
    )


def check_keys(
    context: click.Context, parameter: click.Parameter, keys: str | Sequence[str]
) -> str | Sequence[str]:
    """Check an option's keys, or those of one that may be repeated."""
    for each in [keys] if isinstance(keys, str) else keys:
        if not are_keys(each):
            raise click.BadParameter(f"keys are 0-9, *, # and A-D, not {each!r}")
    return keys
