"""Seconds, as FreeSWITCH's applications take them."""

from __future__ import annotations

import math

__all__ = ["milliseconds", "whole_seconds"]


def milliseconds(seconds: float, least: float = 0.0) -> str:
    """Seconds in milliseconds. Raises ValueError below ``least`` seconds."""
    if not least <= seconds < math.inf:
        raise ValueError(f"it takes {least:g} seconds or more, not {seconds!r}")
    return str(round(seconds * 1000))


def whole_seconds(seconds: float) -> int:
    """Seconds, rounded up to whole ones. Raises ValueError for less than none."""
    if not 0 <= seconds < math.inf:
        raise ValueError(f"can't wait for {seconds!r} seconds")
    return math.ceil(seconds)
