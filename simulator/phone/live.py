"""A call of another program, whose time passes as everybody's does."""

from __future__ import annotations

from typing import TypeVar

from .inbox import Inbox
from .player import Player

__all__ = ["Live"]

T = TypeVar("T")


class Live:
    """A player in real time; what `Paced` is in virtual time. A context manager, too."""

    #: Why time can't be changed.
    fixed = (
        "The program has a clock of its own: time can't stand still, go faster, or be gone back in."
    )
    speed = 1.0

    def __init__(self, player: Player) -> None:
        self.player = player

    def __enter__(self) -> Live:
        self.player.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.player.__exit__(*error)

    def next(self, inbox: Inbox[T]) -> T | None:
        """Let time pass until something is in the inbox, which is returned.

        None once something has happened in the call.
        """
        player = self.player
        seen = player.signs
        inbox.on_put = player.wake
        player.wait(lambda: not inbox.empty() or player.signs != seen)
        if inbox.empty() and player.signs != seen:
            return None
        return inbox.get()  # else nothing more happens by itself
