"""Finds the handler that a user names, for the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..serving.outbound import Handler, Outbound

__all__ = ["Unusable", "app", "handler", "load"]

#: A file, or a module, with or without ``:NAME``.
app = click.argument("app", metavar="APP")

handler = click.option(
    "--handler",
    "name",
    metavar="NAME",
    help="The same as APP:NAME, the function in APP; default: handler, else the only one that "
    "takes one argument.",
)


class Unusable(click.ClickException):
    """A file or name that the user gave can't be used. Exit status 2."""

    exit_code = 2


def load(app: str, name: str | None) -> Handler | Outbound:
    """The handler in a file or a module. Raises Unusable."""
    from ..loading import LoadError, load_handler

    try:
        return load_handler(app, name)
    except LoadError as error:
        raise Unusable(str(error)) from None
