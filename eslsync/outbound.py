"""The server that FreeSWITCH's ``socket`` application connects to: a thread a call."""

from __future__ import annotations

import logging
import selectors
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from .clock import REAL, Clock, Peer
from .connection import Connection
from .conversation import Stopped
from .exceptions import CommandError, Disconnected, ESLError, Hangup
from .message import Format
from .reader import Reader
from .session import Session, event_list

__all__ = ["Handler", "Outbound"]

logger = logging.getLogger("eslsync")

#: A function that handles one call.
Handler = Callable[[Session], Any]

#: Connections that may wait to be accepted; socketserver's own 5 overflows in a burst of calls.
BACKLOG = 512
#: Seconds until the next try when no connection can be accepted (no more descriptors, say).
ACCEPT_PAUSE = 1.0
#: Seconds that a handler has to end after `stop` has cut its call.
CUT_TIMEOUT = 5.0
#: Seconds that it has to end after the reader has stopped, too: nothing is left to wait for.
LAST_TIMEOUT = 1.0


class Outbound:
    """Takes the calls that FreeSWITCH hands over (event socket, outbound mode).

    ``handler`` is called with a `Session` for each call, in a thread of its own. When it
    returns, or raises, with the call still up, the call goes back to the dialplan: FreeSWITCH
    goes on with what stands after ``socket`` there, or hangs up where nothing does (recordings
    12c, 12k, 12n). What it raises is logged, Hangup apart, which is a normal end.

    ``host`` and ``port`` say where to listen (port 0: any that is free; see ``port``).
    ``events``: True for every event of the call, a list of event names for those and the few
    that blocking calls rest on, False for none: application methods then return at the reply.
    ``format``: how the switch writes them, "plain", "json" or "xml"; the `Event` is the same,
    and decoded fastest from plain.
    ``linger``: stay connected after the hangup for the final events (True), for at most so
    many seconds (a number), or not (False). ``clock`` is for simulators.
    """

    def __init__(
        self,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 5000,
        *,
        events: bool | Sequence[str] = True,
        format: Format = "plain",
        linger: bool | int = True,
        clock: Clock = REAL,
    ) -> None:
        if not callable(handler):
            raise TypeError(f"the handler is a function of one argument, not {handler!r}")
        if isinstance(events, str):
            raise TypeError("events is True, False or a list of event names")
        if not isinstance(events, bool):
            event_list(events)
        if format not in ("plain", "json", "xml"):
            raise ValueError(f'a format is "plain", "json" or "xml", not {format!r}')
        if not 0 <= port <= 65535:
            raise ValueError(f"a port is a number from 0 to 65535, not {port!r}")
        if linger is not True and linger is not False and linger < 0:
            raise ValueError(f"linger is True, False or a number of seconds, not {linger!r}")
        self.handler = handler
        self.host = host
        self.events = events
        self.format = format
        self.linger = linger
        self.clock = clock
        self._port = port
        self._server: _Server | None = None
        self._stopping = threading.Lock()  # taken by the first to call stop(), and kept
        self._stopper: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def port(self) -> int:
        """The port it listens on; before `start`, the one it was told."""
        return self._port if self._server is None else self._server.server_address[1]

    @property
    def calls(self) -> tuple[Session, ...]:
        """The calls that handlers are working on now."""
        return () if self._server is None else tuple(self._server.sessions.values())

    def replace(self, **changes: Any) -> Outbound:
        """Another one, not started, with the same options but for ``changes``."""
        names = ("handler", "host", "port", "events", "format", "linger", "clock")
        return Outbound(**{**{name: getattr(self, name) for name in names}, **changes})

    def start(self, block: bool = True) -> None:
        """Listen, and take calls until `stop`.

        With ``block=True`` it returns after `stop` (called in another thread, say) or Ctrl-C,
        which stops it in the same way. With ``block=False`` it returns at once. Raises OSError
        if the address can't be listened on, RuntimeError if it has been started before.
        """
        if self._server is not None:
            raise RuntimeError("this Outbound has been started already")
        self._server = _Server(self)
        logger.info("listening on %s port %d", self.host, self.port)
        if block:
            try:
                self._stopped.wait()
            except KeyboardInterrupt:
                self.stop()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more calls, let those that are up finish, and cut what is left.

        Calls have ``timeout`` seconds; then every wait of their handlers raises Disconnected,
        which leaves them `CUT_TIMEOUT` seconds to clean up. Calls that are cut, and calls that
        arrived while it stopped, are given back to the dialplan. A handler that is stuck in
        something else is logged and left behind, so `stop` always returns. In a handler, it
        doesn't wait for that handler, whose own call goes on.
        """
        server, me, deadline = self._server, threading.current_thread(), REAL.deadline(timeout)
        if server is None:
            return
        if self._stopping.acquire(blocking=False):
            self._stopper = me
            try:
                server.stop(deadline)
            finally:
                self._stopped.set()
        elif me is not self._stopper and me not in server.threads:
            # Not for whom that stop() waits: a handler, or a signal's that interrupted it.
            self._stopped.wait()

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
        self.stop()


class _Server(socketserver.ThreadingTCPServer):
    """Accepts connections and runs the handler for each."""

    allow_reuse_address = True
    request_queue_size = BACKLOG

    def __init__(self, outbound: Outbound) -> None:
        self.outbound = outbound
        #: The thread of each call, and its session once that is open.
        self.threads: set[threading.Thread] = set()
        self.sessions: dict[threading.Thread, Session] = {}
        self._draining = False
        #: The call whose handler has called `stop`: it ends the reader.
        self._last: threading.Thread | None = None
        address = (outbound.host, outbound.port)
        self.address_family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        super().__init__(address, _Call)
        self.socket.setblocking(False)
        port = self.server_address[1]
        self.reader = Reader(f"eslsync-reader-{port}")
        self._wake, self._woken = socket.socketpair()
        self._acceptor = threading.Thread(
            target=self.serve_forever, name=f"eslsync-accept-{port}", daemon=True
        )
        self._acceptor.start()

    def serve_forever(self, poll_interval: float = 0.0) -> None:
        """Accept until `stop`; what knocked before that is accepted still, and turned away."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            draining = False
            while not draining:
                selector.select()
                draining = self._draining  # before the last look
                self._accept_all()
        self.socket.close()

    def _accept_all(self) -> None:
        while True:
            try:
                request, address = self.get_request()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # a peer that is gone again
            except OSError as error:
                logger.warning("no connection can be accepted for now: %s", error)
                self._pause()
                return
            self.process_request(request, address)

    def _pause(self) -> None:
        """Let some time pass, or `stop` begin: the connections that wait would be tried at once."""
        self._woken.settimeout(ACCEPT_PAUSE)
        try:
            self._woken.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            pass

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"eslsync-call-{client_address[1]}",
            daemon=True,
        )
        self.threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            self.threads.discard(thread)
            logger.error("a connection from %s could not be served: %s", client_address, error)
            request.close()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        finally:
            self.threads.discard(threading.current_thread())
            if self._last is threading.current_thread():
                self.reader.stop()

    def stop(self, deadline: float | None) -> None:
        me = threading.current_thread()
        self._draining = True
        self._wake.send(b"!")
        self._acceptor.join()
        self._wake.close()
        self._woken.close()
        self._join(deadline)
        for thread, session in tuple(self.sessions.items()):
            if thread is not me:
                session.logger.warning("stop: the call is cut")
                session._connection.cut(Stopped("the server is stopping"))
        self._join(REAL.deadline(CUT_TIMEOUT))
        if me in self.threads:
            self._last = me
        else:
            self.reader.stop()
            self._join(REAL.deadline(LAST_TIMEOUT))
        for thread in tuple(self.threads - {me}):
            logger.error("stop: %s is stuck in its handler, and left behind", thread.name)

    def _join(self, deadline: float | None) -> None:
        for thread in tuple(self.threads - {threading.current_thread()}):
            left = None if deadline is None else max(0.0, deadline - REAL.now())
            thread.join(left)

    def serve_call(self, sock: socket.socket, peer: Peer) -> None:
        """One connection, in its own thread."""
        outbound, thread = self.outbound, threading.current_thread()
        try:
            connection = Connection(sock, peer, outbound.clock, self.reader)
        except OSError as error:
            logger.debug("a connection from %s was gone at once: %s", peer, error)
            sock.close()
            return
        self.reader.watch(connection)
        session = Session(connection, outbound.clock)
        try:
            session._connect()
        except Disconnected as error:
            # Health checks look in like this, many times a minute.
            logger.debug("a connection from %s was no call: %s", peer, error)
            connection.close()
            return
        except ESLError as error:
            logger.warning("a connection from %s was no call: %s", peer, error)
            connection.close()
            return
        thread.name = f"eslsync-call-{session.uuid}"
        self.sessions[thread] = session
        try:
            if not self._draining and self._prepare(session):
                session.logger.info("call from %s", session.caller_number)
                outbound.handler(session)
        except Hangup:
            pass  # a normal end, and said below
        except Stopped:
            session.logger.info("the handler was cut by stop")
        except Disconnected as error:
            session.logger.warning("the handler ended: %s", error)
        except BaseException:
            session.logger.exception("the handler failed")
        finally:
            try:
                session._close()
            finally:
                del self.sessions[thread]

    def _prepare(self, session: Session) -> bool:
        """Ready for the handler? A switch that refuses the first commands gets its call back."""
        try:
            outbound = self.outbound
            session._prepare(outbound.events, outbound.linger, outbound.format)
        except CommandError as error:
            session.logger.warning("the handler is not called: %s", error)
            return False
        return True


class _Call(socketserver.BaseRequestHandler):
    """A connection, as socketserver hands it over."""

    server: _Server

    def handle(self) -> None:
        clock = self.server.outbound.clock
        clock.begun(self.client_address)
        try:
            self.server.serve_call(self.request, self.client_address)
        finally:
            clock.ended(self.client_address)
