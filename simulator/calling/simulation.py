"""A simulated switch at work: its time, the model of FreeSWITCH, and the calls that are up.

A test uses `FreeSwitch`, which wraps this. The rest of the simulator gets it from
`simulator.calling.freeswitch.simulation_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..clockwork.held_threads import Left
from ..clockwork.real_time import RealTime
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import World
from ..model.channel import Channel
from ..model.switch import Switch
from .apps import Apps
from .faults import Fault
from .leaks import GRACE
from .line import END_TIMEOUT, App, Line
from .other_legs import OtherLegs
from .outside import Outside

__all__ = ["CALL_TIMEOUT", "Simulation"]

#: Maximum simulated seconds of a call, unless a verb says otherwise.
CALL_TIMEOUT = 3600.0


class Simulation:
    """The state that the calls of one switch share.

    ``lines`` are the calls by the uuids of their channels: those that are up, and some that
    have just ended. ``legs`` are the other legs, ``apps`` the servers that calls go to, ``outside``
    is what their handlers ask.
    """

    def __init__(
        self,
        world: World | RealTime,
        model: Switch,
        lines: dict[str, Line],
        legs: OtherLegs,
        apps: Apps,
        outside: Outside,
    ) -> None:
        self.world = world
        self.model = model
        self.lines = lines
        self.legs = legs
        self.apps = apps
        self.outside = outside
        self.asked = False  #: True once the test has asked for a call
        #: Calls that ended long ago, and may have to fail at the end.
        self.faulty: list[Line] = []

    @property
    def now(self) -> int:
        """Microseconds since the epoch."""
        return self.world.now

    def begin(self, app: App, channel: Channel, faults: Sequence[Fault] = ()) -> Line:
        """Hand a channel's call to ``app``; it begins when time next passes."""
        self.apps.find(app)  # starts its server, or raises for an address that can't be called
        for uuid in [uuid for uuid, each in self.lines.items() if each.ended]:
            ended = self.lines.pop(uuid)
            if ended.lacking or ended.unknown or not (ended.links or ended.absence_expected):
                self.faulty.append(ended)
        line = self.lines[channel.uuid] = Line(self.world, app, channel, faults)
        line.on_bridge = self.legs.noticed
        line.note("caller", f"calls {line.destination}")

        def start() -> None:
            line.begun = True
            channel.start()

        self.world.at(self.world.now, start)
        return line

    def take(self, app: App, leg: Channel) -> Line:
        """Make a call of a leg of the switch that an app gets to control."""
        line = self.lines[leg.uuid] = Line(self.world, app, leg)
        if not line.watchers:  # its events would be noticed twice
            line.on_bridge = self.legs.noticed
        line.awaited = line.begun = True  # its caller is the switch
        return line

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Run ``action`` in ``delay`` seconds."""
        self.world.at(self.world.now + round(delay * SECOND), action)

    def run(self, until: Callable[[], bool], timeout: float | None) -> bool:
        """Let time pass until ``until()`` is true; False if that takes over ``timeout`` seconds.

        Re-raises a handler's exception, and raises SimulationError if a handler is stuck.
        """
        deadline = None if timeout is None else self.world.now + round(timeout * SECOND)
        apps = self.apps
        done = self.world.run(lambda: apps.raised is not None or until(), deadline)
        apps.raise_again()
        return done

    def see_out(self) -> None:
        """Let the calls go on for which nobody has waited; their callers do nothing more.

        It takes at most `time_to_end` seconds. Re-raises a handler's exception.
        """
        if isinstance(self.world, World) and self.world.stuck:
            return  # reported already; no handler will get any further
        silent = [line for line in self.lines.values() if not line.awaited]
        if silent:
            self.run(lambda: all(line.ended for line in silent), self.time_to_end)

    def finish(self) -> Line | None:
        """Hang up every call, and let handlers end, for `time_to_end` seconds.

        Returns a line whose handler still runs then, if any; otherwise re-raises a handler's
        exception.
        """
        if isinstance(self.world, World) and self.world.stuck:
            return None  # reported already; no handler will get any further
        for line in list(self.lines.values()):
            self.later(0.0, line.hang_up)
        deadline = self.world.now + round(self.time_to_end * SECOND)
        # a program that had its time to close gets no more
        if not self.world.run(
            lambda: all(c.ended or c.overdue for c in self.lines.values()), deadline
        ) or any(c.overdue for c in self.lines.values()):
            return next(line for line in self.lines.values() if not line.ended)
        self.apps.raise_again()
        if isinstance(self.world, World):
            threads = self.world.threads
            if any(threads.children()):
                grace = self.world.now + round(GRACE * SECOND)
                self.world.run(lambda: not any(threads.children()), grace)
                self.apps.raise_again()
        return None

    @property
    def time_to_end(self) -> float:
        """Seconds for handlers to end after `finish` has hung up."""
        return CALL_TIMEOUT if isinstance(self.world, World) else END_TIMEOUT

    @property
    def left(self) -> list[Left]:
        """The threads that handlers have left behind, after `close`."""
        return self.world.threads.left if isinstance(self.world, World) else []

    def close(self) -> None:
        """Stop all servers; handlers that still run continue in real time."""
        self.world.close()
        self.apps.close()
