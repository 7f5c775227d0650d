"""Programs made of plain sockets, which the switch calls in real time."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Program = Callable[[socket.socket], object]

ANSWER = b"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n"
HANG_UP = b"sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY\n\n"


@contextlib.contextmanager
def listening(app: Program, buffer: int = 0) -> Iterator[str]:
    """Serve one call with an app made of plain sockets; yields its address."""

    def serve() -> None:
        sock, _ = server.accept()
        with sock:
            app(sock)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10.0)
        if buffer:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            thread.join()


def read_until(sock: socket.socket, ending: bytes) -> bytes:
    data = b""
    while not data.endswith(ending):
        more = sock.recv(65536)
        assert more, f"the connection ended after {data!r}"
        data += more
    return data


def read_past(sock: socket.socket, text: bytes) -> None:
    data = b""
    while text not in data:
        more = sock.recv(65536)
        assert more, f"the connection ended after {data!r}"
        data += more


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def take(sock: socket.socket, command: bytes = ANSWER) -> None:
    """Take the call, and answer it or hang it up."""
    sock.sendall(b"connect\n\n")
    read_until(sock, b"Control: full\n\n")
    if command == HANG_UP:
        sock.sendall(HANG_UP)
        read_until(sock, b"+OK\n\n")
        return
    # An application has to complete, lest the switch leaves the caller parked (recording 14b2).
    sock.sendall(b"event plain CHANNEL_EXECUTE_COMPLETE\n\n" + command)
    data = b""
    while b"CHANNEL_EXECUTE_COMPLETE" not in data or not data.endswith(b"\n\n"):
        more = sock.recv(65536)
        assert more, f"the connection ended after {data!r}"
        data += more


def reset(sock: socket.socket) -> None:
    """Have the connection reset when it is closed."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def end_in_order(sock: socket.socket) -> None:
    """Close our side, and read to the end."""
    sock.shutdown(socket.SHUT_WR)
    read_all(sock)
