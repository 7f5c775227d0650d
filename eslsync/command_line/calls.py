"""`eslsync calls`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from .files import Unusable
from .terminal import plain, show

__all__ = ["calls"]


@click.command(short_help="List the calls that servers on this machine have now.")
@click.option(
    "--pid",
    metavar="N",
    type=int,
    help="Only this server, or the servers whose parent it is, such as gunicorn's workers.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of servers.")
@click.option("-v", "--verbose", is_flag=True, help="Show the stack of each handler as well.")
def calls(pid: int | None, as_json: bool, verbose: bool) -> None:
    """List the calls that your servers on this machine have now, and what each handler waits for.

    These are the servers of `eslsync serve`, and those of programs that call
    Outbound.start(inspection=True), as far as they run as the same user.

    \b
    eslsync calls -v
    eslsync calls --json --pid $(cat /run/ivr.pid)

    Exit status: 0 if servers run, and each has answered; 1 if none runs, or one does not answer; 2
    where it can't work.
    """
    failures: list[str] = []
    every = list(servers(failures))
    wanted = [each for each in every if pid is None or pid in (each["pid"], each["parent"])]
    if as_json:
        import json  # when the command is used: every command imports this module

        show(json.dumps(wanted, indent=2))
    else:
        for server in wanted:
            for line in described(server, verbose):
                show(line)
    if not (wanted or failures):
        which = "" if pid is None else f" with the pid {pid}, or as its child"
        there = f"; there are {', '.join(str(each['pid']) for each in every)}" if every else ""
        failures.append(f"no server of this user runs{which}{there}")
    for failure in failures:
        click.secho(plain(failure), err=True, fg="yellow")
    sys.exit(1 if failures else 0)


def servers(failures: list[str]) -> Iterator[dict[str, Any]]:
    """The documents of this user's servers. Adds the failures of those that don't answer."""
    from ..serving.inspection import NoAnswer, ask, is_supported, sockets

    if not is_supported():
        raise Unusable("this needs Unix sockets, which the system does not have")
    for path in sockets(failures):
        try:
            found = ask(path)
        except NoAnswer as error:
            failures.append(f"server {path.stem.partition('-')[0]}: {error}")
        else:
            if found is not None:
                yield found


def described(server: dict[str, Any], verbose: bool) -> Iterator[str]:
    """A server and its calls, as lines."""
    from ..serving.live import sentence

    found: Sequence[dict[str, Any]] = server["calls"]
    many = "1 call" if len(found) == 1 else f"{len(found)} calls"
    stopping = ", stopping" if server["stopping"] else ""
    place = f"{server['host']} port {server['port']}"
    yield f"{server['pid']} (of {server['parent']}) on {place}{stopping}: {many}"
    for call in found:
        yield f"    {sentence(call)}"
        if verbose:
            yield from (f"        {line}" for line in call["stack"])
