"""Whether a thread is in the hands of a debugger, so that nobody may lose patience with it."""

from __future__ import annotations

import sys
import threading
from types import FrameType

from eslsync.stacks import frame_of

__all__ = ["is_debugged"]

#: Modules in whose functions a thread is while it has stopped, or is about to: of pdb, of what
#: pytest makes of it, and of debugpy and PyCharm.
STOPPED_IN = ("bdb", "pdb", "_pytest.debugging", "pydevd", "_pydevd", "debugpy")
#: Modules whose trace functions only look.
LOOKING = ("coverage",)


def is_debugged(thread: threading.Thread) -> bool:
    """True if a debugger has stopped the thread, traces it, or is connected to the process."""
    frame = frame_of(thread)
    while frame is not None:
        if _is_in(frame.f_globals.get("__name__"), STOPPED_IN) or _is_traced(frame):
            return True
        frame = frame.f_back
    return _is_connected()


def _is_traced(frame: FrameType) -> bool:
    """True if a debugger follows the lines of a frame. (Only its own thread could ask for more.)"""
    trace = frame.f_trace
    if trace is None:
        return False
    of = getattr(trace, "__self__", trace)  # a method of a tracer; or a function, or coverage's own
    module = getattr(of, "__module__", None) or type(of).__module__
    return not _is_in(module, LOOKING)


def _is_connected() -> bool:
    """True if a debugger uses `sys.monitoring`, or is connected as debugpy and PyCharm are."""
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    connected = getattr(sys.modules.get("pydevd"), "get_global_debugger", lambda: None)
    return connected() is not None


def _is_in(module: object, packages: tuple[str, ...]) -> bool:
    """True for a module of these packages."""
    name = str(module)
    return any(name == each or name.startswith((f"{each}.", f"{each}_")) for each in packages)
