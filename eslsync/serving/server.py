"""The ThreadingTCPServer behind an `Outbound`: it accepts connections, and stops in order.

Three kinds of thread meet here: the acceptor (`serve_forever`), one per connection (`Reception`),
and those that start, ask or stop. They share `Connections`; the acceptor owns the socket.
"""

from __future__ import annotations

import logging
import selectors
import socket
import socketserver
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..call.ending import Stopped
from ..call.reader import Reader
from ..clock import REAL
from .connections import Connections
from .live import LiveCall, look_at
from .reception import Reception
from .settings import CLOSE, Settings

if TYPE_CHECKING:
    from .recorder import Recorder

__all__ = ["Server"]

logger = logging.getLogger("eslsync")

#: Connections that may wait to be accepted; socketserver's default of 5 overflows in a burst.
BACKLOG = 512
#: Notice after two minutes that a peer's machine is gone, whether TCP waits for its answer
#: (milliseconds, TCP_USER_TIMEOUT) or both sides are silent (seconds).
KEEP_ALIVE = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 120_000,
}
#: Seconds until the next try when no connection can be accepted (out of descriptors, for
#: example), or the port can't be opened again.
ACCEPT_PAUSE = 1.0
#: Seconds for a handler to end after `stop` has cut its call.
CUT_TIMEOUT = 5.0
#: Seconds for it to end after the reader has stopped, too, and no wait is left.
LAST_TIMEOUT = 1.0


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections, and hands each to `Reception` on a new thread."""

    allow_reuse_address = True
    request_queue_size = BACKLOG

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connections = Connections(self._nudge)
        self._listening = True  # the acceptor's, as is the socket
        self._last: threading.Thread | None = None  # its handler has called `stop`
        address = (settings.host, settings.port)
        self.address_family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        super().__init__(address, _Accepted)
        with ExitStack() as undo:  # closes what is open if something fails
            undo.callback(self.socket.close)
            self.socket.setblocking(False)
            self.port: int = self.server_address[1]
            self._wake, self._woken = socket.socketpair()
            undo.callback(self._wake.close)
            undo.callback(self._woken.close)
            self._wake.setblocking(False)
            self._woken.setblocking(False)
            self._selector = selectors.DefaultSelector()
            undo.callback(self._selector.close)
            self._selector.register(self._woken, selectors.EVENT_READ)
            self.reader = Reader(f"eslsync-reader-{self.port}")
            undo.callback(self.reader.stop)
            self.recorder = self._recorder()
            if self.recorder is not None:
                undo.callback(self.recorder.stop)
            self.reception = Reception(settings, self.connections, self.reader, self.recorder)
            self._acceptor = threading.Thread(
                target=self.serve_forever, name=f"eslsync-accept-{self.port}", daemon=True
            )
            self._acceptor.start()
            undo.pop_all()

    def _recorder(self) -> Recorder | None:
        settings = self.settings
        if settings.record is None:
            return None
        from .recorder import Recorder

        return Recorder(settings.record, settings.redactor, settings.record_limit)

    def server_bind(self) -> None:
        """Bind, with socket options that connections inherit."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            if hasattr(socket, option):
                self.socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        super().server_bind()

    def _nudge(self) -> None:
        """Have the acceptor look again. Any thread."""
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of nudges, or closed

    # The acceptor's thread

    def serve_forever(self, poll_interval: float = 0.0) -> None:
        """Accept until `stop`; calls that have connected by then are accepted and given back."""
        watched: socket.socket | None = None
        exhausted = draining = False
        while not draining:
            # From here on, a thread that makes room nudges; earlier room is seen below.
            self.connections.hold_up()
            if not (exhausted and self._listening):  # closing would reset waiting connections
                exhausted = not self._open_or_close()
            wanted = self.socket if self._accepts() and not exhausted else None
            if watched is not wanted:
                if watched is not None:
                    self._selector.unregister(watched)
                if wanted is not None:
                    self._selector.register(wanted, selectors.EVENT_READ)
                watched = wanted
            ready = self._selector.select(ACCEPT_PAUSE if exhausted else None)
            if any(key.fileobj is self._woken for key, _ in ready):
                self._woken.recv(4096)
            draining = self.connections.closing  # before the last look
            exhausted = not self._accept(BACKLOG if draining else 1)
            if not exhausted and self._listening and self._closes():
                exhausted = not self._accept(BACKLOG)
                if watched is not None:
                    self._selector.unregister(watched)
                    watched = None
        self.socket.close()

    def _accepts(self) -> bool:
        """True if another connection may be accepted; if not, a nudge follows."""
        return self.connections.have_room(self._listening)

    def _accept(self, most: int) -> bool:
        """Accept up to ``most`` connections; False if none can be accepted for now."""
        for _ in range(most):
            if not (self._accepts() or self._is_last_look()):
                break
            try:
                request, address = self.get_request()
            except BlockingIOError:
                return True
            except ConnectionAbortedError:
                continue  # the peer is gone
            except OSError as error:
                logger.warning("no connection can be accepted for now: %s", error)
                return False
            self.process_request(request, address)
        return True

    def _is_last_look(self) -> bool:
        """True before the socket is closed: accept all connections, even without room."""
        return self._listening and (self.connections.closing or self._closes())

    def _closes(self) -> bool:
        """True if the server is full, and should stop listening.

        Connections that may become calls count, so that FreeSWITCH tries the next host sooner.
        """
        most = self.settings.max_calls
        if most is None or self.settings.when_full != CLOSE:
            return False
        return self.connections.may_be(most)

    def _open_or_close(self) -> bool:
        """Start or stop listening, by `_closes`; False if the port can't be opened again."""
        closes = self._closes()
        if closes and self._listening:
            # Right after the last accept: a peer in between is reset, and its caller parked.
            self.socket.close()
            self._listening = False
            self.connections.log_once("", "full", "full: not listening until a call has ended")
        elif not (closes or self._listening):
            try:
                self.socket = socket.socket(self.address_family, self.socket_type)
                self.server_bind()
                self.server_activate()
            except OSError as error:
                self.socket.close()
                logger.warning("can't listen on the port again for now: %s", error)
                return False
            self.socket.setblocking(False)
            self._listening = True
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        if has_ended(request):
            # A health check, many times a minute: spare a thread.
            logger.debug("a connection from %s was no call: it has ended", client_address)
            request.close()
            return
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"eslsync-call-{client_address[1]}",
            daemon=True,
        )
        stranger = not self.settings.access.permits(client_address)
        if not self.connections.let_in(thread, stranger=stranger):
            what = "a connection from %s was closed: too many are turned away already"
            self.connections.log_once(client_address[0], "too many", what, client_address)
            request.close()
            return
        try:
            thread.start()
        except RuntimeError as error:
            self.connections.let_out(thread)
            logger.error("a connection from %s could not be served: %s", client_address, error)
            request.close()

    # A connection's thread

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        thread = threading.current_thread()
        try:
            self.finish_request(request, client_address)
        finally:
            self.connections.let_out(thread)
            if self._last is thread:
                self._stop_threads()

    # Stopping

    def stop(self, deadline: float | None) -> tuple[LiveCall, ...]:
        """End everything, in steps with a time limit each; return the calls that were cut."""
        me = threading.current_thread()
        self.connections.closing = True
        logger.info("stopping; calls that are up: %d", len(self.connections.calls))
        self._nudge()
        self._acceptor.join()
        self._selector.close()
        self._wake.close()
        self._woken.close()
        self._join(deadline)
        cut = self._cut_all()
        self._join(REAL.deadline(CUT_TIMEOUT))
        if me in self.connections:
            self._last = me  # its handler still needs the reader
        else:
            self._stop_threads()
        for thread in self.connections.others:
            logger.error("stop: %s is stuck in its handler, and left behind", thread.name)
        return cut

    def _cut_all(self) -> tuple[LiveCall, ...]:
        calls = self.connections.of_others()
        cut = tuple(look_at(call, thread) for thread, call in calls)
        for (_, call), seen in zip(calls, cut, strict=True):
            call.session.logger.warning("stop: the call is cut: %s", seen)
            call.connection.cut(Stopped("the server is stopping"))
        return cut

    def _stop_threads(self) -> None:
        """End the threads that serve all calls."""
        self.reader.stop()
        self._join(REAL.deadline(LAST_TIMEOUT))
        if self.recorder is not None:
            self.recorder.stop()

    def _join(self, deadline: float | None) -> None:
        for thread in self.connections.others:
            left = None if deadline is None else max(0.0, deadline - REAL.now())
            if left != 0.0:
                self.settings.clock.joining()
            thread.join(left)


def has_ended(sock: socket.socket) -> bool:
    """True if the peer has closed its side without sending anything."""
    sock.setblocking(False)
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False  # as any switch, which sends nothing before `connect`
    except OSError:
        return True


class _Accepted(socketserver.BaseRequestHandler):
    """A connection, as socketserver hands it over."""

    server: Server

    def handle(self) -> None:
        clock = self.server.settings.clock
        clock.begun(self.client_address)
        try:
            self.server.reception.serve(self.request, self.client_address)
        finally:
            clock.ended(self.client_address)
