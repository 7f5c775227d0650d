"""The switch's own heartbeat: a HEARTBEAT event every 20 seconds (switch_core.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, SECOND

if TYPE_CHECKING:
    from .switch import Switch

__all__ = ["Heartbeat", "up_time"]

#: Microseconds between HEARTBEAT events.
HEARTBEAT = 20 * SECOND


class Heartbeat:
    """Fires HEARTBEATs, but only while somebody wants them.

    An event that is always due would keep a simulated world from noticing that nothing else is.
    """

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        #: When the next one is due.
        self.due = switch.started + HEARTBEAT
        self._scheduled = False

    def beat(self, wanted: Callable[[], bool]) -> None:
        """Fire a HEARTBEAT whenever one is due, for as long as ``wanted()`` is true."""
        if self._scheduled or not wanted():
            return
        self._scheduled = True
        scheduler = self._switch.scheduler
        late = max(0, scheduler.now - self.due)
        due = self.due + -(-late // HEARTBEAT) * HEARTBEAT

        def fire() -> None:
            self._scheduled = False
            self._fire()
            self.due = scheduler.now + HEARTBEAT
            self.beat(wanted)

        scheduler.at(max(due, scheduler.now), fire)

    def _fire(self) -> None:
        switch = self._switch
        up = switch.scheduler.now - switch.started
        count = str(len(switch.channels))
        own = (
            ("Event-Info", "System Ready"),
            ("Up-Time", up_time(up)),
            ("FreeSWITCH-Version", f"{switch.version.build}~64bit"),
            ("Uptime-msec", str(up // MILLISECOND)),
            ("Session-Count", count),
            ("Max-Sessions", "1000"),
            ("Session-Per-Sec", "200"),
            ("Session-Per-Sec-Last", "0"),
            ("Session-Per-Sec-Max", "0"),
            ("Session-Per-Sec-FiveMin", "0"),
            ("Session-Since-Startup", str(switch.sessions)),
            ("Session-Peak-Max", count),
            ("Session-Peak-FiveMin", count),
            ("Idle-CPU", "100.000000"),
        )
        switch.publish(switch.event("HEARTBEAT", own))


def up_time(microseconds: int) -> str:
    """``0 years, 1 day, 2 hours ...``, as the switch prints its uptime."""
    seconds, micros = divmod(microseconds, SECOND)
    days, seconds = divmod(seconds, 86400)
    counts = (
        (days // 365, "year"),
        (days % 365, "day"),
        (seconds // 3600, "hour"),
        (seconds // 60 % 60, "minute"),
        (seconds % 60, "second"),
        (micros // MILLISECOND, "millisecond"),
        (micros % MILLISECOND, "microsecond"),
    )
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts)
