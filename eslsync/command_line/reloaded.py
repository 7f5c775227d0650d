"""A process that `eslsync serve --reload` has started to serve calls (reloading.py)."""

from __future__ import annotations

import os
import signal
import socket

from ..serving.listening import Listener
from ..serving.outbound import Outbound
from ..systemd import notify

__all__ = ["CHILD", "DRAIN", "is_child", "shared"]

#: The variable that tells a child its place: the descriptor of the socket, or "" for the first.
CHILD = "ESLSYNC_RELOADED"
#: Seconds that calls have in a child that was asked to stop once: as long as they last. The parent
#: asks again when their time is over.
DRAIN = 1e8


def is_child() -> bool:
    """True in such a process."""
    return CHILD in os.environ


def shared(app: Outbound) -> Outbound:
    """The app with the socket of all children; the first opens it, where the app says.

    Raises CannotListen. Ctrl-C and the end of the terminal are left to the parent.
    """
    for name in ("SIGINT", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    descriptor = os.environ.pop(CHILD)
    if descriptor:
        return app.replace(sock=socket.socket(fileno=int(descriptor)))
    listener = Listener(app.host, app.port)
    listener.open()
    notify("FDSTORE=1", sockets=[listener.sock])
    return app.replace(sock=listener.sock)
