"""The answers of a leg's recognizer (DETECTED_SPEECH), until somebody asks for them."""

from __future__ import annotations

from ..bounds import ANSWERS
from ..wire.message import Event
from .backlog import Backlog
from .losses import Losses

__all__ = ["EVENT", "Answers"]

EVENT = "DETECTED_SPEECH"
#: The speech types that end a recognition. (The others: it begins, and what is heard so far.)
ENDS = ("detected-speech", "closed")


class Answers:
    """The answers of one leg that nobody has taken, the oldest first."""

    __slots__ = ("_last", "_losses", "kept")

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._last: str | None = None  # the Event-Sequence of the last one
        self.kept = Backlog(ANSWERS)

    def note(self, event: Event) -> None:
        """Keep an answer. A parked channel tells each twice (recording 29b)."""
        sequence = event.get("Event-Sequence")
        if event.get("Speech-Type") not in ENDS or sequence == self._last:
            return
        self._last = sequence
        self.kept.append(event)
        while self.kept.overfull:
            self.kept.popleft()
            self._losses.count(self.kept.bound, f"an answer on {event.uuid}")

    def take(self) -> Event | None:
        """Take the oldest; None if there is none."""
        return self.kept.popleft() if len(self.kept) else None

    def forget(self) -> None:
        """Forget those that nobody has taken."""
        while len(self.kept):
            self.kept.popleft()
