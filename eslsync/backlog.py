"""What has arrived and waits: bounded in number and in bytes, whoever sends it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from .message import Event

__all__ = ["Backlog"]

T = TypeVar("T")


class Backlog(Generic[T]):
    """Things in order of arrival, each about an event."""

    def __init__(self, event_of: Callable[[T], Event], most: int, most_bytes: int) -> None:
        self._event_of = event_of
        self._most = most
        self._most_bytes = most_bytes
        self._items: deque[T] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    @property
    def first(self) -> T:
        """The oldest."""
        return self._items[0]

    @property
    def overfull(self) -> bool:
        """Has something to go?"""
        return len(self._items) > self._most or self._bytes > self._most_bytes

    def append(self, item: T) -> None:
        self._items.append(item)
        self._bytes += self._weight(item)

    def popleft(self) -> T:
        item = self._items.popleft()
        self._bytes -= self._weight(item)
        return item

    def remove(self, item: T) -> None:
        self._items.remove(item)
        self._bytes -= self._weight(item)

    def _weight(self, item: T) -> int:
        event = self._event_of(item)
        return len(event.head) + len(event.content)
