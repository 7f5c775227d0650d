"""The program `eslsync` itself. A command that another distribution adds is imported when used."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from ..own_simulator import NAME, InTheWay, import_simulator
from .added import added_commands
from .calls import calls
from .files import Unusable
from .new import new
from .serve import serve

__all__ = ["main"]


class Commands(click.Group):
    """The commands of eslsync, and those that other distributions add."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*self.commands, *added_commands()})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        own = super().get_command(context, name)
        place = None if own else added_commands().get(name)
        return imported(name, place) if place else own

    def main(self, *args: Any, **options: Any) -> Any:
        try:
            return super().main(*args, **options)
        except OSError as error:
            if error.errno != errno.ENOSPC or error.filename is not None:
                raise
            forget_output()
            click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
            sys.exit(1)


def forget_output() -> None:
    """Let Python's end not try again to write what is left of the output."""
    with suppress(OSError, ValueError):  # no file of the system, in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def imported(name: str, place: str) -> click.Command:
    module, _, attribute = place.partition(":")
    is_simulators = module.partition(".")[0] == NAME
    try:
        found = import_simulator(module) if is_simulators else import_module(module)
    except InTheWay as error:
        return unusable(name, str(error))
    command: click.Command = getattr(found, attribute)
    return command


def unusable(name: str, why: str) -> click.Command:
    """A command that fails with ``why``, whatever its arguments."""

    def say() -> None:
        raise Unusable(why)

    anything = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    return click.Command(name, anything, say, help="Says why it can't be imported here.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eslsync", message="%(prog)s %(version)s")
def main() -> None:
    """FreeSWITCH event socket apps as plain functions, with and without a switch."""


main.add_command(calls)
main.add_command(new)
main.add_command(serve)
