"""What is typed, or what a page asks for, until the call's thread takes it."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["Inbox"]

T = TypeVar("T")


class Inbox(SimpleQueue[T]):
    """A queue that wakes whoever waits for something else as well, by its ``on_put``."""

    def __init__(self) -> None:
        self.on_put: Callable[[], object] = lambda: None

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Add an item. Any thread; never blocks."""
        super().put(item)
        self.on_put()
