"""The ThreadingTCPServer behind an `Outbound`: who is let in, a thread a call, and the end.

Three kinds of thread: the acceptor (`serve_forever`), one for each connection
(`process_request_thread`), and whoever starts, asks or stops. What they share is changed under
``_lock``; the listening socket is the acceptor's alone.
"""

from __future__ import annotations

import logging
import selectors
import socket
import socketserver
import threading
from collections import OrderedDict
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..call.connection import Connection
from ..call.conversation import Conversation
from ..call.ending import Stopped
from ..call.handover import Handover
from ..call.reader import Reader
from ..clock import REAL, Peer
from ..session import Session
from ..stacks import call_user
from ..wire.enums import HangupCause
from ..wire.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)
from .live import LiveCall, Served, look_at

if TYPE_CHECKING:
    from .outbound import Outbound
    from .recorder import Recorder

__all__ = ["Server"]

logger = logging.getLogger("eslsync")

#: What `Outbound` may be told to do when it is full, besides hanging up with a cause.
CLOSE = "close"

#: Connections that may wait to be accepted; socketserver's own 5 overflows in a burst of calls.
BACKLOG = 512
#: A peer whose machine is gone is noticed after two minutes, whether it owes us an answer
#: (milliseconds, TCP_USER_TIMEOUT) or both sides are silent (seconds).
KEEP_ALIVE = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 120_000,
}
#: Seconds until the next try when no connection can be accepted (no more descriptors, say), or
#: the port can't be had again.
ACCEPT_PAUSE = 1.0
#: Connections at one time that are no calls: not yet, or because they are turned away. Those
#: beyond wait to be accepted meanwhile; a switch waits 25 s for the first word (recording 14a).
MAX_KNOCKING = 256
#: Of these, connections of peers that may not call: beyond it they are just closed.
MAX_STRANGERS = 16
#: Hosts of which it is known what has been logged about them.
MAX_HOSTS = 1000
#: Seconds that a handler has to end after `stop` has cut its call.
CUT_TIMEOUT = 5.0
#: Seconds that it has to end after the reader has stopped, too: nothing is left to wait for.
LAST_TIMEOUT = 1.0


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections and runs the handler for each."""

    allow_reuse_address = True
    request_queue_size = BACKLOG

    def __init__(self, outbound: Outbound) -> None:
        self.outbound = outbound
        self._keep_books()
        self._listening = True  # the acceptor's, as is the socket
        address = (outbound.host, outbound.port)
        self.address_family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        super().__init__(address, _Call)
        with ExitStack() as undo:  # where something can't be had, nothing is left
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
            self._acceptor = threading.Thread(
                target=self.serve_forever, name=f"eslsync-accept-{self.port}", daemon=True
            )
            self._acceptor.start()
            undo.pop_all()

    def _recorder(self) -> Recorder | None:
        outbound = self.outbound
        if outbound.record is None:
            return None
        from .recorder import Recorder

        return Recorder(outbound.record, outbound.redactor, outbound.record_limit)

    def _keep_books(self) -> None:
        self._lock = threading.Lock()
        self._serving: set[threading.Thread] = set()  # one for each connection
        self._strangers: set[threading.Thread] = set()  # those of peers that may not call
        self._calls: dict[threading.Thread, Served] = {}  # those that are calls
        self._held_up = False  # the acceptor waits for one of these threads to get on
        self._draining = False
        self._last: threading.Thread | None = None  # its handler has called `stop`
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()  # what was logged of hosts

    def server_bind(self) -> None:
        """Bind, with the options that connections are to have: they inherit them."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            if hasattr(socket, option):
                self.socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        super().server_bind()

    # Any thread

    @property
    def calls(self) -> tuple[LiveCall, ...]:
        """The calls that handlers work on now."""
        # Copied in one operation and without the lock, since a signal's handler may ask as well,
        # whatever it has interrupted.
        calls = self._calls.copy()
        return tuple(look_at(call, thread) for thread, call in calls.items())

    def serves(self, thread: threading.Thread) -> bool:
        """Is it one of the threads that connections have?"""
        return thread in self._serving

    def _nudge(self) -> None:
        """Have the acceptor look again."""
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of unread wake-up calls, or closed: nobody needs another

    def _log_once(self, host: str, why: str, message: str, *arguments: object) -> None:
        """Log a warning; the next of the same kind about that host at DEBUG."""
        with self._lock:
            known = (host, why) in self._told
            self._told[host, why] = None
            self._told.move_to_end((host, why))
            if len(self._told) > MAX_HOSTS:
                self._told.popitem(last=False)
        logger.log(logging.DEBUG if known else logging.WARNING, message, *arguments)

    # The acceptor's thread

    def serve_forever(self, poll_interval: float = 0.0) -> None:
        """Accept until `stop`; what knocked before that is accepted still, and turned away."""
        watched: socket.socket | None = None
        exhausted = draining = False
        while not draining:
            with self._lock:
                self._held_up = True  # who gets on from here on tells, or is seen below
            if not (exhausted and self._listening):  # who could not be accepted would be reset
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
            with self._lock:
                draining = self._draining  # before the last look
            exhausted = not self._accept(BACKLOG if draining else 1)
            if not exhausted and self._listening and self._closes():
                exhausted = not self._accept(BACKLOG)  # who still waits would be reset
                if watched is not None:
                    self._selector.unregister(watched)
                    watched = None
        self.socket.close()

    def _accepts(self) -> bool:
        """May another connection be accepted? If not, a thread that gets on will tell."""
        with self._lock:
            knocking = len(self._serving) - len(self._calls)
            accepts = self._listening and knocking < MAX_KNOCKING
            self._held_up = not accepts
            return accepts

    def _accept(self, most: int) -> bool:
        """Take in those who knock by now; False if that can't be done for now."""
        for _ in range(most):
            if not (self._accepts() or self._is_last_look()):
                break
            try:
                request, address = self.get_request()
            except BlockingIOError:
                return True
            except ConnectionAbortedError:
                continue  # a peer that is gone again
            except OSError as error:
                logger.warning("no connection can be accepted for now: %s", error)
                return False
            self.process_request(request, address)
        return True

    def _is_last_look(self) -> bool:
        """Is everybody taken in who has knocked, to be given back?"""
        return self._listening and (self._draining or self._closes())

    def _closes(self) -> bool:
        """Is there to be nobody who listens?

        When those who knock may be enough to fill it, already: the next host is tried sooner.
        """
        most = self.outbound.max_calls
        if most is None or self.outbound.when_full != CLOSE:
            return False
        with self._lock:
            return len(self._serving) - len(self._strangers) >= most

    def _open_or_close(self) -> bool:
        """Listen, or do not, as it should be; False if the port can't be had again."""
        closes = self._closes()
        if closes and self._listening:
            # At once after the last accept: who gets in between is reset, and its caller parked.
            self.socket.close()
            self._listening = False
            self._log_once("", "full", "full: not listening until a call has ended")
        elif not (closes or self._listening):
            try:
                self.socket = socket.socket(self.address_family, self.socket_type)
                self.server_bind()
                self.server_activate()
            except OSError as error:
                self.socket.close()
                logger.warning("the port can't be listened on again for now: %s", error)
                return False
            self.socket.setblocking(False)
            self._listening = True
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        if has_ended(request):
            # A health check, many times a minute: not worth a thread.
            logger.debug("a connection from %s was no call: it has ended", client_address)
            request.close()
            return
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"eslsync-call-{client_address[1]}",
            daemon=True,
        )
        if not self._let_in(thread, stranger=not self.outbound.access.permits(client_address)):
            what = "a connection from %s was closed: too many are turned away already"
            self._log_once(client_address[0], "too many", what, client_address)
            request.close()
            return
        try:
            thread.start()
        except RuntimeError as error:
            self._let_out(thread)
            logger.error("a connection from %s could not be served: %s", client_address, error)
            request.close()

    def _let_in(self, thread: threading.Thread, *, stranger: bool) -> bool:
        """Count a connection in; False if there are too many of its kind, and it is just closed."""
        with self._lock:
            if stranger:
                if len(self._strangers) >= MAX_STRANGERS:
                    return False
                self._strangers.add(thread)
            self._serving.add(thread)
        return True

    def _let_out(self, thread: threading.Thread) -> None:
        with self._lock:
            self._serving.discard(thread)
            self._strangers.discard(thread)
            last = self._last
        self._let_go_on()
        if last is thread:
            self._stop_threads()

    def _stop_threads(self) -> None:
        """Those that serve all calls."""
        self.reader.stop()
        self._join(REAL.deadline(LAST_TIMEOUT))
        if self.recorder is not None:
            self.recorder.stop()

    def _let_go_on(self) -> None:
        """There is one less who knocks, or who is served: the acceptor may wait for that."""
        with self._lock:
            held_up = self._held_up
        if held_up:
            self._nudge()

    # A connection's thread

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        finally:
            self._let_out(threading.current_thread())

    def serve_call(self, sock: socket.socket, peer: Peer) -> None:
        """One connection, in its own thread."""
        thread = threading.current_thread()
        call = self._connect(sock, peer)
        if call is None:
            return
        refusal = self._refusal(call)
        if refusal is not None:
            self._turn_away(call, peer, *refusal)
            return
        session = call.session
        thread.name = f"eslsync-call-{session.uuid}"
        try:
            if self._prepare(call):
                call_user(self.outbound.handler, session)
        except Hangup:
            pass  # a normal end, and said below
        except Stopped:
            session.logger.info("the handler was cut by stop")
        except (Disconnected, ProtocolError) as error:
            session.logger.warning("the handler ended: %s", error)
        except BaseException:
            session.logger.exception("the handler failed")
        finally:
            try:
                call.handover.close()
            finally:
                with self._lock:
                    del self._calls[thread]

    def _refusal(self, call: Served) -> tuple[str, HangupCause | None] | None:
        """Why a call is turned away, and with which cause; None if it is counted in."""
        thread, outbound = threading.current_thread(), self.outbound
        with self._lock:
            if thread in self._strangers:
                why = f"its host is not among allow={list(outbound.allow)}"
                return why, HangupCause.CALL_REJECTED
            if outbound.max_calls is not None and len(self._calls) >= outbound.max_calls:
                cause = None if outbound.when_full == CLOSE else HangupCause(outbound.when_full)
                return f"there are max_calls={outbound.max_calls}", cause
            self._calls[thread] = call
        call.connection.admit()
        self._let_go_on()
        return None

    def _connect(self, sock: socket.socket, peer: Peer) -> Served | None:
        """Take the call that a connection is for; None if it is for none."""
        outbound = self.outbound
        try:
            connection = Connection(
                sock,
                peer,
                outbound.clock,
                self.reader.watch,
                redact=outbound.redactor,
                tape=None if self.recorder is None else self.recorder.tape(outbound.clock),
            )
        except OSError as error:
            logger.debug("a connection from %s was gone at once: %s", peer, error)
            sock.close()
            return None
        self.reader.watch(connection)
        conversation = Conversation(connection, outbound.clock, outbound.redactor)
        handover = Handover(conversation)
        taken = False
        try:
            handover.connect()
            taken = True
        except (Disconnected, Hangup) as error:
            # Health checks look in like this, many times a minute, and a caller may be gone (27f).
            logger.debug("a connection from %s was no call: %s", peer, error)
        except ESLError as error:
            why = "a connection from %s was no call: %s"
            self._log_once(peer[0], type(error).__name__, why, peer, error)
        finally:
            if not taken:
                connection.close()
        return Served(Session(conversation, handover), conversation, handover) if taken else None

    def _prepare(self, call: Served) -> bool:
        """Ready for the handler? A switch that refuses the first commands gets its call back."""
        with self._lock:
            if self._draining:
                return False
        outbound, session = self.outbound, call.session
        try:
            call.handover.prepare(
                outbound.events, outbound.linger, outbound.format, outbound.max_call_duration
            )
        except (CommandError, TimeoutError) as error:
            session.logger.warning("the handler is not called: %s", error)
            return False
        if session.logger.isEnabledFor(logging.INFO):
            number = outbound.redactor.value("Caller-Caller-ID-Number", session.caller_number)
            session.logger.info("call from %s", number)
        return True

    def _turn_away(self, call: Served, peer: Peer, why: str, cause: HangupCause | None) -> None:
        self._log_once(peer[0], why, "turned away a call from %s: %s", peer, why)
        if cause is None:
            call.handover.close()  # which gives it back
            return
        try:
            call.handover.refuse(cause)
        except ESLError as error:
            logger.debug("a call from %s was gone before it was turned away: %s", peer, error)
        finally:
            call.connection.close()

    # Stopping

    def stop(self, deadline: float | None) -> tuple[LiveCall, ...]:
        """End everything, in steps that each have their time; returns what was cut."""
        me = threading.current_thread()
        with self._lock:
            self._draining = True
            up = len(self._calls)
        logger.info("stopping; calls that are up: %d", up)
        self._nudge()
        self._acceptor.join()
        self._selector.close()
        self._wake.close()
        self._woken.close()
        self._join(deadline)
        cut = self._cut_all()
        self._join(REAL.deadline(CUT_TIMEOUT))
        with self._lock:
            mine = me in self._serving
            if mine:
                self._last = me  # it still needs the reader
        if not mine:
            self._stop_threads()
        for thread in self._others():
            logger.error("stop: %s is stuck in its handler, and left behind", thread.name)
        return cut

    def _cut_all(self) -> tuple[LiveCall, ...]:
        others = self._others()
        with self._lock:
            calls = [(self._calls[each], each) for each in others if each in self._calls]
        cut = tuple(look_at(call, thread) for call, thread in calls)
        for (call, _), seen in zip(calls, cut, strict=True):
            call.session.logger.warning("stop: the call is cut: %s", seen)
            call.connection.cut(Stopped("the server is stopping"))
        return cut

    def _others(self) -> list[threading.Thread]:
        """The threads of connections, but for the one that asks."""
        with self._lock:
            return [each for each in self._serving if each is not threading.current_thread()]

    def _join(self, deadline: float | None) -> None:
        for thread in self._others():
            left = None if deadline is None else max(0.0, deadline - REAL.now())
            if left != 0.0:
                self.outbound.clock.joining()
            thread.join(left)


def has_ended(sock: socket.socket) -> bool:
    """Has the peer closed its side already, and said nothing?"""
    sock.setblocking(False)
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False  # a switch says nothing before it is asked
    except OSError:
        return True


class _Call(socketserver.BaseRequestHandler):
    """A connection, as socketserver hands it over."""

    server: Server

    def handle(self) -> None:
        clock = self.server.outbound.clock
        clock.begun(self.client_address)
        try:
            self.server.serve_call(self.request, self.client_address)
        finally:
            clock.ended(self.client_address)
