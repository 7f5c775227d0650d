"""The PROXY protocol, v1 and v2: a proxy says first for whom it connects.

(haproxy.org, proxy-protocol.txt.) Nothing is read beyond the header: what follows is the switch's.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from ..clock import REAL, Peer
from ..wire.exceptions import Disconnected, ESLError, ProtocolError, TimeoutError

__all__ = ["begins_with_header", "read_header", "receive_header"]

#: Begins a header of v1, and one of v2.
TEXT = b"PROXY "
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
#: Maximum bytes of a v1 header, its line end included: what the longest addresses take.
MAX_LINE = 107
#: Maximum bytes of a v2 header's addresses and TLVs, as in nginx. HAProxy sends some dozens.
MAX_BLOCK = 4096
#: The families of addresses by their names in v1, and by v2's byte for TCP over them.
FAMILIES = {
    b"TCP4": socket.AF_INET,
    b"TCP6": socket.AF_INET6,
    0x11: socket.AF_INET,
    0x21: socket.AF_INET6,
}
#: Where v2 has no host: an unknown family, and Unix sockets.
NO_HOST = (0x00, 0x31)
#: v2's version and command: the proxy connects for itself, or for somebody.
LOCAL, FOR_SOMEBODY = 0x20, 0x21

#: Seconds of the last look at a socket: no timeout at all would be another mode of it.
SHORTEST = 0.001

#: Reads exactly that many bytes.
Exactly = Callable[[int], bytes]


def read_header(exactly: Exactly) -> Peer | None:
    """Read one header; return the host and port that the proxy connects for.

    Returns None if the proxy connects for itself, for a health check for example, or doesn't know
    (LOCAL, UNKNOWN). Raises ProtocolError for anything else than a header.
    """
    start = exactly(len(TEXT))
    if start == TEXT:
        return _read_text(exactly)
    if SIGNATURE.startswith(start):
        start += exactly(len(SIGNATURE) - len(start))
    if start == SIGNATURE:
        return _read_binary(exactly)
    raise ProtocolError("it began with something else than a PROXY header", start)


def _read_text(exactly: Exactly) -> Peer | None:
    line = bytearray(TEXT)
    while not line.endswith(b"\r\n"):
        if len(line) == MAX_LINE:
            raise ProtocolError(f"a PROXY header of more than {MAX_LINE} bytes", line)
        line += exactly(1)
    words = bytes(line[:-2]).split(b" ")
    if words[1] == b"UNKNOWN":
        return None
    try:
        _, family, *hosts, port, to_port = words
        source, _ = (_host(FAMILIES[family], host) for host in hosts)
        ports = _port(port), _port(to_port)
    except (KeyError, ValueError, OSError):
        raise ProtocolError("not a PROXY header of v1", line) from None
    return source, ports[0]


def _host(family: int, written: bytes) -> str:
    """Check a written address. Raises OSError or ValueError."""
    host = written.decode("ascii")
    socket.inet_pton(family, host)
    return host


def _port(written: bytes) -> int:
    """Raises ValueError for anything but a port in decimal."""
    port = int(written)
    if str(port).encode() != written or not 0 <= port < 65536:
        raise ValueError(written)
    return port


def _read_binary(exactly: Exactly) -> Peer | None:
    start = exactly(4)
    command, kind, size = start[0], start[1], int.from_bytes(start[2:], "big")
    if command not in (LOCAL, FOR_SOMEBODY):
        raise ProtocolError("neither PROXY nor LOCAL of a PROXY header of v2", SIGNATURE + start)
    if size > MAX_BLOCK:
        raise ProtocolError(f"a PROXY header of more than {MAX_BLOCK} bytes", SIGNATURE + start)
    block = exactly(size)
    if command == LOCAL or kind in NO_HOST:
        return None
    family = FAMILIES.get(kind)
    if family is None:
        raise ProtocolError("a PROXY header for something else than TCP", SIGNATURE + start)
    length = 4 if family == socket.AF_INET else 16
    if size < 2 * length + 4:  # both addresses, both ports
        raise ProtocolError("a PROXY header without room for its addresses", SIGNATURE + start)
    port = int.from_bytes(block[2 * length : 2 * length + 2], "big")
    return socket.inet_ntop(family, block[:length]), port


def receive_header(sock: socket.socket, timeout: float) -> Peer | None:
    """`read_header` from a socket, which has ``timeout`` seconds to bring all of it.

    If nothing has arrived, raises Disconnected at the peer's end, and TimeoutError at the timeout.
    """
    return read_header(_Arriving(sock, timeout).exactly)


class _Arriving:
    """What arrives on a socket within some seconds."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._sock = sock
        self._timeout = timeout
        self._deadline = REAL.now() + timeout
        self._data = bytearray()

    def exactly(self, size: int) -> bytes:
        end = len(self._data) + size
        while len(self._data) < end:
            self._data += self._receive(end - len(self._data))
        return bytes(self._data[end - size :])

    def _receive(self, most: int) -> bytes:
        left = self._deadline - REAL.now()
        try:
            self._sock.settimeout(max(left, SHORTEST))
            data = self._sock.recv(most)
        except socket.timeout:  # noqa: UP041 - the builtin's name is the library's own here
            what = f"no PROXY header within {self._timeout:g} s"
            raise self._failure(TimeoutError, what) from None
        except OSError as error:
            raise self._failure(Disconnected, f"the connection broke: {error}") from None
        if not data:
            raise self._failure(Disconnected, "it closed the connection")
        return data

    def _failure(self, kind: type[ESLError], what: str) -> ESLError:
        if self._data:
            return ProtocolError(f"half a PROXY header: {what}", self._data)
        return kind(what)


def begins_with_header(data: bytes) -> bool:
    """True if this, the start of what a peer said, is a PROXY header.

    Blank lines may have been skipped.
    """
    return data.startswith((TEXT, SIGNATURE, SIGNATURE.lstrip(b"\r\n")))
