"""Which frames of a stack are ours, and which the user's: tracebacks and reports show theirs."""

from __future__ import annotations

import os

__all__ = ["is_ours"]

_HERE = os.path.dirname(__file__)
#: eslsync, and the simulator, which is installed beside it.
_OURS = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "simulator", ""))


def is_ours(filename: str) -> bool:
    """True for a file of eslsync or of the simulator."""
    return filename.startswith(_OURS)
