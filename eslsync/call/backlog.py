"""A queue of events, bounded in number and in bytes."""

from __future__ import annotations

from collections import deque

from ..wire.message import Event

__all__ = ["Backlog"]


class Backlog(deque[Event]):
    """Events in order of arrival; ``backlog[0]`` is the oldest. Its owner drops the excess."""

    def __init__(self, most: int, most_bytes: int) -> None:
        super().__init__()
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0

    @property
    def overfull(self) -> bool:
        """True while events have to be dropped."""
        return len(self) > self._most or self._bytes > self._most_bytes

    def append(self, event: Event) -> None:
        super().append(event)
        self._bytes += len(event.raw)

    def popleft(self) -> Event:
        event = super().popleft()
        self._bytes -= len(event.raw)
        return event

    def remove(self, event: Event) -> None:
        super().remove(event)
        self._bytes -= len(event.raw)
