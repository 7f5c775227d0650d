"""The server behind an `Outbound`: it listens, accepts connections, and ends its calls in order.

All of that happens in one thread, the acceptor, from opening the port to ending the last thread.
Others only ask it to stop, and wait. Python runs signal handlers in the main thread, so none can
interrupt the acceptor, wherever Ctrl-C finds the program. (`Thread.join` in the main thread would
not do: before Python 3.13, interrupting it marks a thread as ended that still runs.)
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING
from weakref import WeakSet

from .. import forks
from ..call.ending import Stopped
from ..call.reader import Reader, why_unwatched
from ..clock import REAL, Deadline, Peer, here, may_wait
from ..logs import logger
from .connections import Connections
from .hooks import end_all
from .last_line import log_end
from .listening import (
    BACKLOG,
    FULL_YIELDS,
    LOOK_INTERVAL,
    STOPPING_YIELDS,
    SharedListener,
    listener_for,
    port_of,
    told,
)
from .live import LiveCall, look_at
from .observing import Observers
from .reception import Reception
from .settings import CLOSE, Settings
from .sleepers import make_room

if TYPE_CHECKING:
    from .recorder import Recorder

__all__ = ["RUNNING", "Server"]

#: Seconds until the next try when no connection can be served (out of descriptors or threads, for
#: example), or the port can't be opened again.
ACCEPT_PAUSE = 1.0
NOT_ACCEPTED = "no connection can be accepted for now: %s"
#: Seconds for handshakes to complete that have begun when the server stops listening: a round
#: trip between two sites.
HANDSHAKE_TIME = 0.1
#: Seconds for a handler to end after `stop` has cut its call.
CUT_TIMEOUT = 5.0
#: Seconds for switches to take back the calls of handlers that are stuck, and for these handlers to
#: end after the reader has stopped, too, and no wait is left.
LAST_TIMEOUT = 1.0
#: Seconds for the acceptor to begin, after whoever started it was interrupted. It takes
#: microseconds; but it may be that the system was not asked for the thread yet.
BEGIN_TIMEOUT = 1.0
#: Seconds for its threads to take a turn that `responds` has asked for.
ANSWER_TIME = 1.0
#: Maximum connections that wait to be accepted when it stops listening.
MOST_WAITING = 2 * BACKLOG
#: Seconds for which a server leaves a connection to its siblings, for each doubling of its calls:
#: so the one with the fewest takes it. With 1,000 calls that is 5 ms.
HESITATION = 0.0005
#: The maximum number of connections that it then takes if they wait: where calls are many, the
#: siblings are busy, too.
AT_ONCE = 2
#: Default seconds that calls have to finish when a server stops.
DRAIN_TIMEOUT = 10.0
#: Maximum seconds of one wait in the selector; some systems refuse a month.
MAX_WAIT = 86_400.0

#: The servers that have started and not ended.
RUNNING: WeakSet[Server] = WeakSet()


class Server:
    """Serves calls from `start` until `stop`."""

    def __init__(self, settings: Settings, *, inspection: bool = False) -> None:
        self.settings = settings
        self._inspection = inspection
        sock = settings.sock
        #: The address that it listens on, or the name as given. (Whoever has given a socket may
        #: close it, since the server has a copy.)
        self.host: str = settings.host if sock is None else sock.getsockname()[0]
        self.port = settings.port if sock is None else port_of(sock)
        self.connections = Connections(self._nudge, simulated=settings.clock.simulates)
        #: Set when it begins to stop: calls that connect from now on are given back.
        self.stopping = threading.Event()
        self.finished = threading.Event()  #: set when everything has ended
        self._thread = threading.Thread(target=self._run, name="eslsync-accept", daemon=True)
        self._starting = False
        self._begun = threading.Event()  # the acceptor runs
        self._started = threading.Event()  # it listens, or has failed
        self._failure: BaseException | None = None
        self._gate = forks.gate()
        # Who stops it; no lock is waited for, because a signal handler may do so.
        self._first = threading.Lock()  # taken for good by the first who does
        self._waiting: set[threading.Thread] = set()  # for `finished`
        #: Seconds for a handler to end once its call is cut, other than CUT_TIMEOUT.
        self.clean_up: float | None = None
        #: True while others accept from the same socket, or will.
        self.shares = settings.sock is not None
        #: True if calls are left to those, as long as they take them.
        self.retires = False
        self._spared: set[threading.Thread] = set()  # their handlers have called `stop`
        self._times: list[float] = []  # when calls are cut, except those that are spared
        self._times_of_spared: list[float] = []  # when these are cut
        self._others_ended = threading.Event()
        # The acceptor's:
        self._cut: tuple[LiveCall, ...] = ()
        self._last: Deadline | None = None  # the last moment for what is left behind
        self._is_open = False
        self.reader: Reader
        self.observers: Observers | None = None
        self._watched: socket.socket | None = None  # the listening socket, while it is waited for
        self._able = True  # False: out of descriptors or threads
        self._turns = 0
        self._asked: tuple[float, int, int] | None = None  # when, its own and the reader's turns
        self._responds = True  # the last answer
        self._unserved: deque[tuple[socket.socket, Peer]] = deque()  # accepted, without a thread

    # Other threads

    def start(self) -> None:
        """Listen, and return. Raises OSError or RuntimeError if that fails."""
        self._starting = True
        if not self.settings.clock.simulates:
            make_room()
        self._thread.start()
        self._started.wait()
        failure, self._failure = self._failure, None
        if failure is not None:
            self._wait()
            try:
                raise failure
            finally:
                del failure

    def ask(self, deadline: float | None, last: float | None) -> None:
        """Have it stop: calls are cut at ``deadline``, and those that are spared at ``last``.

        A signal handler may do so, whatever it has interrupted.
        """
        self._times.append(math.inf if deadline is None else deadline)
        self._times_of_spared.append(math.inf if last is None else last)
        self.connections.cut_at = min(self._times)
        self.connections.closing = True
        self._nudge()

    def stop(self, deadline: float | None, own: float | None = None) -> tuple[LiveCall, ...]:
        """Have it stop, and wait; return the calls that were cut.

        If called in a handler, that is spared, and its own call is cut at the time ``own``.
        """
        me = threading.current_thread()
        first = self._first.acquire(blocking=False)
        if me in self.connections:  # it needn't wait for its own handler
            self._spared.add(me)
            self.ask(deadline, own)
            if not (first and may_wait()):
                return ()  # the other may be waiting for this handler
            self._others_ended.wait()
            return self._taken_cut()
        self.ask(deadline, deadline)
        if me in self._waiting or not may_wait():
            return ()  # a signal handler, or a finalizer: what it has interrupted has to go on
        if not (self._starting and self._begun.wait(BEGIN_TIMEOUT)):
            return ()  # its start was interrupted; it would end at once
        self._wait()
        return self._taken_cut()

    def retire(self) -> None:
        """Leave calls to others that accept from the same socket, as long as they take them."""
        self.retires = True
        self._nudge()

    def wait(self, timeout: float, event: threading.Event | None = None) -> bool:
        """Wait until everything has ended, or for `stopping`; False after ``timeout`` seconds."""
        me = threading.current_thread()
        try:
            try:
                self._waiting.add(me)
                return (event or self.finished).wait(timeout)
            finally:
                self._waiting.discard(me)
        finally:
            self._waiting.discard(me)  # if a signal's handler has interrupted that

    def _wait(self) -> None:
        while not self.wait(MAX_WAIT):
            pass
        if self._thread.is_alive():  # not in a forked child
            self._thread.join()  # it does nothing more

    def responds(self) -> bool:
        """True if its threads have turned since the last question, or this is the first."""
        if not self._is_open or self.finished.is_set():
            return False
        asked, now = self._asked, (REAL.now(), self._turns, self.reader.turns)
        if asked is not None:
            turned = now[1] > asked[1] and now[2] > asked[2]
            if not turned and now[0] - asked[0] < ANSWER_TIME:
                return self._responds
            self._responds = turned
        self._asked = now
        self._nudge()
        self.reader.nudge()
        return self._responds

    @property
    def welcomes(self) -> bool:
        """True while a call that connects would be taken."""
        listens = self._is_open and not self.connections.closing and self.listener.welcomes
        return listens and not self.retires and not self._is_full()

    def _taken_cut(self) -> tuple[LiveCall, ...]:
        cut, self._cut = self._cut, ()
        return cut

    def _nudge(self) -> None:
        """Have the acceptor look again. Any thread."""
        if not self._is_open:
            return
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of nudges, or closed

    def let_go(self) -> None:
        """In a forked child, where nothing of this runs: whoever waits for its end goes on."""
        RUNNING.discard(self)
        self.connections.let_go()
        self.listener.let_go()
        self.reader.let_go()
        if self.recorder is not None:
            self.recorder.let_go()
        self.observers = None
        for each in (self._selector, self._wake, self._woken):
            each.close()
        for sock, _ in self._unserved:
            sock.close()
        self.stopping = self.finished = threading.Event()
        self._others_ended = self._started = self.finished
        self.finished.set()

    # The acceptor

    def _run(self) -> None:
        self._begun.set()
        try:
            with here.busy, ExitStack() as resources:
                try:
                    self._open(resources)
                except BaseException as error:  # noqa: BLE001 - start() raises it
                    self._failure = error
                    return
                self._started.set()
                try:
                    self._take_calls()
                except Exception:  # a bug of ours: calls still end in order
                    logger.exception("the server has failed, and stops")
                    deadline = REAL.deadline(DRAIN_TIMEOUT)
                    self.ask(deadline, deadline)
                self._end_calls()
            for thread in self.connections.others:
                logger.error("stop: %s is stuck in its handler, and left behind", thread.name)
        finally:
            RUNNING.discard(self)
            for event in (self.stopping, self._others_ended, self.finished, self._started):
                event.set()

    def _open(self, resources: ExitStack) -> None:
        """Open and start everything, to be ended in the opposite order."""
        settings = self.settings
        self.listener = listener_for(settings.sock, settings.host, settings.port)
        with self._gate:
            self.listener.open()
            resources.callback(self.listener.close)
            self.port = self.listener.port
            with told(self.host, self.port):
                self._wake, self._woken = socket.socketpair()
                resources.callback(self._wake.close)
                resources.callback(self._woken.close)
                self._wake.setblocking(False)
                self._woken.setblocking(False)
                self._selector = selectors.DefaultSelector()
                resources.callback(self._selector.close)
                self._selector.register(self._woken, selectors.EVENT_READ)
            self.recorder = self._recorder()
            if self.recorder is not None:
                resources.callback(self.recorder.stop)
            self.observers = self._observers()
            if self.observers is not None:
                resources.callback(self.observers.stop)
            resources.callback(self._join)
            with told(self.host, self.port):
                self.reader = Reader(f"eslsync-reader-{self.port}")
            resources.callback(self.reader.stop)
            self._is_open = True
            forks.register(self)
        self.reception = Reception(
            settings, self.connections, self.reader, self.recorder, self.observers
        )
        self._thread.name = f"eslsync-accept-{self.port}"
        if self._inspection:
            from .inspection import inspected

            resources.enter_context(inspected(self._seen))
        RUNNING.add(self)

    def _seen(self) -> dict[str, object]:
        """What `eslsync calls` shows of the server."""
        return {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "host": self.host,
            "port": self.port,
            "stopping": self.connections.closing,
            "calls": [call.facts for call in self.connections.look()],
        }

    def _recorder(self) -> Recorder | None:
        settings = self.settings
        if settings.record is None:
            return None
        from .recorder import Recorder

        return Recorder(settings.record, settings.redactor, settings.record_limit)

    def _observers(self) -> Observers | None:
        observers = [each for each in self.settings.observers if each.observes()]
        if not observers:
            return None
        return Observers(observers, self.settings.clock, f"eslsync-observers-{self.port}")

    def _take_calls(self) -> None:
        """Accept until it is to stop; while it is full, don't listen if the settings say so."""
        able, more = True, 0  # more: may be accepted without hesitation
        while not self.connections.closing:
            # From here on, a thread that makes room nudges; earlier room is seen below.
            self.connections.hold_up()
            full = self._is_full()
            if isinstance(self.listener, SharedListener):
                if full or self.retires:
                    able = self._serve()
                    self._yield(self.listener, FULL_YIELDS, None if able else ACCEPT_PAUSE)
                    continue
            elif self.settings.when_full != CLOSE:
                full = False  # it takes them, and turns them away
            if full and self.listener.is_open:
                able = self._close()
            elif not (full or self.listener.welcomes):
                able = self._open_again()
            accepts = self.connections.have_room(able and self.listener.welcomes)
            ready = self._select(0.0 if more else None if able else ACCEPT_PAUSE, accepts)
            if ready and self.shares and not more:
                REAL.pause(hesitation(len(self.connections.calls)))
                more = AT_ONCE
            more = more - 1 if ready and more else 0
            if ready or not able:
                able = self._serve() and self._accept() and self._serve()

    def _is_full(self) -> bool:
        """True if there are max_calls.

        Connections that may become calls count, so that FreeSWITCH tries the next host sooner.
        """
        most = self.settings.max_calls
        return most is not None and self.connections.may_be(most)

    def _yield(self, listener: SharedListener, seconds: float, timeout: float | None) -> None:
        """Leave connections to siblings; take those that none takes, to turn them away.

        Returns after ``timeout``, at a nudge, or to look again.
        """
        waiting = self._select(0.0 if listener.waits else timeout, accepts=True)
        if listener.look(waiting, seconds):
            if not (self._accept(MOST_WAITING) and self._serve()):
                self._select(ACCEPT_PAUSE if timeout is None else min(timeout, ACCEPT_PAUSE))
        elif waiting:
            self._select(LOOK_INTERVAL)

    def _open_again(self) -> bool:
        """Listen again; False if that is impossible for now."""
        try:
            with self._gate:
                self.listener.open()
        except OSError as error:
            logger.warning("not listening again yet: %s", error.strerror)
            return False
        return True

    def _close(self) -> bool:
        """Stop listening, and serve all that have connected; False if that is not done yet."""
        self.listener.bar()
        deadline = REAL.now() + (0.0 if self.listener.is_local else HANDSHAKE_TIME)
        while self._accept(MOST_WAITING):
            left = deadline - REAL.now()
            if left <= 0:
                self._watch(None)
                self.listener.close()
                if not self.connections.closing:
                    what = "full: not listening until a call has ended"
                    self.connections.log_once("", "full", what)
                return self._serve()
            self._select(left, accepts=True)
        return False

    def _select(self, timeout: float | None, accepts: bool = False) -> bool:
        """Wait for a nudge, or for a connection if it ``accepts`` one; True if there is one."""
        if not self._watch(self.listener.sock if accepts else None):
            timeout = ACCEPT_PAUSE if timeout is None else min(timeout, ACCEPT_PAUSE)
        ready = [key.fileobj for key, _ in self._selector.select(timeout)]
        self._turns += 1
        if self._woken in ready:
            self._woken.recv(4096)
        return self._watched in ready

    def _watch(self, sock: socket.socket | None) -> bool:
        """Wait for this socket in the selector; False if that is impossible for now."""
        if self._watched is not sock:
            if self._watched is not None:
                self._selector.unregister(self._watched)
                self._watched = None
            if sock is not None:
                try:
                    self._selector.register(sock, selectors.EVENT_READ)
                except OSError as error:  # the system's limit on watched descriptors
                    # The reader could not watch a connection either: they wait to be accepted.
                    return self._is_able(NOT_ACCEPTED, why_unwatched(error))
            self._watched = sock
        return True

    def _accept(self, most: int = 1) -> bool:
        """Accept up to ``most`` connections that wait; False if that is impossible for now."""
        for _ in range(most if self.listener.is_open else 0):
            if most == 1 and not self.connections.have_room(self.listener.welcomes):
                break
            try:
                with self._gate:
                    self._unserved.append(self.listener.accept())
            except BlockingIOError:
                break
            except ConnectionAbortedError:
                continue  # the peer is gone
            except (OSError, MemoryError) as error:
                return self._is_able(NOT_ACCEPTED, error)
        return self._is_able()

    def _serve(self) -> bool:
        """Serve what was accepted; False if no thread can be started for now."""
        while self._unserved:
            sock, peer = self._unserved[0]
            try:
                self._serve_one(sock, peer)
            except _NoThread as error:
                return self._is_able("a connection waits for a thread: %s", error.__cause__)
            except Exception:  # a bug of ours costs one connection
                sock.close()
                logger.exception("a connection from %s was not served", peer)
            self._unserved.popleft()
        return True

    def _is_able(self, failure: str = "", why: object = None) -> bool:
        """False if there is a ``failure``, which is logged unless there was one before."""
        if failure:
            logger.log(logging.WARNING if self._able else logging.DEBUG, failure, why)
        self._able = not failure
        return self._able

    def _serve_one(self, sock: socket.socket, peer: Peer) -> None:
        """Serve a connection on a new thread. Raises _NoThread if none can be started."""
        if has_ended(sock):
            # A health check, many times a minute: spare a thread.
            logger.debug("a connection from %s was no call: it has ended", peer)
            sock.close()
            return
        thread = threading.Thread(
            target=self._serve_in_thread,
            args=(sock, peer),
            name=f"eslsync-call-{peer[1]}",
            daemon=True,
        )
        # A proxy's connection is judged once its header is read (reception.py).
        settings = self.settings
        stranger = not (settings.proxies.permits(peer) or settings.access.permits(peer))
        late = self.stopping.is_set()
        if not self.connections.let_in(thread, sock, stranger=stranger, late=late):
            self.connections.too_many(peer)
            sock.close()
            return
        try:
            thread.start()
        except RuntimeError as error:
            self.connections.forget(thread)
            raise _NoThread from error

    def _end_calls(self) -> None:
        """Let handlers finish, and cut those that don't: last, those that have called `stop`."""
        logger.info("stopping; calls that are up: %d", len(self.connections.calls))
        self.stopping.set()
        self._see_out(
            lambda: [each for each in self.connections.others if each not in self._spared],
            lambda: min(self._times),
        )
        self._watch(None)
        if self.shares:
            self.listener.close()
        if self.listener.is_open or self._unserved:
            logger.warning("stop: connections that could not be served are closed")
            self.listener.close()
        while self._unserved:
            self._unserved.popleft()[0].close()
        self._others_ended.set()
        self._see_out(
            lambda: [each for each in self.connections.others if each in self._spared],
            lambda: min(self._times_of_spared),
        )

    def _see_out(
        self, threads: Callable[[], list[threading.Thread]], time: Callable[[], float]
    ) -> None:
        """Wait for these threads; cut their calls at ``time()``, and wait a little more."""
        self._await(threads, time)
        for thread in threads():
            call = self.connections.calls.get(thread)
            if call is not None:
                seen = look_at(call, thread)
                self._cut += (seen,)
                call.session.logger.warning("stop: the call is cut: %s", seen)
                if call.conversation.observed is not None:
                    call.conversation.observed.tell("cut")
                call.connection.cut(Stopped("the server is stopping"))
        end = REAL.now() + (CUT_TIMEOUT if self.clean_up is None else self.clean_up)
        self._await(threads, lambda: end)
        self._leave(threads())

    def _leave(self, threads: list[threading.Thread]) -> None:
        """Give back the calls of handlers that are stuck, and so don't do it themselves."""
        left = []
        for thread in threads:
            call = self.connections.calls.get(thread)
            if call is not None:
                observed = call.conversation.observed
                if call.handover.leave():
                    left.append((call, observed))
        self._last = REAL.deadline(self._last_timeout)
        for call, observed in left:
            call.connection.await_end(self._last)
            log_end(call, "stuck", "")
            if observed is not None:
                observed.end("stuck")

    def _await(
        self, threads: Callable[[], list[threading.Thread]], time: Callable[[], float]
    ) -> None:
        """Wait until these threads have ended, or until ``time()``. Stops listening as well."""
        while True:
            self.connections.hold_up()
            shared = self.listener if self.shares else None
            if shared is None and self.listener.is_open:
                done = self._close()
            else:
                done = self._serve()
            left = time() - REAL.now()
            if left <= 0 or not (threads() or self._unserved):
                return
            self.settings.clock.joining()
            left = min(left, MAX_WAIT if done else ACCEPT_PAUSE)
            if isinstance(shared, SharedListener) and shared.is_open:
                self._yield(shared, STOPPING_YIELDS, left)
            else:
                self._select(left)

    def _join(self) -> None:
        """Wait until the threads of connections have ended, but not long."""
        self.connections.end_reading()
        deadline = self._last or REAL.deadline(self._last_timeout)
        for thread in (*self.connections.gone, *self.connections.others):
            left = REAL.left(deadline)
            if left:
                self.settings.clock.joining()
            thread.join(left)

    @property
    def _last_timeout(self) -> float:
        return LAST_TIMEOUT if self.clean_up is None else min(self.clean_up, LAST_TIMEOUT)

    # A connection's thread

    def _serve_in_thread(self, sock: socket.socket, peer: Peer) -> None:
        clock = self.settings.clock
        clock.begun(peer)
        try:
            self.reception.serve(sock, peer)
        finally:
            clock.ended(peer)
            self.connections.let_out()


def hesitation(calls: int) -> float:
    """Seconds for which a server with so many calls leaves a connection to its siblings."""
    return HESITATION * math.log2(1 + calls)


class _NoThread(Exception):
    """No thread can be started for now."""


def has_ended(sock: socket.socket) -> bool:
    """True if the peer has closed its side without sending anything."""
    sock.setblocking(False)
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False  # as any switch, which sends nothing before `connect`
    except OSError:
        return True


@atexit.register
def stop_all(timeout: float = DRAIN_TIMEOUT) -> None:
    """Stop the servers that still run at the program's end, as `Outbound.stop` does.

    Their threads would die with it, and callers would stay parked. Interrupted, it cuts all calls,
    and still waits for their handlers.
    """
    try:
        deadline = REAL.deadline(timeout)
        for server in list(RUNNING):
            server.ask(deadline, deadline)
        for server in list(RUNNING):
            server.stop(None)
        end_all()
    except BaseException:
        stop_all(0.0)
        raise
