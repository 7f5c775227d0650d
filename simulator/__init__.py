"""A simulated FreeSWITCH: call eslsync handlers without a telephone switch."""

from importlib import import_module

TYPE_CHECKING = False  # which typing's means for type checkers, too, without its import
if TYPE_CHECKING:
    from .calling.call import Call, CallFailed, NotModelled, Refused
    from .calling.faults import Fault
    from .calling.freeswitch import FreeSwitch
    from .calling.sweeps import sweep
    from .clockwork.virtual_time import SimulationError
    from .exploring.exploration import Exploration, explore
    from .recordings.replays import replay

__all__ = [
    "Call",
    "CallFailed",
    "Exploration",
    "Fault",
    "FreeSwitch",
    "NotModelled",
    "Refused",
    "SimulationError",
    "explore",
    "replay",
    "sweep",
]

# Imported on first use, so that `eslsync call` starts faster.
_HOMES = {
    "Call": "calling.call",
    "CallFailed": "calling.call",
    "Exploration": "exploring.exploration",
    "Fault": "calling.faults",
    "FreeSwitch": "calling.freeswitch",
    "NotModelled": "calling.call",
    "Refused": "calling.call",
    "SimulationError": "clockwork.virtual_time",
    "explore": "exploring.exploration",
    "replay": "recordings.replays",
    "sweep": "calling.sweeps",
}

if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
