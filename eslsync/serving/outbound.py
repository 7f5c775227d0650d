"""The server that FreeSWITCH's ``socket`` application connects to, as programs use it."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from ..call.handover import event_list
from ..callables import check_function
from ..checked import checked
from ..clock import REAL, Clock
from ..numbers import seconds, whole, whole_seconds
from ..observers import Observer
from ..session import Session
from ..wire.enums import HangupCause
from ..wire.message import Format
from ..wire.redaction import DTMF, redactor_of
from .access import LOOPBACK, Access
from .hooks import Hooks, HookT
from .listening import port_of
from .live import LiveCall, report
from .server import DRAIN_TIMEOUT, Server
from .service import Service
from .settings import CLOSE, Handler
from .signals import Signals

__all__ = ["Handler", "Outbound", "on_listen"]

logger = logging.getLogger("eslsync")

#: Default limit of one call's recording, in bytes: about 2,000 events.
RECORD_LIMIT = 10 * 1024 * 1024
#: Minimum limit of a recording, in bytes: the reply to `connect` alone may take 10 KB.
MIN_RECORD_LIMIT = 64 * 1024

#: What ``when_full`` may be.
WHEN_FULL = (CLOSE, *HangupCause)

#: The arguments of `Outbound`.
OPTIONS = (
    "handler",
    "host",
    "port",
    "events",
    "format",
    "linger",
    "allow",
    "proxy_protocol",
    "max_calls",
    "when_full",
    "max_call_duration",
    "redact",
    "record",
    "record_limit",
    "sock",
    "observers",
    "clock",
)


#: Called with each `Outbound` before it listens. (`eslsync.loading` raises there, so that a file
#: imported for its handler doesn't start its server.)
on_listen: list[Callable[[Outbound], None]] = []


@checked
class Outbound:
    """Takes the calls that FreeSWITCH hands over (event socket, outbound mode).

    For each call, ``handler`` is called with a `Session`, in a separate thread. If the call is
    still up when it returns or raises, the call goes back to the dialplan: FreeSWITCH continues
    after ``socket`` there, or hangs up if nothing follows (recordings 12c, 12k, 12n). What still
    plays or records is broken off. Exceptions are logged, except Hangup, which is a normal end.

    It listens on ``host`` and ``port`` (0: any free port; see ``port``).
    ``events``: True for every event of the call; a list of event names for those and the few
    that blocking calls need; False for none, and application methods return at the reply.
    ``format``: the switch's format of events, "plain", "json" or "xml". The `Event` objects are
    the same; plain is decoded fastest.
    ``linger``: stay connected after the hangup, for the final events and the handler's last
    commands: True for at most 60 s, a number of seconds, or False.

    ``allow`` lists the networks and hosts whose switches may call (``["10.0.0.0/8"]``); default:
    this machine, whatever ``host`` is. A call from elsewhere is hung up with CALL_REJECTED.
    (Just closing its connection would leave the caller parked for ever, recording 14b.)
    ``proxy_protocol`` lists the networks and hosts of proxies, such as HAProxy, that begin each
    connection with a header of the PROXY protocol, v1 or v2: ``allow``, limits and logs then go by
    the address in it. Nobody else may send one.

    ``max_calls`` is the maximum number of calls at one time (None: no limit). Further calls are
    hung up with ``when_full``, a hangup cause. If ``when_full`` is "close", the server instead
    stops listening until a call has ended: FreeSWITCH fails to connect, and tries the next host
    of ``socket host1:port|host2:port`` or, after the last, continues the dialplan. Calls that
    have connected by then are given back to the dialplan. (docs/guides/production.md has what can't
    be avoided.)

    ``max_call_duration``: FreeSWITCH hangs up the call with ALLOTTED_TIMEOUT that many seconds
    after the handler began, or up to 1.5 s later, even if the handler is stuck (recording 27c).
    Giving the call back to the dialplan lifts the limit, unless the dialplan's ``socket`` entry
    lacks ``full``.

    ``redact`` lists headers and channel variables whose values are kept out of logs, recordings
    and the text of eslsync's exceptions; "DTMF" stands for digits that are pressed, sent or
    collected. ``record`` is a folder: the bytes of each call's connection are recorded in a file
    there, up to ``record_limit`` bytes (docs/guides/recordings.md).

    ``sock`` is a listening socket to accept from, instead of ``host`` and ``port``, that somebody
    else keeps open: systemd, or a parent whose other children accept from it, too. The server
    closes only its own copy. While it stops, connections are left to the others; those that
    nobody has accepted for 10 s are given back to the dialplan. So a restart refuses no call. While
    it is full, they are left to the others for 0.2 s, and then turned away with ``when_full``, or
    given back if that is "close".
    ``observers`` are told of what happens in each call (`eslsync.observers.Observer`).
    ``clock`` is for simulated time.

    Raises TypeError or ValueError, which says what is wrong, for a value that can't be.
    """

    @checked
    def __init__(
        self,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 5000,
        *,
        events: bool | Sequence[str] = True,
        format: Format = "plain",
        linger: bool | float = True,
        allow: Iterable[str] = LOOPBACK,
        proxy_protocol: Iterable[str] = (),
        max_calls: int | None = None,
        when_full: HangupCause | str = HangupCause.SWITCH_CONGESTION,
        max_call_duration: float | None = None,
        redact: Iterable[str] = (DTMF,),
        record: str | os.PathLike[str] | None = None,
        record_limit: int = RECORD_LIMIT,
        sock: socket.socket | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock = REAL,
    ) -> None:
        check_function("a handler", handler)
        if not host:
            raise ValueError('host must be a name or an address; "0.0.0.0" is every one of IPv4')
        if not host.isprintable():
            raise ValueError(f"host must be a name or an address, not {host!r}")
        whole("port", port, 0, 65535)
        if not isinstance(events, bool):
            events = tuple(events)
            event_list(events)
        if format not in ("plain", "json", "xml"):
            raise ValueError(f'format must be "plain", "json" or "xml", not {format!r}')
        if not isinstance(linger, bool):
            whole_seconds("linger", linger)
        if max_calls is not None:
            whole("max_calls", max_calls, 1)
        if when_full not in WHEN_FULL:
            raise ValueError(f'when_full must be "close" or a hangup cause, not {when_full!r}')
        if max_call_duration is not None and not whole_seconds(
            "max_call_duration", max_call_duration
        ):
            raise ValueError("max_call_duration must be more than 0 s, or None")
        folder = None if record is None else os.fspath(record)
        if folder == "":
            raise ValueError("record must name a folder, not ''")
        if folder is not None and not is_path(folder):
            raise ValueError(f"record must name a folder, and no path is {record!r}")
        whole("record_limit", record_limit, MIN_RECORD_LIMIT)
        if sock is not None:
            check_listening(sock)
        observers = tuple(observers)
        self.handler = handler
        self.host = host
        self.events: bool | Sequence[str] = events
        self.format = format
        self.linger = linger
        self.max_calls = max_calls
        self.when_full = when_full
        self.max_call_duration = max_call_duration
        self.record = folder
        self.record_limit = record_limit
        self.sock = sock
        self.observers: Sequence[Observer] = observers
        self.clock = clock
        self.hooks = Hooks()
        self.logs_report = False  #: True: at SIGUSR1, the report is one record of the log
        self.access = Access(allow)
        self.proxies = Access(proxy_protocol, "proxy_protocol")
        self.redactor = redactor_of(redact)
        self._port = port
        self._server: Server | None = None
        self._drain: float | None = None  # of a start() that blocks
        self._inspection = False  # as for start()

    @property
    def allow(self) -> tuple[str, ...]:
        """The networks and hosts whose switches may call."""
        return self.access.allow

    @property
    def proxy_protocol(self) -> tuple[str, ...]:
        """The networks and hosts of proxies that say whom they connect for."""
        return self.proxies.allow

    @property
    def redact(self) -> tuple[str, ...]:
        """Names of headers and variables whose values are kept out of logs, and "DTMF"."""
        return self.redactor.names

    @property
    def port(self) -> int:
        """The port it listens on; before `start`, the given one."""
        if self._server is not None:
            return self._server.port
        return self._port if self.sock is None else port_of(self.sock)

    @property
    def calls(self) -> tuple[LiveCall, ...]:
        """The calls that handlers work on now: who calls, how long, and what each waits for."""
        return () if self._server is None else self._server.connections.look()

    def report(self) -> str:
        """The calls that handlers work on now, with each handler's stack, as text to print."""
        return report(self.calls)

    @property
    def ready(self) -> bool:
        """True while a call that connects would be taken: it listens, and is not full."""
        return self._server is not None and self._server.welcomes

    def responds(self) -> bool:
        """True if the threads that serve all calls work, for a watchdog that asks now and then.

        Never waits: asks them to take a turn, and returns False if they have not taken, within 1 s,
        the one that was asked for before. False before `start` and once it has stopped.
        """
        return self._server is not None and self._server.responds()

    def __call__(self, session: Session) -> Any:
        """Call the handler: an Outbound may stand wherever a handler is wanted."""
        return self.handler(session)

    def replace(self, **changes: Any) -> Outbound:
        """Another Outbound, not started, with the same arguments except ``changes``.

        It has the functions of `on_start` and `on_stop` as well. With another ``host`` or ``port``
        it listens there, and not on this one's ``sock``.
        """
        if not {"host", "port"}.isdisjoint(changes):
            changes.setdefault("sock", None)
        other = Outbound(**{**{name: getattr(self, name) for name in OPTIONS}, **changes})
        other.hooks = self.hooks.copy()
        return other

    def on_start(self, function: HookT) -> HookT:
        """A decorator: call the function, without arguments, before the server listens.

        `start` calls it, in its own thread: open there what the calls share, a pool of connections
        for example. Each process that serves calls has its own. What it raises, `start` raises.
        Simulated calls don't call it, unless ``FreeSwitch(hooks=True)``.
        """
        return self.hooks.on_start(function)

    def on_stop(self, function: HookT) -> HookT:
        """A decorator: call the function, without arguments, once the last call has ended.

        It runs in the thread of ``start(block=True)``, or else in that of the `stop` that waits for
        the calls; the last one registered runs first. What it raises is logged.
        """
        return self.hooks.on_stop(function)

    def start(
        self, block: bool = True, *, drain: float = DRAIN_TIMEOUT, inspection: bool = False
    ) -> None:
        """Listen, and take calls until `stop`.

        With ``block=True``, returns when `stop`, called for instance in another thread or in a
        handler, has ended all calls. Ctrl-C stops it, too, and so does SIGTERM, in the main thread
        and unless the program handles it: calls have ``drain`` seconds to finish, and a second
        signal cuts them at once. SIGUSR1 prints `report` to standard error. SIGHUP and SIGUSR2 end
        nothing; only if SIGHUP comes because the terminal has closed, it stops as at SIGTERM. Under
        systemd it tells when it is ready, alive and stopping (`eslsync.systemd`). With
        ``block=False``, returns at once, handles no signals and tells nothing; the program's end
        stops it.

        With ``inspection=True``, `eslsync calls` shows its calls to the same user, as for `eslsync
        serve`, by a Unix socket in ``$XDG_RUNTIME_DIR/eslsync``, or else in ``/tmp/eslsync-UID``.

        Raises OSError, whose `strerror` says what to do, if it can't listen on the address, and
        RuntimeError if started before.
        """
        seconds("drain", drain)
        self._inspection = inspection
        if not block:
            self._listen()
            return
        self._drain = drain
        deadlines: list[float | None] = []  # of the signals so far

        def stop() -> None:
            deadlines.append(REAL.deadline(0.0 if deadlines else drain))
            if self._server is not None:
                self._server.ask(deadlines[-1], deadlines[-1])
            # These may wait for a database, for ever.
            if self.hooks.begins or (self.hooks.ends and len(deadlines) > 1):
                raise KeyboardInterrupt

        signals = Signals(stop, self.report, logs_report=self.logs_report)
        try:
            with signals:
                self._block(signals, deadlines, drain)
        finally:
            signals.restore()  # if `with` was interrupted in doing so

    def _block(self, signals: Signals, asked: list[float | None], drain: float) -> None:
        """Listen until all is stopped, or ``asked`` to be; an exception stops it, too."""
        service: Service | None = None
        try:
            server = self._listen()
            for deadline in asked:
                server.ask(deadline, deadline)
            service = Service(server)
            service.look()
            for event in (server.stopping, server.finished):
                # Not in one go: the system may hand a signal to any thread, and Python runs its
                # handler here.
                while not server.wait(service.interval, event):
                    service.look()
                    signals.say()
                service.look()
            self.stop()
        except BaseException as error:  # raised by the program's own signal handlers
            try:
                if service is not None:
                    service.stops(drain)
            finally:
                self._stop_in_order(drain)
            if not isinstance(error, KeyboardInterrupt):
                raise
        finally:
            with suppress(KeyboardInterrupt):  # by a further signal
                self.hooks.end()

    def _listen(self) -> Server:
        if self._server is not None:
            raise RuntimeError("this Outbound was started before; use replace() for another")
        for tell in on_listen:
            tell(self)
        if self.sock is not None and self.sock.fileno() < 0:
            raise OSError(errno.EBADF, "the given sock is closed: keep it open until start()")
        server = self._server = Server(self, inspection=self._inspection)
        try:
            self.hooks.begin()
            server.start()
            logger.info("listening on %s port %d", server.host, self.port)
            if self.allow == LOOPBACK and not server.listener.is_local:
                logger.warning("only calls from this machine are taken: list other hosts in allow=")
        except BaseException:
            self._stop_in_order(0.0)
            self.hooks.end()
            self._server = None
            raise
        return server

    def retire(self) -> None:
        """Leave new calls to the others that accept from ``sock``, as long as they take them.

        A call that nobody has taken for 0.2 s is handled here. Stop it when it has no calls, and
        none has been cut or has had to wait. Raises RuntimeError without ``sock``.
        """
        if self.sock is None:
            raise RuntimeError("only a server that shares a given sock can leave calls to others")
        if self._server is not None:
            self._server.retire()

    def stop(
        self,
        timeout: float = DRAIN_TIMEOUT,
        *,
        clean_up: float | None = None,
        last: bool = False,
    ) -> tuple[LiveCall, ...]:
        """Take no more calls, let the current ones finish, and cut those that don't.

        Returns snapshots of the calls that it cut, and logs them. Calls have ``timeout``
        seconds; then every wait of their handlers raises Disconnected, and they have ``clean_up``
        seconds to clean up, by default 5. Calls that are cut, and calls that connect while it
        stops, are given back to the dialplan. A handler that is stuck in code of its own is logged
        and left behind, and the server gives its call back; what that handler does later with the
        call raises Disconnected. So this always returns: at most 1 s after these, and 5 s more for
        each of these that hangs: the disk that calls are recorded to, an observer, the thread that
        reads. A second stop() with a shorter ``timeout`` cuts sooner.

        ``last``: nobody goes on accepting from the given ``sock``. So connections are refused from
        now on, as with a port of its own, and those that wait are given back. Otherwise they are
        left to the others, and none of that may be done.

        Called in a handler, it does not wait for that handler, whose own call continues: for
        ``drain`` seconds if `start` blocks, and else until somebody else stops the server, too.
        Called in a signal handler that has interrupted
        `start` or `stop`, it returns at once, and these return when all is stopped. So it does
        wherever user code runs inside eslsync: in other signal handlers, in finalizers.
        """
        deadline = REAL.deadline(seconds("timeout", timeout))
        if clean_up is not None:
            seconds("clean_up", clean_up)
        server = self._server
        if server is None:
            return ()
        if clean_up is not None:
            server.clean_up = clean_up
        if last:
            server.shares = False
        cut = server.stop(deadline, REAL.deadline(self._drain))
        if server.finished.is_set() and self._drain is None:
            self.hooks.end()
        return cut

    def _stop_in_order(self, timeout: float) -> None:
        """Stop; at once if that is interrupted, and in order however often it is."""
        try:
            self.stop(timeout)
        except BaseException:
            self._stop_in_order(0.0)
            raise

    def __enter__(self) -> Outbound:
        if self._server is None:
            self.start(block=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_in_order(DRAIN_TIMEOUT)


def check_listening(sock: socket.socket) -> None:
    """Raise ValueError for anything but a listening TCP socket."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        raise ValueError(f"sock must be a TCP socket: {sock!r}")
    try:
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:  # closed; or a system that can't tell
        if sock.fileno() < 0:
            raise ValueError("sock must be a listening socket: this one is closed") from None
        logger.debug("whether the given socket listens is not known: %s", error)
        return
    if not listens:
        raise ValueError(f"sock must listen: call its listen() first ({sock!r})")


def is_path(name: str) -> bool:
    """True if the system could have a file of that name."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False
