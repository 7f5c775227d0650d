"""Stops a server in the middle of its calls, as a deploy does."""

from __future__ import annotations

from eslsync import LiveCall, Outbound

from ..clockwork.real_time import RealTime
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import SimulationError, World

__all__ = ["Stop"]

#: Seconds for handlers to end after `Outbound.stop` has cut their calls.
CLEAN_UP = 6.0
#: Real seconds within which `Outbound.stop` must return.
STOP_TIMEOUT = 10.0


class Stop:
    """Calls ``Outbound.stop(timeout=0)`` on a new thread."""

    def __init__(self, server: Outbound, world: World | RealTime) -> None:
        self._server = server
        self.cut: tuple[LiveCall, ...] = ()  #: the calls that it cut, once it has returned
        self._left = 0  # handlers that it left behind
        self._late = 0  # handlers that it would have left behind in real time
        self._error: BaseException | None = None
        self._thread = world.aside(self._work, "Outbound.stop")
        # In virtual time, even a handler's minute of cleaning up takes no real time.
        world.at(world.now + round(CLEAN_UP * SECOND), self._look)

    def _work(self) -> None:
        try:
            self.cut = self._server.stop(timeout=0)
            self._left = len(self._server.calls)
        except BaseException as error:  # noqa: BLE001 - raised in join()
            self._error = error

    def _look(self) -> None:
        self._late = len(self._server.calls)

    def join(self) -> None:
        """Wait until it has returned.

        Raises SimulationError if it has not, has raised, or has left handlers behind.
        """
        self._thread.join(STOP_TIMEOUT)
        if self._thread.is_alive():
            raise SimulationError(
                f"Outbound.stop(0) did not return within {STOP_TIMEOUT:g} s of real time"
            )
        if self._error is not None:
            raise SimulationError(f"Outbound.stop(0) raised {self._error!r}") from self._error
        if self._left or self._late:
            raise SimulationError(
                f"{self._left or self._late} handler(s) still ran {CLEAN_UP:g} s after "
                "Outbound.stop(0), which leaves them behind"
            )
