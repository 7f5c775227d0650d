"""The files of a ``file_string``, which play one after the other."""

from __future__ import annotations

from collections.abc import Callable

from ..clockwork.agenda import Agenda, Timer

__all__ = ["Pieces"]


class Pieces:
    """Begins and ends each file at its time.

    ``starts`` are the files' names, and when each begins, in microseconds from the start of the
    whole. ``begin`` is called with a file's name, and returns a function to call with "ended" or
    "cut".
    It has its own timer, so that watching does not change the channel's thread.
    """

    def __init__(
        self,
        scheduler: Agenda,
        starts: list[tuple[str, int]],
        begin: Callable[[str], Callable[[str], None]],
    ) -> None:
        self.starts = starts  #: of the files that have not begun
        self._scheduler = scheduler
        self._begin_file = begin
        self._played = 0
        self._since: int | None = None  # since when it plays; None while it doesn't
        self._timer: Timer | None = None
        self._end_file: Callable[[str], None] | None = None

    def change(self, how: str) -> None:
        """Note that the whole "plays", is "paused", has "ended", or was "cut"."""
        if self._timer is not None:
            self._timer.cancel()
        if self._since is not None:
            self._played += self._scheduler.now - self._since
        self._since = self._scheduler.now if how == "plays" else None
        if how == "plays":
            self._begin()
        elif how != "paused":
            self._end(how)

    def move(self, starts: list[tuple[str, int]]) -> None:
        """Go on at another place: ``starts`` are as before, from now on."""
        how = "paused" if self._since is None else "plays"
        self.change("paused")
        self.starts, self._played = starts, 0
        if how == "plays":
            self.change(how)

    def _begin(self) -> None:
        """Begin the file that is due, and schedule the next one."""
        assert self._since is not None
        played = self._played + self._scheduler.now - self._since
        begun = [name for name, start in self.starts if start <= played]
        if begun:  # several if playing began in the middle: only the last is heard
            del self.starts[: len(begun)]
            self._end("ended")
            self._end_file = self._begin_file(begun[-1])
        if self.starts:
            left = self.starts[0][1] - played
            self._timer = self._scheduler.at(self._scheduler.now + left, self._begin)

    def _end(self, how: str) -> None:
        end, self._end_file = self._end_file, None
        if end is not None:
            end(how)
