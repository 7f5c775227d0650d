"""A socket that listens, and a thread for each call: for what is written by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


def listen(take: Callable[[socket.socket], None]) -> int:
    """Have ``take`` called with each connection, in a thread of its own; the port."""
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
    """Our side; what is on its way to us is for whoever reads."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the switch was first
