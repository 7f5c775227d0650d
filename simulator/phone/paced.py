"""A call whose time passes as its caller wants: they are waited for while nothing is due."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TypeVar

from eslsync.clock import REAL, Clock

from .live import Live
from .pacing import Pace
from .player import Player

__all__ = ["Paced", "at_its_pace"]

T = TypeVar("T")


class Paced:
    """A player, and the pace of its call. A context manager, in which the call is up.

    `player` is another one after each step back.
    """

    #: Why time can't be changed; empty: it can.
    fixed = ""

    def __init__(self, player: Player, *, speed: float = 1.0, clock: Clock = REAL) -> None:
        self.player = player
        self._clock = clock
        self._pace = Pace(clock.now(), speed=speed)

    def __enter__(self) -> Paced:
        self.player.__enter__()
        self._pace.jump(self._clock.now(), self.player.now)
        return self

    def __exit__(self, *error: object) -> None:
        self.player.__exit__(*error)

    @property
    def speed(self) -> float:
        """Times as fast as a clock; 0: time stands still."""
        return self._pace.speed

    def next(self, inbox: SimpleQueue[T]) -> T | None:
        """Let time pass until something is in the inbox, which is returned.

        None once something else is due, which has happened then.
        """
        player, pace = self.player, self._pace
        due = None if player.ended else player.next_due
        until = None if due is None else pace.real(due)
        try:
            item = self._clock.get(inbox, until)
        except Empty:
            assert due is not None
            player.pass_to(due)
            return None
        if pace.speed:
            moment = pace.moment(self._clock.now())
            player.pass_to(moment if due is None else min(moment, due))
        return item

    def change(self, speed: float) -> None:
        """Go on at another speed."""
        self._pace.jump(self._clock.now(), self.player.now)
        self._pace.change(self._clock.now(), speed)

    def skip(self) -> None:
        """Go to the next thing that shows in the ladder."""
        self.player.skip()
        self._pace.jump(self._clock.now(), self.player.now)

    def go_back(self, moment: int) -> None:
        """Stand still at an earlier moment."""
        player = self.player
        player.__exit__(None, None, None)
        self.player = player.back(moment)
        self.player.__enter__()
        self.change(0.0)


def at_its_pace(player: Player, *, speed: float = 1.0, clock: Clock = REAL) -> Paced | Live:
    """A player whose time passes: as its caller wants, unless it is that of another program."""
    return Live(player) if player.is_live else Paced(player, speed=speed, clock=clock)
