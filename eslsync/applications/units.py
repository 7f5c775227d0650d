"""Converts seconds to the units of FreeSWITCH's applications."""

from __future__ import annotations

import math

__all__ = ["milliseconds", "whole_seconds"]


def milliseconds(what: str, seconds: float, least: float = 0.0) -> str:
    """Milliseconds, as text. Raises ValueError, naming ``what``, below ``least`` seconds."""
    return str(round(_checked(what, seconds, least) * 1000))


def whole_seconds(what: str, seconds: float) -> int:
    """Seconds, rounded up to whole ones. Raises ValueError, naming ``what``, below 0."""
    return math.ceil(_checked(what, seconds, 0.0))


def _checked(what: str, seconds: float, least: float) -> float:
    if not math.isfinite(seconds):
        raise ValueError(
            f"{what} must be a finite number of seconds, {least:g} or more, not {seconds!r}"
        )
    if seconds < least:
        raise ValueError(f"{what} must be at least {least:g} s, not {seconds!r}")
    return seconds
