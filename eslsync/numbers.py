"""Checks the numbers that users pass, and converts seconds to FreeSWITCH's units."""

from __future__ import annotations

import math

__all__ = ["is_number", "milliseconds", "seconds", "whole", "whole_seconds"]

#: Maximum seconds that FreeSWITCH counts: it adds them to the time since 1970, in 32 bits.
MOST_SECONDS = 10_000_000
#: Maximum seconds that it reads as milliseconds, in 32 bits with a sign (``atoi``).
MOST_AS_MILLISECONDS = 2_147_483


def is_number(value: object) -> bool:
    """True for an int or a float; True and False are no numbers here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def seconds(what: str, value: float, least: float = 0.0, most: float = math.inf) -> float:
    """Return the seconds. Raises TypeError or ValueError, naming ``what``, if they are none."""
    if not is_number(value):
        raise TypeError(f"{what} must be a number of seconds, not {value!r}")
    if value < least and value != -math.inf:
        raise ValueError(f"{what} must be at least {least:g} s, not {value!r}")
    if not least <= value <= most:
        if math.inf > value > most:
            raise ValueError(f"{what} must be at most {most} s, not {value!r}")
        finite = "" if most == math.inf else "finite "
        raise ValueError(
            f"{what} must be a {finite}number of seconds, {least:g} or more, not {value!r}"
        )
    return value


def milliseconds(what: str, value: float, least: float = 0.0) -> str:
    """Seconds as milliseconds, as text. Raises as `seconds` does."""
    return str(round(seconds(what, value, least, MOST_AS_MILLISECONDS) * 1000))


def whole_seconds(what: str, value: float) -> int:
    """Seconds, rounded up to whole ones. Raises as `seconds` does."""
    return math.ceil(seconds(what, value, 0.0, MOST_SECONDS))


def whole(what: str, value: int, least: int, most: int | None = None) -> int:
    """Return the whole number. Raises TypeError or ValueError, naming ``what``, if it is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be a whole number, not {value!r}")
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{what} must be {limits}, not {value!r}")
    return value
