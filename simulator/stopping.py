"""An app's server that is stopped in the middle of its calls, as a deploy does it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from eslsync import Outbound

from .world import SimulationError

__all__ = ["Stop"]

#: Real seconds that `Outbound.stop` may take when it has nothing to wait for but clean-ups.
STOP_TIMEOUT = 10.0


class Stop:
    """``Outbound.stop(timeout=0)``, called on a thread of its own.

    ``aside(work, name)`` begins that thread.
    """

    def __init__(
        self, server: Outbound, aside: Callable[[Callable[[], object], str], threading.Thread]
    ) -> None:
        self._server = server
        self._error: BaseException | None = None
        self._left = 0
        self._thread = aside(self._work, "Outbound.stop")

    def _work(self) -> None:
        try:
            self._server.stop(timeout=0)
            self._left = len(self._server.calls)
        except BaseException as error:  # noqa: BLE001 - told where it is waited for
            self._error = error

    def join(self) -> None:
        """Wait until it has returned; raise SimulationError if it hasn't done what it should."""
        self._thread.join(STOP_TIMEOUT)
        if self._thread.is_alive():
            raise SimulationError(f"Outbound.stop(0) has not returned after {STOP_TIMEOUT:g} s")
        if self._error is not None:
            raise SimulationError(f"Outbound.stop(0) raised {self._error!r}") from self._error
        if self._left:
            raise SimulationError(f"Outbound.stop(0) has left {self._left} handler(s) behind")
