"""Digits: keys that are pressed, or sent. `Channel.queue_digit` keeps them until they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from eslsync.wire.arguments import DIGITS
from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND
from .arguments import atoi

__all__ = ["PAUSES", "Digit", "Filter", "Filters", "dtmf_string"]

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


#: Sees a digit that a channel receives or sends; True takes it.
Filter = Callable[[Digit], bool]


@dataclass
class Filters:
    """What sees a channel's digits before it gets them, or its other end (switch_core_io.c)."""

    received: list[Filter] = field(default_factory=list)
    sent: list[Filter] = field(default_factory=list)
    #: What takes all digits that are received, or that are to be sent (`bind_digit_action`).
    received_by: Callable[[Digit], None] | None = None
    sent_by: Callable[[Digit], None] | None = None

    def take_received(self, digit: Digit) -> bool:
        """True if the digit that was received is taken."""
        taker = self.received_by
        if taker is not None:
            taker(digit)
        return any(each(digit) for each in self.received) or taker is not None

    def take_sent(self, digit: Digit) -> bool:
        """True if the digit to be sent is taken."""
        if any(each(digit) for each in self.sent):
            return True
        if self.sent_by is not None:
            self.sent_by(digit)
        return self.sent_by is not None
