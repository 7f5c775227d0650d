"""Digits: keys that are pressed, or sent. `Channel.queue_digit` keeps them until they are read."""

from __future__ import annotations

from dataclasses import dataclass

from eslsync.wire.arguments import DIGITS

from ..clockwork.threads import SECOND
from .arguments import atoi, separate

__all__ = ["PAUSES", "Digit", "dtmf_string"]

#: Digits as switch_utils.h's is_dtmf accepts them; ``w`` and ``W`` are pauses in what is sent.
DTMF = f"{DIGITS}abcdwWfF"
#: The length of each pause in microseconds.
PAUSES = {"w": SECOND // 2, "W": SECOND}
#: The length of a key press in samples: the minimum, the default, and the maximum.
SHORTEST_DIGIT, USUAL_DIGIT, LONGEST_DIGIT = 400, 2000, 192_000


@dataclass(frozen=True)
class Digit:
    """A key that was pressed. ``duration`` is in samples, as in DTMF-Duration."""

    key: str
    duration: int = 1600
    source: str = "UNKNOWN"


def dtmf_string(text: str, source: str = "APP") -> list[Digit]:
    """The digits of ``<keys>[@<milliseconds>][+<keys>...]``."""
    digits = []
    for part in separate(text.removeprefix("~"), "+", 256):
        keys, _, milliseconds = part.partition("@")
        asked = atoi(milliseconds) * 8
        duration = min(asked, LONGEST_DIGIT) if asked > SHORTEST_DIGIT else USUAL_DIGIT
        digits += [Digit(key, duration, source) for key in keys if key in DTMF]
    return digits
