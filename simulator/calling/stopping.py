"""An app's server that is stopped in the middle of its calls, as a deploy does it."""

from __future__ import annotations

from eslsync import LiveCall, Outbound

from ..clockwork.real_time import RealTime
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import SimulationError, World

__all__ = ["Stop"]

#: Seconds that `Outbound.stop` leaves handlers to end in, after it has cut their calls.
CLEAN_UP = 6.0
#: Real seconds in which it must have returned.
STOP_TIMEOUT = 10.0


class Stop:
    """``Outbound.stop(timeout=0)``, called on a thread of its own."""

    def __init__(self, server: Outbound, world: World | RealTime) -> None:
        self._server = server
        self.cut: tuple[LiveCall, ...] = ()  #: the calls that it has cut, once it has returned
        self._left = 0  # handlers that it has left behind
        self._late = 0  # those that would have been left behind in real time
        self._error: BaseException | None = None
        self._thread = world.aside(self._work, "Outbound.stop")
        # A handler's minute of cleaning up is no time at all in a simulation.
        world.at(world.now + round(CLEAN_UP * SECOND), self._look)

    def _work(self) -> None:
        try:
            self.cut = self._server.stop(timeout=0)
            self._left = len(self._server.calls)
        except BaseException as error:  # noqa: BLE001 - told where it is waited for
            self._error = error

    def _look(self) -> None:
        self._late = len(self._server.calls)

    def join(self) -> None:
        """Wait until it has returned; raise SimulationError if it hasn't done what it should."""
        self._thread.join(STOP_TIMEOUT)
        if self._thread.is_alive():
            raise SimulationError(f"Outbound.stop(0) has not returned after {STOP_TIMEOUT:g} s")
        if self._error is not None:
            raise SimulationError(f"Outbound.stop(0) raised {self._error!r}") from self._error
        if self._left or self._late:
            raise SimulationError(
                f"{self._left or self._late} handler(s) went on {CLEAN_UP:g} s after "
                "Outbound.stop(0), which leaves them behind"
            )
