"""A simulated FreeSWITCH: call eslsync handlers without a telephone switch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .call import Call, CallFailed
    from .exploring.exploration import Exploration, explore
    from .faults import Fault
    from .freeswitch import FreeSwitch
    from .replays import replay
    from .sweeps import sweep
    from .world import SimulationError

__all__ = [
    "Call",
    "CallFailed",
    "Exploration",
    "Fault",
    "FreeSwitch",
    "SimulationError",
    "explore",
    "replay",
    "sweep",
]

# Imported when they are asked for: `eslsync serve` lives in this package too, and a production
# server shall load neither the simulated switch nor freezegun.
_HOMES = {
    "Call": "call",
    "CallFailed": "call",
    "Exploration": "exploring.exploration",
    "Fault": "faults",
    "FreeSwitch": "freeswitch",
    "SimulationError": "world",
    "explore": "exploring.exploration",
    "replay": "replays",
    "sweep": "sweeps",
}

if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted([*globals(), *__all__])
