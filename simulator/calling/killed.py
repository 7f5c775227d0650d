"""What becomes of a caller whose app is killed, while its process controls the call.

A dead process closes its connections, and FreeSWITCH goes on without it (recordings 50a to 52c).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eslsync.call.endless import never_ends
from eslsync.wire.declared import declared

from ..model.states import State

if TYPE_CHECKING:
    from ..model.events import SwitchEvent
    from .line import Line
    from .simulation import Simulation

__all__ = ["Aftermath", "AppKilled", "Fate"]

#: Simulated seconds within which the switch has noticed that the connection is closed.
NOTICED = 1.0
#: Simulated seconds that a caller stays for an application to end.
PATIENCE = 3600.0


class AppKilled(AssertionError):
    """The app of the call was killed, so its caller's script goes no further."""


@dataclass(frozen=True)
class Fate:
    """What became of a caller; ``str()`` of it continues "the caller ...".

    ``stranded`` is the application in which they stay for ever with nobody: an endless one,
    ``park`` (also outside of the dialplan), or ``socket``, whose app died as it connected. It is
    empty if they are served, or hung up.
    """

    words: str
    stranded: str = ""

    def __str__(self) -> str:
        return self.words

    @property
    def wrong(self) -> str | None:
        """What is wrong with it, unless that application is allowed."""
        if not self.stranded:
            return None
        return (
            f"the caller {self.words}: docs/guides/production.md says what helps, and "
            f"allow_stranded={[self.stranded]} allows it"
        )


class Aftermath:
    """Watches what becomes of a caller once their app is killed.

    Then the verb in which the caller is raises `AppKilled`.
    """

    def __init__(self, simulation: Simulation, line: Line) -> None:
        self._simulation = simulation
        self._line = line
        self._killed = False
        self._ran = ""  #: the application that ran then
        self._was_up = True
        self._goes_on = False
        simulation.apps.on_killed = self._begin
        line.watchers.append(self._notice)

    def _begin(self, line: Line) -> None:
        if line is self._line:
            self._killed = True
            self._ran, self._was_up = self._running(), line.channel.up
            self._simulation.apps.raised = AppKilled(f"{line.app} was killed")

    def fate(self) -> Fate | None:
        """What becomes of the caller, who does nothing more; None if the app was not killed."""
        line = self._line
        if not self._killed:
            return None
        if not self._was_up:
            return Fate("had hung up" if line.caller_left else "had been hung up")
        run = self._simulation.run
        if not run(self._known, NOTICED) and not self._stays():
            run(lambda: self._known() or self._left_alone, PATIENCE)
        return self._fate()

    def _stays(self) -> bool:
        """True if what runs need not be waited for: it never ends, or others end it."""
        runs = self._running()
        return self._left_alone or (
            bool(runs) and (declared(runs).joins or never_ends(runs, self._data))
        )

    def _fate(self) -> Fate:
        channel = self._line.channel
        ran = declared(self._ran)
        lasts = ran.plays or ran.records or ran.collects or ran.joins
        then = f" after {self._ran}" if lasts else ""
        runs = self._running()
        if not channel.up:
            return Fate(f"is hung up{then}, {channel.hangup_cause}")
        if self._left_alone:
            return Fate(f"is parked for ever{then}, with nobody", "park")
        if self._goes_on and channel.state is State.EXECUTE:
            return Fate(f"goes on in the dialplan{then}")
        if channel.bridged and not runs:
            return Fate("stays in a bridge of two legs")
        if not runs:
            return Fate("is parked for ever: the app had hardly connected", "socket")
        if declared(runs).joins:
            return Fate(f"stays in {runs}")
        return Fate(f"stays in {runs}, with nobody", runs)

    def _known(self) -> bool:
        channel = self._line.channel
        return not channel.up or (self._goes_on and channel.state is State.EXECUTE)

    @property
    def _left_alone(self) -> bool:
        """True if the channel is in a state that nobody ends."""
        return self._line.channel.running_state in (State.PARK, State.RESET)

    def _running(self) -> str:
        """The innermost application that the app runs on the channel, if any."""
        # uuid_bridge is told as one, and is none
        others = ("socket", "uuid_bridge")
        return next((each for each in reversed(self._line.executing) if each not in others), "")

    @property
    def _data(self) -> str:
        return self._line.channel.get("current_application_data") or ""

    def _notice(self, name: str, event: SwitchEvent) -> None:
        if not self._killed:
            return
        if name == "CHANNEL_EXECUTE_COMPLETE" and dict(event.own).get("Application") == "socket":
            self._goes_on = True
