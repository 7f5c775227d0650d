"""The program `eslsync` itself. A command that another distribution adds is imported when used."""

from __future__ import annotations

from importlib import import_module

import click

from ..own_simulator import NAME, InTheWay, import_simulator
from .added import added_commands
from .calls import calls
from .files import Unusable
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
main.add_command(serve)
