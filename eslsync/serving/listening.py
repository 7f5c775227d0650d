"""The socket that a server listens on."""

from __future__ import annotations

import array
import errno
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..call.reader import MORE_WATCHED
from ..clock import REAL, Peer
from .access import Access

__all__ = [
    "FULL_YIELDS",
    "LOOK_INTERVAL",
    "STOPPING_YIELDS",
    "CannotListen",
    "Listener",
    "SharedListener",
    "bar",
    "listener_for",
    "port_of",
    "told",
]

#: What to do if a port can't be listened on, by the system's error.
ADVICE = {
    errno.EADDRINUSE: "choose another port, or stop the program that listens there (`ss -ltnp` "
    "names it)",
    errno.EACCES: "choose a port above 1023, or have systemd listen and pass the socket",
    errno.EADDRNOTAVAIL: "the host must be an address of this machine; 0.0.0.0 is every one",
    errno.EMFILE: "let the program open more descriptors (ulimit -n, or LimitNOFILE= of systemd)",
    errno.ENOSPC: MORE_WATCHED,
}
#: The same, if the host's name can't be looked up.
UNKNOWN_HOST = "the host must be a name or an address of this machine; 0.0.0.0 is every one"
#: Connections that may wait to be accepted; more than a burst brings.
BACKLOG = 512
#: Notice after two minutes that a peer's machine is gone, whether TCP waits for its answer
#: (milliseconds, TCP_USER_TIMEOUT) or both sides are silent (seconds).
KEEP_ALIVE = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 120_000,
}
#: Linux's SO_ATTACH_FILTER and SO_DETACH_FILTER, which Python doesn't name, and a filter
#: (socket(7), bpf(4)): load the TCP header's flags; is SYN among them? then drop the packet,
#: else keep it.
ATTACH_FILTER, DETACH_FILTER = 26, 27
NO_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))


#: Seconds for which a full server leaves a connection to its siblings before it takes it itself.
FULL_YIELDS = 0.2
#: The same for a server that stops: a sibling may have to start first. A switch waits 25 s for the
#: first command (recording 14a).
STOPPING_YIELDS = 10.0
#: Seconds between looks whether a sibling has taken it.
LOOK_INTERVAL = 0.1


@contextmanager
def told(host: str, port: int) -> Iterator[None]:
    """Raise what the system refuses in this block as CannotListen."""
    try:
        yield
    except CannotListen:
        raise
    except OSError as error:
        raise CannotListen(host, port, error, ADVICE.get(error.errno or 0, "")) from error


class CannotListen(OSError):
    """Where a server can't listen, why, and what to do about it: one sentence, `strerror`."""

    def __init__(self, host: str, port: int, error: Exception, advice: str) -> None:
        number = error.errno if isinstance(error, OSError) else errno.EINVAL
        why = getattr(error, "strerror", None) or str(error)
        said = f"can't listen on {host} port {port}: {why}"
        super().__init__(number, f"{said}; {advice}" if advice else said)


class Listener:
    """Listens, and stops listening without losing a connection. Used by one thread.

    Closing a listening socket resets the connections that wait to be accepted. So `bar` stops
    others from beginning; then accept those that are there, and `close`.
    """

    def __init__(self, host: str, port: int) -> None:
        """Look the host up. Raises CannotListen."""
        self._host = host
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise CannotListen(host, port, error, UNKNOWN_HOST) from error
        self._family, self._address = found[0][0], found[0][4]
        self.is_open = False
        self._is_barred = False  # new connections are not begun

    def open(self) -> None:
        """Listen, and `bar` nobody any more. Raises CannotListen."""
        if self.is_open:
            self._unbar()
            return
        with told(self._host, self.port):
            self._listen()

    def _listen(self) -> None:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            set_options(sock)
            sock.bind(self._address)
            sock.listen(BACKLOG)
            self._address = sock.getsockname()  # the port that the system chose
        except BaseException:
            sock.close()
            raise
        self.sock = sock
        self.is_open, self._is_barred = True, False

    @property
    def welcomes(self) -> bool:
        """True if connections may begin."""
        return self.is_open and not self._is_barred

    @property
    def port(self) -> int:
        return int(self._address[1])

    @property
    def is_local(self) -> bool:
        """True if only this machine can connect, where a handshake takes no time."""
        return Access().permits(self._address)

    def accept(self) -> tuple[socket.socket, Peer]:
        """Accept a connection. Raises BlockingIOError if none waits, or another OSError."""
        sock, peer = self.sock.accept()
        return sock, peer

    def bar(self) -> None:
        """Let no new connection begin; handshakes that have begun are completed.

        A peer that is barred tries again after 1 s, as TCP does when a packet is lost, and is
        refused if the socket is closed by then. Where the system can't do that, few others
        begin.
        """
        if not self._is_barred:
            self._is_barred = True
            bar(self.sock)

    def _unbar(self) -> None:
        self.sock.listen(BACKLOG)
        unbar(self.sock)
        self._is_barred = False

    def close(self) -> None:
        """Stop listening, even if a child process has a copy of the socket."""
        if self.is_open:
            with suppress(OSError):  # some systems don't shut down what is not connected
                self.sock.shutdown(socket.SHUT_RDWR)
            self.let_go()

    def let_go(self) -> None:
        """Close this process's copy: another one listens."""
        self.is_open = False
        self.sock.close()


class SharedListener:
    """Accepts from a socket that somebody else keeps open, and that others may accept from.

    Used by one thread. A server that is full or stops leaves connections to its siblings; `look`
    tells when none takes them.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._given = sock
        self._address = sock.getsockname()
        self.is_open = False
        self._since: float | None = None  # connections have been waiting without a pause

    def open(self) -> None:
        """Begin to accept. Raises OSError if the socket was closed."""
        self.sock = self._given.dup()
        set_options(self.sock)
        unbar(self.sock)  # if those before were wrong to be the last
        self.is_open = True

    @property
    def welcomes(self) -> bool:
        """True if connections may begin."""
        return self.is_open

    @property
    def port(self) -> int:
        return int(self._address[1])

    @property
    def is_local(self) -> bool:
        """True if only this machine can connect."""
        return Access().permits(self._address)

    def accept(self) -> tuple[socket.socket, Peer]:
        """Accept a connection. Raises BlockingIOError if none waits, or another OSError."""
        sock, peer = self.sock.accept()
        return sock, peer

    @property
    def waits(self) -> bool:
        """True if connections were waiting at the last look."""
        return self._since is not None

    def look(self, waiting: bool, yields: float) -> bool:
        """True if connections wait that no sibling takes: ``waiting`` at each look for so long."""
        now = REAL.now()
        if not waiting:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= yields

    def bar(self) -> None:
        """Let no new connection begin, here or at the others: they stop as well."""
        bar(self.sock)

    def close(self) -> None:
        """Accept no more. The socket goes on listening for the others."""
        if self.is_open:
            self.let_go()

    def let_go(self) -> None:
        """Close this process's copy."""
        self.is_open = False
        self.sock.close()


def bar(sock: socket.socket) -> None:
    """Let no new connection begin on a listening socket; see `Listener.bar`."""
    program = array.array("B", b"".join(struct.pack("HBBI", *each) for each in NO_SYN))
    try:
        if sys.platform != "linux":
            raise OSError(errno.ENOPROTOOPT, "no packet filters")
        pointer = struct.pack("HP", len(NO_SYN), program.buffer_info()[0])
        sock.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, pointer)
    except OSError:
        sock.listen(0)


def unbar(sock: socket.socket) -> None:
    """Remove the filter of `bar`."""
    if sys.platform == "linux":
        with suppress(OSError):  # there is none
            sock.setsockopt(socket.SOL_SOCKET, DETACH_FILTER, 0)


def listener_for(sock: socket.socket | None, host: str, port: int) -> Listener | SharedListener:
    """Listens on a port of its own, or on the ``sock`` that was given."""
    return Listener(host, port) if sock is None else SharedListener(sock)


def port_of(sock: socket.socket) -> int:
    """The port of a listening socket."""
    return int(sock.getsockname()[1])


def set_options(sock: socket.socket) -> None:
    """Set the options that connections inherit from the socket that listens."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEP_ALIVE.items():
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
