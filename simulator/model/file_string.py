"""The files of a ``file_string``, which are heard one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.agenda import Timer

if TYPE_CHECKING:
    from .channel import Channel, Heard

__all__ = ["Pieces"]


class Pieces:
    """Tells a channel's watcher when each file begins and ends.

    ``starts`` are the files' names, and when each begins, in microseconds from the start of the
    whole. It has a timer of its own, so that watching does not change the channel's thread.
    """

    def __init__(self, channel: Channel, starts: list[tuple[str, int]]) -> None:
        self._channel = channel
        self.starts = starts  #: of the files that have not begun
        self._played = 0
        self._since: int | None = None  # since when it plays; None while it doesn't
        self._timer: Timer | None = None
        self._current: Heard | None = None

    def change(self, how: str) -> None:
        """The whole "plays", is "paused", has "ended", or was "cut"."""
        if self._timer is not None:
            self._timer.cancel()
        if self._since is not None:
            self._played += self._channel.now - self._since
        self._since = self._channel.now if how == "plays" else None
        if how == "plays":
            self._begin()
        elif how != "paused":
            self._end(how)

    def _begin(self) -> None:
        """Begin the file whose time has come, and schedule the next one."""
        assert self._since is not None
        played = self._played + self._channel.now - self._since
        begun = [name for name, start in self.starts if start <= played]
        if begun:  # several if it began in the middle: only the last of them is heard
            del self.starts[: len(begun)]
            self._end("ended")
            self._current = self._channel.hear_piece(begun[-1])
        if self.starts:
            left = self.starts[0][1] - played
            self._timer = self._channel.switch.scheduler.at(self._channel.now + left, self._begin)

    def _end(self, how: str) -> None:
        current, self._current = self._current, None
        if current is not None:
            self._channel.hear_change(current, how)
