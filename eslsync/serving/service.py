"""Tells systemd how a server is, while `Outbound.start` blocks in the main thread."""

from __future__ import annotations

import threading

from ..systemd import notify, watchdog_interval
from .server import Server

__all__ = ["Service"]

#: Seconds between two looks, unless the watchdog wants to hear more often.
LOOK_INTERVAL = 1.0
#: Seconds for which systemd waits on, after each look, for a service that stops: more than a look
#: comes late, and than handlers have to clean up.
PATIENCE = 15.0


class Service:
    """A server as systemd sees it: ready, alive, stopping (sd_notify(3)).

    Tells nothing in another thread than the main one, or where nobody asks for it.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tells = threading.current_thread() is threading.main_thread()
        self._is_ready = self._stops = False  # as far as was told
        self._status = ""
        watchdog = watchdog_interval() if self._tells else None
        self._is_watched = watchdog is not None
        #: Seconds until the next look is due: at least two in the watchdog's time.
        self.interval = LOOK_INTERVAL if watchdog is None else min(LOOK_INTERVAL, watchdog / 2)

    def look(self) -> None:
        """Tell what is new, and that the server's threads work if they do."""
        if not self._tells:
            return
        if not self._is_ready:
            self._is_ready = True
            self._tells = notify("READY=1")  # False: nobody is there to be told
            if not self._tells:
                return
        if self._server.stopping.is_set():
            self.stops(0.0)
        status, before = self._shown(), self._status
        if status != before:
            self._status = status
            notify(status)
        if self._is_watched and self._server.responds():
            notify("WATCHDOG=1")

    def stops(self, seconds: float) -> None:
        """Tell that it stops, and may need so many seconds until the next look."""
        if self._tells and self._is_ready:
            begins = () if self._stops else ("STOPPING=1",)
            self._stops = True
            notify(*begins, f"EXTEND_TIMEOUT_USEC={round((seconds + PATIENCE) * 1_000_000)}")

    def _shown(self) -> str:
        calls = len(self._server.connections.calls)
        begin = "stopping, " if self._server.stopping.is_set() else ""
        return f"STATUS={begin}{calls} {'call' if calls == 1 else 'calls'}"
