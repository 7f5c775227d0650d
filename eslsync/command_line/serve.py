"""`eslsync serve`: for production, so it loads neither the simulator nor freezegun."""

from __future__ import annotations

import logging
import os
import signal
import socket
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..extras import MissingExtra, needs_extra
from ..numbers import seconds
from . import files
from .terminal import LogFormat, log_threads, show_logs

if TYPE_CHECKING:
    from ..observers import Observer
    from ..prometheus import Endpoint
    from ..serving.outbound import Outbound

__all__ = ["serve"]


class FromEnvironment(click.Command):
    """Its options may also be given in the environment: --port as ESLSYNC_PORT."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for option in self.params:
            if isinstance(option, click.Option):
                name = option.opts[-1].lstrip("-").replace("-", "_")
                option.envvar, option.show_envvar = f"ESLSYNC_{name.upper()}", True


@click.command(cls=FromEnvironment, short_help="Serve a handler to a real FreeSWITCH.")
@files.app
@files.handler
@click.option("--host", help="The address to listen on; default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="0: any free one; default: 5000.")
@click.option(
    "--allow",
    metavar="NETWORK",
    multiple=True,
    help="A network (10.0.0.0/8) or host whose switches may call. May be repeated; default: this "
    "machine.",
)
@click.option(
    "--proxy-protocol",
    metavar="NETWORK",
    multiple=True,
    help="A network or host of proxies that send PROXY headers, such as HAProxy with "
    "send-proxy-v2; --allow then means the switches behind them. May be repeated.",
)
@click.option(
    "--max-calls",
    metavar="N",
    type=click.IntRange(min=1),
    help="Maximum number of calls at one time; default: no limit.",
)
@click.option(
    "--when-full",
    metavar="CAUSE",
    help="The hangup cause of calls beyond --max-calls; default: SWITCH_CONGESTION. "
    "Or close: stop listening, so that FreeSWITCH tries the next host.",
)
@click.option(
    "--max-call-duration",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Have FreeSWITCH hang up after this time; default: never.",
)
@click.option(
    "--redact",
    metavar="NAME",
    multiple=True,
    help="A header or channel variable whose value is kept out of the log; digits that are "
    "pressed always are. May be repeated.",
)
@click.option(
    "--record",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a recording of each call there, without what is redacted "
    "(docs/guides/recordings.md).",
)
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Answer Prometheus there at /metrics, and probes at /healthz and /readyz "
    "(the extra prometheus).",
)
@click.option(
    "--drain",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long calls may go on after SIGTERM or Ctrl-C.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: each line is an object (needs the extra `json`; docs/guides/production.md).",
)
@click.option(
    "--reload",
    is_flag=True,
    help="For development: when a .py file of the project changes, new calls have the new code, "
    "and calls that are up go on (needs the extra `reload`).",
)
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
def serve(
    app: str,
    name: str | None,
    metrics: str | None,
    drain: float,
    reload: bool,
    log_format: LogFormat,
    verbose: bool,
    **options: Any,
) -> None:
    """Serve the handler in APP to a real FreeSWITCH.

    APP is a file, or MODULE:NAME: a function, an Outbound, or the call of a factory of either. Its
    dialplan hands calls over with:

    \b
    <action application="socket" data="127.0.0.1:5000 async full"/>

    SIGTERM or Ctrl-C stops it: it takes no more calls, gives the current ones --drain seconds to
    finish, and the rest back to the dialplan. A second one cuts them at once. SIGUSR1 prints the
    current calls, with the stack of each handler; `eslsync calls` shows them elsewhere.

    Under systemd it accepts from the socket that is passed to it, whatever --host and --port say.
    In the environment, values of an option that may be repeated are separated by blanks.

    \b
    eslsync serve examples/ivr.py
    eslsync serve office.py --handler reception --host 0.0.0.0 --allow 10.0.0.0/8 -v
    eslsync serve 'office.app:make_app("de")'
    """
    from ..serving.listening import CannotListen
    from ..serving.outbound import Outbound
    from . import reloaded

    is_parent = reload and not reloaded.is_child()
    handler = None if is_parent else files.load(app, name)
    try:
        show_logs(logging.DEBUG if verbose else logging.INFO, log_format)
    except MissingExtra as error:
        raise files.Unusable(str(error)) from None
    log_threads()
    # A shell starts background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if handler is None:
        if metrics is not None:
            raise click.UsageError("--reload has no --metrics: its processes can't share a port")
        raise SystemExit(supervised(app, name, drain))
    # Options not given here come from the file's own Outbound.
    given = {key: each for key, each in options.items() if each not in (None, ())}
    own = handler if isinstance(handler, Outbound) else Outbound(handler)
    passed = passed_socket()
    try:
        if passed is not None:
            given["sock"] = passed
        if "redact" in given:
            given["redact"] = (*own.redact, *given["redact"])
        if metrics is not None:
            given["observers"] = observed_by_metrics(own)
        server = own.replace(**given)
        seconds("--drain", drain)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        if reload:
            server, drain = reloaded.shared(server), reloaded.DRAIN
        server.logs_report = log_format == "json"
        with nullcontext() if metrics is None else endpoint(metrics, server):
            server.start(drain=drain, inspection=True)
    except CannotListen as error:
        raise click.ClickException(str(error.strerror)) from None
    logging.getLogger("eslsync").info("stopped")


def observed_by_metrics(app: Outbound) -> tuple[Observer, ...]:
    """Its observers, with Metrics among them."""
    try:
        with needs_extra("prometheus", "--metrics"):
            from ..prometheus import Metrics
    except MissingExtra as error:
        raise click.UsageError(str(error)) from None
    if any(isinstance(each, Metrics) for each in app.observers):
        return tuple(app.observers)
    return (*app.observers, Metrics())


def endpoint(address: str, app: Outbound) -> Endpoint:
    """Answers Prometheus and probes at an address."""
    from ..prometheus import Endpoint

    try:
        answers = Endpoint(address, app)
        where = f"{address.rpartition(':')[0]}:{answers.port}"
        logging.getLogger("eslsync").info("metrics on %s", where)
        return answers
    except ValueError as error:
        raise click.UsageError(f"--metrics: {error}") from None
    except OSError as error:
        why = f"can't serve metrics on {address}: {error.strerror or error}"
        raise click.ClickException(why) from None


def supervised(app: str, name: str | None, drain: float) -> int:
    """Serve the app with --reload; return the exit status."""
    from ..loading import AppName, LoadError

    try:
        from .reloading import supervise
    except MissingExtra as error:
        raise click.UsageError(str(error)) from None
    if os.name == "nt":
        raise click.UsageError("--reload passes a socket from process to process, as Unix can")
    try:
        return supervise(AppName.of(app, name), drain, passed_socket())
    except LoadError as error:
        raise files.Unusable(str(error)) from None


def passed_socket() -> socket.socket | None:
    """The TCP socket that systemd has passed to this process, if any."""
    from ..systemd import listen_sockets

    found = [
        each
        for each in listen_sockets()
        if each.family in (socket.AF_INET, socket.AF_INET6) and each.type == socket.SOCK_STREAM
    ]
    if len(found) > 1:
        ports = ", ".join(str(each.getsockname()[1]) for each in found)
        raise files.Unusable(
            f"systemd has passed {len(found)} TCP sockets, of the ports {ports}, and calls are "
            "taken from one: leave one ListenStream= in the socket unit (one port serves IPv4 and "
            "IPv6)"
        )
    return found[0] if found else None
