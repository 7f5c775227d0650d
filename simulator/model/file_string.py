"""The files of a ``file_string``: heard one after the other, while the whole plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import Timer

if TYPE_CHECKING:
    from .channel import Channel, Heard

__all__ = ["Pieces"]


class Pieces:
    """Tells who watches a channel of each file as it begins, and of its end.

    ``starts`` are the files' names, and when each begins, in microseconds of the whole. They are
    told besides the channel's thread, so that it does what it does at no other time.
    """

    def __init__(self, channel: Channel, starts: list[tuple[str, int]]) -> None:
        self._channel = channel
        self._starts = starts
        self._played = 0
        self._since: int | None = None  # it plays; None: it doesn't
        self._timer: Timer | None = None
        self._current: Heard | None = None

    def change(self, how: str) -> None:
        """The whole plays, is paused, has ended or was cut."""
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
        """The files whose time has come; then wait for the next."""
        assert self._since is not None
        played = self._played + self._channel.now - self._since
        begun = [name for name, start in self._starts if start <= played]
        if begun:  # of several, what was before is not played: it began in the middle
            del self._starts[: len(begun)]
            self._end("ended")
            self._current = self._channel.hear_piece(begun[-1])
        if self._starts:
            left = self._starts[0][1] - played
            self._timer = self._channel.switch.scheduler.at(self._channel.now + left, self._begin)

    def _end(self, how: str) -> None:
        current, self._current = self._current, None
        if current is not None:
            self._channel.hear_change(current, how)
