"""A listening socket, and a thread per call, for the hand-written contestants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


def listen(take: Callable[[socket.socket], None]) -> int:
    """Call ``take`` with each connection, in a thread of its own; return the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def accept() -> None:
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=take, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def close(sock: socket.socket) -> None:
    """Close our side only; bytes on their way to us can still be read."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the switch was first
