"""Options that several commands have, and what keys are on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from eslsync.wire.arguments import DIGITS

__all__ = ["check_keys", "patience", "seed", "sounds"]

Command = TypeVar("Command", bound=Callable[..., Any])

seed = click.option(
    "--seed", metavar="N", type=int, default=0, show_default=True, help="What uuids are drawn from."
)


def sounds(what_for: str) -> Callable[[Command], Command]:
    """A folder of sound files."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--sounds", metavar="DIR", type=folder, help=what_for)


def patience(least: click.FloatRange, more: str = "") -> Callable[[Command], Command]:
    """Real seconds for a handler that waits for something else than the call."""
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
    """Of an option, or of one that may be repeated."""
    for each in [keys] if isinstance(keys, str) else keys:
        if not each or each.upper().strip(DIGITS):
            raise click.BadParameter(f"keys are 0-9, *, # and A-D, not {each!r}")
    return keys
