"""Metrics of calls for Prometheus, by its own client (the extra ``prometheus``).

    metrics = Metrics()
    app = Outbound(handler, observers=[metrics])

`serve` answers Prometheus, and the probes of whoever runs the program. Several processes, such as
gunicorn's workers, share their figures if PROMETHEUS_MULTIPROC_DIR names a folder
(docs/guides/production.md). No label can have more values than FreeSWITCH and the program's source
have names, and none has a digit that a caller pressed.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .extras import needs_extra
from .observers import (
    End,
    ObservedApplication,
    ObservedCall,
    ObservedWait,
    Observer,
    Outcome,
    Reason,
)
from .wire.enums import HangupCause

if TYPE_CHECKING:
    from .serving.outbound import Outbound

with needs_extra("prometheus", "eslsync.prometheus"):
    from prometheus_client import (
        REGISTRY,
        CollectorRegistry,
        Counter,
        Gauge,
        Histogram,
        Metric,
        make_wsgi_app,
    )
    from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
    from prometheus_client.registry import Collector

__all__ = ["Endpoint", "Metrics"]

#: Seconds: calls last from moments to hours.
CALL = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200)
#: Seconds: applications and waits, from a `set` to a conversation.
STEP = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 300, 1800)
#: Seconds from the connection to the handler: three round trips to the switch.
SETUP = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
#: The maximum number of applications that have a label of their own. Others are "other".
NAMES = 200
#: Seconds between updates of what changes by itself, where Prometheus' client can't ask for it.
UPDATE_INTERVAL = 1.0
#: Seconds for each step of a client of `Endpoint` that sends its request and takes the answer.
REQUEST_TIMEOUT = 10.0

#: Requests of clients that are answered at the same time; the connections of others are closed. So
#: nobody takes the threads and descriptors that calls need.
MOST_REQUESTS = 32
#: Seconds between looks whether it is to stop, and until the next try when no client can be
#: accepted.
POLL_INTERVAL = 0.2

#: The folder in which the processes share their figures.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: Files there with gauges that count while their process lives, whose number ends the name.
LIVE_GAUGES = "gauge_live*_*.db"

CAUSES = frozenset(map(str, HangupCause))

#: Those that were made, by their registry.
MADE: WeakKeyDictionary[CollectorRegistry, Metrics] = WeakKeyDictionary()
MAKING = threading.Lock()


class Metrics(Observer):
    """Counts and times the calls of the servers that it observes.

    ``registry`` is Prometheus' (default: the process's own). There is one of these in a registry,
    which all servers share: a file with an app may be loaded several times, by tests for instance.
    """

    def __new__(cls, registry: CollectorRegistry = REGISTRY) -> Metrics:
        """Return the one of the registry; it is made when there is none."""
        with MAKING:
            found = MADE.get(registry)
            if found is None:
                found = super().__new__(cls)
                found._register(registry)
                MADE[registry] = found
            return found

    def _register(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, what: str, buckets: Iterable[float], *labels: str) -> Histogram:
            return Histogram(
                f"eslsync_{name}_seconds", what, labels, registry=registry, buckets=tuple(buckets)
            )

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"eslsync_{name}", what, labels, registry=registry)

        self._in_progress = Gauge(
            "eslsync_calls_in_progress",
            "Calls that handlers work on",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._running = Gauge(
            "eslsync_handler_running_seconds_max",
            "The longest that a handler has now been running its own code, without a wait",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._taken = counter("calls_taken", "Calls that were taken")
        self._refused = counter("calls_refused", "Calls that were turned away", "reason")
        self._ended = counter(
            "calls_ended",
            "Calls that have ended here: the hangup cause, or GIVEN_BACK, or CONNECTION_LOST; "
            "and how the handler ended",
            "cause",
            "handler",
        )
        self._duration = histogram(
            "call_duration", "From the connection until the server has finished with a call", CALL
        )
        self._answer = histogram(
            "call_answer", "From the beginning of the caller's leg until it is answered", STEP
        )
        self._setup = histogram("call_setup", "From the connection until the handler begins", SETUP)
        self._application = histogram(
            "application", "Applications, from sending until they end", STEP, "application"
        )
        self._wait = histogram("wait", "Waits of handlers for something else", STEP, "what")
        self._lock = threading.Lock()
        self._calls: dict[ObservedCall, str] = {}  # and how each was left, so far
        self._names: set[str] = set()
        self._updating = False
        if FOLDER not in os.environ:
            self._running.set_function(self.longest_run)

    # What an observer is told

    def taken(self, call: ObservedCall, at: float) -> None:
        self._taken.inc()
        self._in_progress.inc()
        with self._lock:
            self._calls[call] = "CONNECTION_LOST"
        if FOLDER in os.environ:
            self._keep_updated()

    def turned_away(self, call: ObservedCall, reason: Reason, at: float) -> None:
        self._refused.labels(reason).inc()

    def began(self, call: ObservedCall, at: float) -> None:
        self._setup.observe(at - call.connected)

    def application_ended(
        self, call: ObservedCall, application: ObservedApplication, outcome: Outcome, at: float
    ) -> None:
        self._application.labels(self._named(application.name)).observe(at - application.began)

    def wait_ended(
        self, call: ObservedCall, wait: ObservedWait, outcome: Outcome, at: float
    ) -> None:
        self._wait.labels(wait.what).observe(at - wait.began)

    def answered(self, call: ObservedCall, after: float, at: float) -> None:
        self._answer.observe(after)

    def hung_up(self, call: ObservedCall, cause: HangupCause | str, at: float) -> None:
        self._left(call, str(cause) if str(cause) in CAUSES else "other")

    def given_back(self, call: ObservedCall, at: float) -> None:
        self._left(call, "GIVEN_BACK")

    def ended(self, call: ObservedCall, how: End, at: float) -> None:
        with self._lock:
            cause = self._calls.pop(call, "CONNECTION_LOST")
        self._in_progress.dec()
        self._ended.labels(cause, how.replace(" ", "_")).inc()
        self._duration.observe(at - call.connected)

    # Its own

    def _left(self, call: ObservedCall, how: str) -> None:
        with self._lock:
            if call in self._calls:
                self._calls[call] = how

    def _named(self, application: str) -> str:
        """The label of an application; a program may have computed the name."""
        if application not in self._names:
            if len(self._names) >= NAMES:
                return "other"
            self._names.add(application)
        return application

    def longest_run(self) -> float:
        """Seconds since the handler that has been running the longest has waited."""
        now = time.time()
        with self._lock:
            since = [(call, call.runs_since) for call in self._calls]
        return max((now - call.wall(at) for call, at in since if at is not None), default=0.0)

    def _keep_updated(self) -> None:
        """Update what changes by itself, in a thread, as long as there are calls.

        Prometheus' client calls no functions where several processes share their figures.
        """
        with self._lock:
            if not self._updating:
                thread = threading.Thread(target=self._update, name="eslsync-metrics", daemon=True)
                thread.start()  # raises if there are no threads: the next call tries again
                self._updating = True

    def _update(self) -> None:
        pause = threading.Event()
        while True:
            self._running.set(self.longest_run())
            with self._lock:
                if not self._calls:
                    self._running.set(0)  # the last may have ended since
                    self._updating = False
                    return
            pause.wait(UPDATE_INTERVAL)


class Endpoint:
    """An HTTP server for Prometheus and for probes, on a thread of its own::

        with Endpoint("127.0.0.1:9100", app):
            app.start()

    ``/metrics``: the figures of ``registry``, or of all processes that share a folder; what those
    that have died had in progress is left out.
    ``/healthz``: 200 if the threads of ``app`` work (`Outbound.responds`), else 503: restart it.
    ``/readyz``: 200 while it takes calls (`Outbound.ready`), else 503: send it none.
    Without ``app`` only ``/metrics`` is there.

    Raises ValueError for an ``address`` that is not HOST:PORT, and OSError if it can't listen
    there.
    """

    def __init__(
        self, address: str, app: Outbound | None = None, registry: CollectorRegistry | None = None
    ) -> None:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"an address is HOST:PORT, such as 127.0.0.1:9100, not {address!r}")
        if registry is None:
            registry = shared_registry() if FOLDER in os.environ else REGISTRY
        self._app = app
        self._metrics = make_wsgi_app(registry)
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][0]
        self._server = Server((host, int(port)), family)
        self._server.set_app(self._answer)
        self.port: int = self._server.server_address[1]  #: the port that it listens on
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(POLL_INTERVAL,),
            name="eslsync-endpoint",
            daemon=True,
        )
        self._thread.start()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path, app = environ["PATH_INFO"], self._app
        if path == "/metrics":
            figures: Iterable[bytes] = self._metrics(environ, start_response)
            return figures
        probes: dict[str, Callable[[], bool]] = {}
        if app is not None:
            probes = {"/healthz": app.responds, "/readyz": lambda: app.ready}
        status = "404 Not Found"
        if path in probes:
            status = "200 OK" if probes[path]() else "503 Service Unavailable"
        start_response(status, [("Content-Type", "text/plain")])
        return [f"{status[4:]}\n".encode()]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that a slow client holds up nobody."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], family: int) -> None:
        self.address_family = family
        self._free = threading.Semaphore(MOST_REQUESTS)
        super().__init__(address, Request)

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except OSError:  # out of descriptors, say: it would be tried again at once
            time.sleep(POLL_INTERVAL)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread can be started
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def server_bind(self) -> None:
        # While gunicorn is upgraded (USR2), the old and the new arbiter both listen.
        if FOLDER in os.environ and hasattr(socket, "SO_REUSEPORT"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Not HTTPServer's, which asks the DNS for the host's name, and may wait for it.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no error."""


class Request(WSGIRequestHandler):
    """One request; not logged."""

    timeout = REQUEST_TIMEOUT

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def shared_registry() -> CollectorRegistry:
    """A registry of the figures of all processes that share the folder."""
    registry = CollectorRegistry()
    registry.register(Shared())
    return registry


class Shared(Collector):
    """The figures in the folder, without gauges of processes that have died."""

    def __init__(self) -> None:
        self._all = MultiProcessCollector(None)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        for file in Path(os.environ[FOLDER]).glob(LIVE_GAUGES):
            process = file.stem.rpartition("_")[2]
            if process.isdecimal() and not is_alive(int(process)):
                with suppress(FileNotFoundError):  # another request has removed it
                    mark_process_dead(int(process))  # type: ignore[no-untyped-call]
        metrics: Iterable[Metric] = self._all.collect()  # type: ignore[no-untyped-call]
        return metrics


def is_alive(process: int) -> bool:
    """True if there is a process of that number, or if the system can't tell."""
    if sys.platform == "win32":  # there os.kill ends it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        pass
    return True
