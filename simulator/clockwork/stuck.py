"""The failure of a simulation that can't continue, and what it shows of a thread."""

from __future__ import annotations

import threading
import traceback
from pathlib import Path

from eslsync import stacks

from .counted import Participant

__all__ = ["SimulationError", "serves", "stack_of"]

#: Maximum lines of a handler's stack in a failure.
SHOWN = 6
#: Packages whose threads serve the run of the tests.
OF_TESTS = frozenset(["_pytest", "execnet", "pytest_timeout.py", "xdist"])


class SimulationError(AssertionError):
    """The simulation can't continue: a handler is stuck, or nothing is due any more."""


def stack_of(participant: Participant) -> str:
    """The stack of a handler's thread, the innermost line last."""
    frames = stacks.users_stack(participant.thread) or stacks.stack_of(participant.thread)
    return "".join(traceback.format_list(frames[-SHOWN:]))


def serves(thread: threading.Thread) -> bool:
    """True for a thread that serves calls or the run of the tests; it tells handlers nothing."""
    files = (frame.filename for frame in stacks.stack_of(thread))
    file = next((each for each in files if each != threading.__file__), "")
    return not file or stacks.is_ours(file) or not OF_TESTS.isdisjoint(Path(file).parts)
