"""A simulated FreeSWITCH: call eslsync handlers without a telephone switch."""

from .call import Call, CallFailed
from .freeswitch import FreeSwitch
from .world import SimulationError

__all__ = ["Call", "CallFailed", "FreeSwitch", "SimulationError"]
