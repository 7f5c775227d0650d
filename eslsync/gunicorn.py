"""gunicorn manages the processes that serve calls.

``gunicorn -k eslsync.gunicorn.Worker -w 4 -b 0.0.0.0:5000 ivr:app``, where ``app`` is a handler, an
`Outbound`, or a call that makes one (docs/guides/production.md). This needs the extra ``gunicorn``.
"""

from __future__ import annotations

import logging
import math
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from .extras import needs_extra
from .loading import LoadError, load_handler
from .numbers import seconds
from .observers import End, ObservedCall, Observer
from .serving.access import Access
from .serving.holders import has_open, others_with
from .serving.hooks import Hooks
from .serving.outbound import Outbound, check_listening
from .session import Session

with needs_extra("gunicorn", "eslsync.gunicorn"):
    from gunicorn.errors import AppImportError
    from gunicorn.workers import base

__all__ = ["Worker"]

#: Maximum seconds between two turns of a worker's main thread.
TURN = 1.0
#: The variable of the environment with the seconds that calls have to finish when a worker ends
#: while its arbiter goes on, after a reload for example. Default: graceful_timeout.
DRAIN = "ESLSYNC_DRAIN"
#: Maximum seconds for handlers to clean up once their calls are cut.
CLEAN_UP = 5.0
#: The same if the arbiter stops at once: it kills its workers after 2 s.
QUICK_CLEAN_UP = 0.8

#: Settings of gunicorn's that mean nothing for calls, and why.
MEANINGLESS = {
    "threads": "each call has a thread, and max_calls limits them",
    "keepalive": "a connection is one call",
    "accesslog": "the logger eslsync, in the error log, has a line for each call",
    "certfile": "FreeSWITCH's event socket has no encryption",
    "keyfile": "FreeSWITCH's event socket has no encryption",
    "pre_request": "pass observers=[...] to the Outbound",
    "post_request": "pass observers=[...] to the Outbound",
    "dirty_apps": "a handler may block",
}


class Ending(NamedTuple):
    """How a worker ends."""

    patience: float  # seconds for calls to finish
    clean_up: float  # seconds for their handlers to clean up after that
    is_last: bool  # nobody goes on accepting from its sockets


class Worker(base.Worker):  # type: ignore[misc]  # gunicorn has no types
    """A process that serves calls; its main thread takes a turn at least every second."""

    #: Nobody connects to it: who has it open is this arbiter or one of its workers. (A new
    #: arbiter, after USR2, is another program, which doesn't inherit it.)
    mark: socket.socket | None = None

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Tell of settings (``cfg``) that mean nothing or harm for calls, by gunicorn's ``log``."""
        if cfg.uid != os.geteuid():
            log.warning(
                "workers of another user don't see when all stops, and calls that connect then are "
                "lost: start gunicorn as that user"
            )
        for name, why in MEANINGLESS.items():
            setting = cfg.settings.get(name)  # None: an older gunicorn
            if setting is not None and setting.get() != setting.default:
                log.warning("gunicorn's %s means nothing for calls: %s", name, why)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if Worker.mark is None:
            Worker.mark = socket.socket()
        self._quick = False  # calls are cut at once
        self._stopped: list[Outbound] = []  # as often as they were told to
        self._status = 0

    # What to serve

    def load_wsgi(self) -> None:
        """Load the handler or Outbound, and have one Outbound for each address."""
        self._drain = drain(self.cfg.graceful_timeout)
        self.wsgi = self._load()
        app = self.wsgi if isinstance(self.wsgi, Outbound) else Outbound(self.wsgi)
        self._adapt(app)
        self._hooks, app.hooks = app.hooks, Hooks()  # for all addresses together
        self._socks = [socket.socket(fileno=os.dup(each.fileno())) for each in self.sockets]
        for sock in self._socks:
            check_listening(sock)
        # The first is the program's own object, so that the program sees its calls.
        app.sock = self._socks[0]
        self._apps = [app, *(app.replace(sock=sock) for sock in self._socks[1:])]

    def _load(self) -> Any:
        name = getattr(self.app, "app_uri", None)  # None where gunicorn is embedded
        if name is None or self.cfg.preload_app:
            return self.app.wsgi()
        try:
            return load_handler(name)
        except LoadError as error:
            if not self.cfg.reload:
                raise AppImportError(str(error)) from error
            self.log.error("calls are given back until this is mended: %s", error)
            cause = error.__cause__
            if isinstance(cause, SyntaxError) and cause.filename:
                self.reloader.add_extra_file(cause.filename)
            return give_back

    def _adapt(self, app: Outbound) -> None:
        """Pass on what gunicorn's settings mean for calls."""
        cfg = self.cfg
        most = cfg.settings["worker_connections"]
        if app.max_calls is None and most.get() != most.default:
            app.max_calls = most.get()
        if cfg.proxy_protocol not in ("off", False) and not app.proxy_protocol:
            app.proxies = Access(networks(cfg.proxy_allow_ips), "proxy_allow_ips")
        if cfg.max_requests > 0:
            app.observers = (*app.observers, Count(self))
        if cfg.statsd_host:
            app.observers = (*app.observers, Statistics(self.log))

    # Its life

    def init_process(self) -> None:
        """Log where gunicorn logs, unless logging is configured for eslsync; then go on."""
        logger = logging.getLogger("eslsync")
        if not logger.hasHandlers():
            for handler in self.log.error_log.handlers:
                logger.addHandler(handler)
            logger.setLevel(self.log.error_log.level)
        super().init_process()

    def run(self) -> None:
        """Serve calls until it is to end, and see them out."""
        try:
            self._hooks.begin()
            try:
                self._serve()
            finally:
                self._see_out()
        except Exception:
            self._take_turn()  # because the arbiter starts another one at once
            raise
        finally:
            self._hooks.end()
        sys.exit(self._status)

    def _serve(self) -> None:
        if self._arbiter_listens() is False:
            return  # it has said so before there was a handler for its signal
        for app in self._apps:
            app.start(block=False, inspection=True)
        while self.alive and self._has_arbiter():
            respond = [app.responds() for app in self._apps]
            if all(respond):
                self.notify()
            if self.nr >= self.max_requests:
                for app in self._apps:
                    app.retire()
                if not any(app.calls for app in self._apps):
                    return
            self._take_turn()

    def _take_turn(self) -> None:
        """Wait for a signal or a nudge, but not for long."""
        if select.select(self.PIPE[:1], [], [], min(self.timeout or TURN, TURN))[0]:
            os.read(self.PIPE[0], 4096)

    def nudge(self) -> None:
        """Have the main thread take its next turn now."""
        os.write(self.PIPE[1], b"!")

    def _see_out(self) -> None:
        """Let calls finish while there is time; what that is may change on the way."""
        ending: Ending | None = None
        stops = 0
        due = math.inf
        while ending is None or len(self._stopped) < stops:
            if time.monotonic() < due and not self._status:  # else they are stuck: be killed
                self.notify()
            now = self._ending(ending)
            if now != ending:
                ending = now
                if ending.is_last:  # so that the port is closed once the servers have closed theirs
                    for sock in (*self._socks, *self.sockets):
                        sock.close()
                due = min(due, time.monotonic() + ending.patience + 2 * ending.clean_up)
                for app in self._apps:
                    stop = threading.Thread(target=self._stop, args=(app, ending))
                    stop.daemon = True
                    stop.start()
                    stops += 1
            self._take_turn()

    def _stop(self, app: Outbound, ending: Ending) -> None:
        try:
            app.stop(ending.patience, clean_up=ending.clean_up, last=ending.is_last)
        finally:
            self._stopped.append(app)
            self.nudge()

    def _ending(self, before: Ending | None) -> Ending:
        """How to end, as things are now."""
        grace, is_last = self.cfg.graceful_timeout, before is not None and before.is_last
        listens = False if is_last else self._arbiter_listens()
        is_last = is_last or self._is_last(listens)
        if self._quick:
            return Ending(0.0, QUICK_CLEAN_UP, is_last)
        if listens or not self._has_arbiter():
            return Ending(self._drain, CLEAN_UP, is_last)
        # The arbiter kills it at graceful_timeout, and calls have to be given back before.
        clean_up = min(CLEAN_UP, grace / 5)
        return Ending(grace - 2 * clean_up, clean_up, is_last)

    # Who else accepts?

    def _has_arbiter(self) -> bool:
        return bool(self.ppid == os.getppid())

    def _arbiter_listens(self) -> bool | None:
        """True if the arbiter goes on; it closes its sockets before it stops. None: unknown."""
        if self.cfg.reuse_port:
            return None  # the sockets are this worker's own
        if not self._has_arbiter():
            return False
        return has_open(self.ppid, self._socks[0])

    def _is_last(self, arbiter_listens: bool | None) -> bool:
        """True if only workers of this arbiter, which end as well, have its sockets open."""
        if self.cfg.reuse_port:
            return True
        if arbiter_listens is not False:
            return False
        assert self.mark is not None
        if any(os.fstat(sock.fileno()).st_uid != os.geteuid() for sock in self._socks):
            return False  # another user made it, systemd for example, and may have it open
        return all(has_open(pid, self.mark) for sock in self._socks for pid in others_with(sock))

    # Signals; those not named here do what they do in all of gunicorn's workers

    def handle_quit(self, sig: int, frame: object) -> None:
        """QUIT and INT: cut all calls."""
        self.alive = False
        self._quick = True
        self.cfg.worker_int(self)

    def handle_abort(self, sig: int, frame: object) -> None:
        """ABRT: its threads are stuck; save what can be saved before it is killed, 1 s later."""
        self.alive = False
        self._quick = True
        self._status = 1
        self.cfg.worker_abort(self)


class Count(Observer):
    """Counts a worker's calls, for max_requests."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def taken(self, call: ObservedCall, at: float) -> None:
        self._worker.nr += 1
        self._tell()

    def ended(self, call: ObservedCall, how: End, at: float) -> None:
        self._tell()

    def _tell(self) -> None:
        """Once there were that many, each may be what the worker waits for."""
        if self._worker.nr >= self._worker.max_requests:
            self._worker.nudge()


class Statistics(Observer):
    """Tells gunicorn's statsd of calls, by the names that it has for requests."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def ended(self, call: ObservedCall, how: End, at: float) -> None:
        self._tell("gunicorn.requests", 1, "counter")
        self._tell(f"gunicorn.request.status.{how.replace(' ', '_')}", 1, "counter")
        self._tell("gunicorn.request.duration", (at - call.connected) * 1000, "timer")

    def _tell(self, metric: str, value: float, kind: str) -> None:
        self._log.debug("", extra={"metric": metric, "value": value, "mtype": kind})


def give_back(session: Session) -> None:
    """Serves calls whose handler can't be loaded: the dialplan goes on."""


def drain(default: float) -> float:
    """The seconds of ESLSYNC_DRAIN. Raises AppImportError, which stops gunicorn as it starts."""
    given = os.environ.get(DRAIN, default)
    try:
        return seconds(DRAIN, float(given))
    except ValueError:
        raise AppImportError(f"{DRAIN} must be a number of seconds, not {given!r}") from None


def networks(hosts: Sequence[str]) -> list[str]:
    """gunicorn's list of addresses, in which * is every one."""
    return [net for host in hosts for net in (["0.0.0.0/0", "::/0"] if host == "*" else [host])]
