"""Finds the handler in a user's file, for the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..serving.outbound import Handler, Outbound

__all__ = ["Unusable", "handler", "load"]

handler = click.option(
    "--handler",
    "name",
    metavar="NAME",
    help="The function in FILE; default: handler, else the only one that takes one argument.",
)


class Unusable(click.ClickException):
    """A file or name that the user gave can't be used. Exit status 2."""

    exit_code = 2


def load(file: Path, name: str | None) -> Handler | Outbound:
    """The handler in a file. Raises Unusable."""
    from ..loading import LoadError, load_handler

    try:
        return load_handler(file, name)
    except LoadError as error:
        raise Unusable(str(error)) from None
