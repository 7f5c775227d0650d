"""Media bugs, which listen in on a channel's media, or change it (switch_core_media_bug.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND, Steps

if TYPE_CHECKING:
    from .channel import Channel

__all__ = ["MediaBug", "note_target", "remove_all", "stop", "stop_bugs"]


class MediaBug:
    """A recording, a detector, an eavesdropper: from MEDIA_BUG_START to MEDIA_BUG_STOP."""

    def __init__(
        self,
        channel: Channel,
        function: str,
        target: str,
        when_stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self.channel = channel
        self.function = function
        self.target = target
        #: When it stops by itself, in microseconds.
        self.due: int | None = None
        self._when_stopped = when_stopped
        channel.bugs.append(self)
        channel.fire("MEDIA_BUG_START", first=self._about())

    def stop_after(self, seconds: int) -> None:
        """Stop by itself when that many seconds of the clock have begun.

        A frame that is read shows it: where none are, as in ``fifo out wait``, nobody looks.
        """
        self.due = (self.channel.now // SECOND + seconds) * SECOND
        self.channel.listeners.append(self)
        self.channel.poke()

    def heed(self) -> Steps[None]:
        """Stop, since it is time."""
        yield from ()
        self.stop()

    def stop(self) -> None:
        """Remove the bug; removing it twice does nothing."""
        if self.close():
            self.destroy()

    def close(self) -> bool:
        """Take it off the channel; False if that has already happened."""
        if self not in self.channel.bugs:
            return False
        self.channel.bugs.remove(self)
        if self in self.channel.listeners:
            self.channel.listeners.remove(self)
        self._when_stopped()
        return True

    def destroy(self) -> None:
        """Report that it is gone: MEDIA_BUG_STOP."""
        self.channel.fire("MEDIA_BUG_STOP", first=self._about())

    def _about(self) -> list[tuple[str, str]]:
        return [("Media-Bug-Function", self.function), ("Media-Bug-Target", self.target)]


def stop(channel: Channel, function: str, target: str) -> None:
    """As `stop_bugs`, for an application; a target that is not there, among others, is reported."""
    if target != "all":
        note_target(channel, function, target)
    stop_bugs(channel, function, target)


def note_target(channel: Channel, function: str, target: str) -> None:
    """Report a file that no bug of that function is for, while another one has another file."""
    targets = [bug.target for bug in channel.bugs if bug.function == function]
    if targets and target and target not in targets:
        name = channel.get("current_application") or "an application"
        why = f"it is not for {target}, but for {' and '.join(targets)}"
        channel.switch.refused(f"{name} {target}", channel, why)


def stop_bugs(channel: Channel, function: str, target: str = "") -> bool:
    """Remove the bugs with that function, and target if one is given; False if there are none."""
    found = [
        bug
        for bug in channel.bugs
        if bug.function == function and target in ("all", "", bug.target)
    ]
    remove_all(found)
    return bool(found)


def remove_all(bugs: Iterable[MediaBug]) -> None:
    """Take all of them off first; MEDIA_BUG_STOP then comes for the last one first."""
    closed = [bug for bug in bugs if bug.close()]
    for bug in reversed(closed):
        bug.destroy()
