"""The one thread that reads every call's socket.

One reader serves all calls. Compared with one per call, thousands of held calls took half the
threads and less than half the memory, and a key pressed on all of them at once was answered in a
second, whereas a thousand readers that wake together queue for the interpreter lock.

It frames bytes, appends to queues, and sends what a switch did not take at once. It runs no user
code, decodes nothing, and waits only for its selector. (Python may run finalizers and a program's
logging handlers in any thread: here they can't wait, see clock.py, and what they raise ends
nothing, see logs.py.)
"""

from __future__ import annotations

import errno
import selectors
import socket
import threading
from queue import SimpleQueue

from ..clock import REAL, here
from ..logs import logger
from ..wire.exceptions import Disconnected
from .connection import Connection

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

#: Seconds between checks for switches that take nothing.
CHECK_INTERVAL = 1.0
#: Seconds for its thread to end when it is stopped. It takes milliseconds.
STOP_TIMEOUT = 5.0
#: What to do if the system refuses to watch another descriptor with ENOSPC, whose text is of disks
#: (epoll_ctl(2)).
MORE_WATCHED = "let a user watch more descriptors (sysctl fs.epoll.max_user_watches)"
#: Seconds of rest for peers that send little at a time, and may not be switches (probation.py).
REST = 0.02


class Reader:
    """Reads every connection, in one thread that it starts at once."""

    def __init__(self, name: str) -> None:
        # Other threads put connections into _to_look_at, and write a byte to wake the reader: the
        # selector itself belongs to the reader's thread.
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Connection, int] = {}  # and for which events; the reader's thread only
        self._stalled: set[Connection] = set()  # with bytes that the switch has not taken
        self._resting: set[Connection] = set()  # not read until the rest ends, all at one time
        self._rest_ends = 0.0
        self._to_look_at: SimpleQueue[Connection] = SimpleQueue()
        #: How often it has looked for news.
        self.turns = 0
        self._stopping = False
        self._stopped = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            self._selector.register(self._woken, READ, None)
            self.thread.start()
        except BaseException:
            self._close()
            raise

    def watch(self, connection: Connection) -> None:
        """Watch this connection, by its current `interest`. Any thread."""
        self._to_look_at.put(connection)
        if self._stopped:  # perhaps after the reader's last look
            connection.end(STOPPED, 0)
        else:
            self.nudge()

    def stop(self) -> None:
        """End the thread, and every remaining connection."""
        self._stopping = True
        self.nudge()
        self.thread.join(STOP_TIMEOUT)
        if self.thread.is_alive():  # in a logging handler of the program's, for instance
            logger.error("stop: %s is stuck, and left behind", self.thread.name)

    def let_go(self) -> None:
        """In a forked child, where nobody reads."""
        self._stopped = True
        self._close()

    def _close(self) -> None:
        for each in (self._selector, self._wake, self._woken):
            each.close()

    def nudge(self) -> None:
        """Have it take a turn. Any thread."""
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # full of unread wake-up calls, or closed

    # the reader's thread

    def _run(self) -> None:
        with here.busy:
            while not self._stopped:
                self._take_turn()
            self._end_all()
            self._close()

    def _take_turn(self) -> None:
        # Variables here would keep a connection, and so a call, until another has news.
        woken = False
        self.turns += 1
        timeout = REST if self._resting else CHECK_INTERVAL if self._stalled else None
        for key, events in self._selector.select(timeout):
            if key.data is not None:
                self._serve(key.data, events)
            else:  # emptied before looking: a later request wakes the reader again
                self._woken.recv(4096)
                woken = True
        if woken:
            self._stopped = self._stopping
            for _ in range(0 if self._stopped else self._to_look_at.qsize()):
                self._look_at(self._to_look_at.get_nowait())
        if self._stalled:
            self._give_up_stalled()
        if self._resting and REAL.now() >= self._rest_ends:
            self._end_rest()

    def _serve(self, connection: Connection, events: int) -> None:
        try:
            if events & WRITE:
                connection.flush()
            reason = connection.receive() if events & READ else None
        except Exception as error:  # a bug of ours ends one call, never the reader
            logger.exception("the reader failed on a connection from %s", connection.peer)
            self._end(connection, Disconnected(f"the reader failed: {error}"), 0)
            return
        if reason is not None:
            self._end(connection, reason, 1)
        elif events != READ or connection.paused:
            self._look_at(connection)

    def _look_at(self, connection: Connection) -> None:
        """Have the selector watch the connection by its current `interest`."""
        if connection.is_done_with:
            self._end(connection, Disconnected("the connection was not read to its end"), 0)
            return
        if connection.rests:
            if not self._resting:
                self._rest_ends = REAL.now() + REST
            self._resting.add(connection)
        wanted = connection.interest
        watched = self._watched.get(connection, 0)
        if wanted == watched:
            return
        (self._stalled.add if wanted & WRITE else self._stalled.discard)(connection)
        try:
            if not watched:
                self._selector.register(connection, wanted, connection)
            elif not wanted:
                self._selector.unregister(connection)
            else:
                self._selector.modify(connection, wanted, connection)
        except OSError as error:  # the system's limit on watched descriptors
            why = f"the connection can't be read: {why_unwatched(error)}"
            logger.warning("from %s: %s", connection.peer, why)
            self._end(connection, Disconnected(why), 0)
            return
        self._watched[connection] = wanted

    def _give_up_stalled(self) -> None:
        now = REAL.now()
        for connection in tuple(self._stalled):
            reason = connection.give_up_sending(now)
            if reason is not None:
                self._end(connection, reason, 0)

    def _end_rest(self) -> None:
        rested, self._resting = self._resting, set()
        for connection in rested:
            connection.rests = False
            self._look_at(connection)

    def _end(self, connection: Connection, reason: Disconnected, size: int) -> None:
        self._stalled.discard(connection)
        self._resting.discard(connection)
        if self._watched.pop(connection, 0):
            try:
                self._selector.unregister(connection)
            except KeyError:
                pass  # a selector whose modify() failed has unregistered it already
        connection.end(reason, size)

    def _end_all(self) -> None:
        connections = dict.fromkeys(self._watched)
        while not self._to_look_at.empty():
            connections[self._to_look_at.get_nowait()] = None
        for connection in connections:
            connection.end(STOPPED, 0)
        self._watched.clear()
        self._stalled.clear()
        self._resting.clear()


STOPPED = Disconnected("the server has stopped")


def why_unwatched(error: OSError) -> str:
    """Why a selector refused a socket, and what to do."""
    why = error.strerror or str(error)
    return f"{why}; {MORE_WATCHED}" if error.errno == errno.ENOSPC else why
