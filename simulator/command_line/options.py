"""Options that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eslsync.wire.arguments import are_keys

if TYPE_CHECKING:
    from ..model.evidence import Part

__all__ = [
    "allow_unmodelled",
    "caller",
    "check_keys",
    "destination",
    "not_modelled",
    "patience",
    "read_far_ends",
    "seed",
    "sounds",
    "start",
    "variables",
]

#: More seconds than anybody waits for a handler.
MOST_PATIENCE = 1e9

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

hooks = click.option(
    "--hooks",
    is_flag=True,
    help="Call what APP has for on_start and on_stop, too, which opens its database for example.",
)


def seed(more: str = "") -> Callable[[CommandT], CommandT]:
    """Add the option for the seed."""
    return click.option(
        "--seed",
        metavar="N",
        type=int,
        help=f"The seed of uuids and of races; default: 0{more}.",
    )


def _check_allowed(
    context: click.Context, parameter: click.Parameter, names: Sequence[str]
) -> Sequence[str]:
    """Check the names of `allow_unmodelled`: one that is misspelt would allow nothing."""
    if names:
        from ..applications import API_COMMANDS, APPLICATIONS
        from ..calling.standing import allowable
        from ..model.spelling import misspelt

        known = allowable(APPLICATIONS, API_COMMANDS)
        for name in names:
            meant = None if name.lower() in known else misspelt(name, known, shortest=4)
            if meant is not None:
                raise click.BadParameter(f"nothing is named {name!r} (did you mean {meant!r}?)")
    return names


allow_unmodelled = click.option(
    "--allow-unmodelled",
    metavar="NAME",
    multiple=True,
    callback=_check_allowed,
    help="An application, api command, variable or option that may do nothing, since the "
    "simulated switch doesn't model it; may be repeated.",
)


def not_modelled(part: Part) -> str:
    """Why a call fails for something that had no effect, and what to do."""
    from ..model.evidence import Basis

    allow = f"allow it with --allow-unmodelled {shlex.quote(part.name)}"
    if part.basis is Basis.REFUSED:
        return f"{part.lack}; if it is meant so, {allow}"
    return f"{part.lack}: {allow}, or model it in a test"


def sounds(what_for: str) -> Callable[[CommandT], CommandT]:
    """Add the option for a folder of sound files."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--sounds", metavar="DIR", type=folder, help=what_for)


def read_patience(context: click.Context, parameter: click.Parameter, written: str) -> float | None:
    """Seconds, or None for "none": as pytest's --esl-patience."""
    if written == "none":
        return None
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < MOST_PATIENCE:
        raise click.BadParameter(f"it is seconds, more than 0, or none for no limit: {written!r}")
    return seconds


patience = click.option(
    "--patience",
    metavar="SECONDS",
    default="5",
    show_default=True,
    callback=read_patience,
    help="Real seconds that the handler may be busy with something else; none: no limit, for a "
    "debugger.",
)


def check_keys(
    context: click.Context, parameter: click.Parameter, keys: str | Sequence[str]
) -> str | Sequence[str]:
    """Check an option's keys, or those of one that may be repeated."""
    for each in [keys] if isinstance(keys, str) else keys:
        if not are_keys(each):
            raise click.BadParameter(f"keys are 0-9, *, # and A-D, not {each!r}")
    return keys


def check_start(
    context: click.Context, parameter: click.Parameter, start: str | None
) -> str | None:
    from ..clockwork.frozen import start_of_time

    try:
        start_of_time(start)
    except ValueError:
        raise click.BadParameter(
            f"a time is written like 2026-01-05T17:59:50, not {start!r}"
        ) from None
    return start


def read_far_ends(
    context: click.Context, parameter: click.Parameter, written: Sequence[str]
) -> dict[str, dict[str, Any]]:
    if not written:
        return {}
    from ..scripts.far_ends import parse

    far_ends: dict[str, dict[str, Any]] = {}
    for each in written:
        try:
            dial_string, behaviour = parse(each)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        if dial_string in far_ends:
            raise click.BadParameter(f"{dial_string} is given twice")
        far_ends[dial_string] = behaviour
    return far_ends


def read_variables(
    context: click.Context, parameter: click.Parameter, written: Sequence[str]
) -> dict[str, str]:
    variables: dict[str, str] = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"a variable is written NAME=VALUE, not {each!r}")
        variables[name] = value
    return variables


caller = click.option(
    "--caller", metavar="N", default="1001", show_default=True, help="The caller's number."
)
destination = click.option(
    "--destination", metavar="N", default="5000", show_default=True, help="The number dialled."
)
variables = click.option(
    "--variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=read_variables,
    help="A channel variable that the call comes with. May be repeated.",
)
start = click.option(
    "--start",
    metavar="TIME",
    callback=check_start,
    help="The time at which the call begins, such as 2026-01-05T17:59:50; default: 9:00 on that "
    "day, a Monday.",
)
