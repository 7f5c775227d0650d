"""One reader thread for all calls, with `selectors`; it puts what it reads on SimpleQueues."""

from __future__ import annotations

import selectors
import socket
import threading

from .lazy import HANDLERS, Call, handle, parse
from .listening import listen
from .running import run, stay


def read_all(selector: selectors.BaseSelector) -> None:
    while True:
        for key, _ in selector.select():
            call: Call = key.data
            try:
                data = call.sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                selector.unregister(call.sock)
            call.feed(data)


def serve(workload: str) -> None:
    selector = selectors.DefaultSelector()
    threading.Thread(target=read_all, args=(selector,), daemon=True).start()

    def take(sock: socket.socket) -> None:
        call = Call(sock)
        selector.register(sock, selectors.EVENT_READ, call)
        handle(call, HANDLERS[workload])

    stay(listen(take))


if __name__ == "__main__":
    run(serve, parse)
