"""A reader thread per call, which puts what it reads on a SimpleQueue."""

from __future__ import annotations

import socket
import threading

from .lazy import HANDLERS, Call, handle, parse
from .listening import listen
from .running import run, stay


def read(call: Call) -> None:
    try:
        while data := call.sock.recv(65536):
            call.feed(data)
    except OSError:
        pass
    call.feed(b"")


def serve(workload: str) -> None:
    def take(sock: socket.socket) -> None:
        call = Call(sock)
        threading.Thread(target=read, args=(call,), daemon=True).start()
        handle(call, HANDLERS[workload])

    stay(listen(take))


if __name__ == "__main__":
    run(serve, parse)
