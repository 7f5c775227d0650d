"""A simulated FreeSWITCH: call eslsync handlers without a telephone switch."""

from .call import Call, CallFailed
from .faults import Fault
from .freeswitch import FreeSwitch
from .sweep import sweep
from .world import SimulationError

__all__ = ["Call", "CallFailed", "Fault", "FreeSwitch", "SimulationError", "sweep"]
