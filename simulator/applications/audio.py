"""The volume of a channel's media, and its muting: a media bug (switch_ivr_session_audio)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import Steps
from ..model import answering, executing
from ..model.arguments import atoi
from ..model.media_bugs import MediaBug, stop_bugs
from ..model.tables import NO_CHANNEL, OK, api, application, usage
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


class Audio(MediaBug):
    """The bug that changes a channel's audio; a channel has at most one, named by its first change.

    ``read`` is what comes from the caller, ``write`` what they hear. Once nothing is changed any
    more, it goes with the next frame that it sees.
    """

    def __init__(self, channel: Channel, how: str) -> None:
        super().__init__(channel, "audio", how)
        self._changes: dict[tuple[str, str], int] = {}
        self._sees: set[str] = set()

    def change(self, how: str, direction: str, number: int) -> None:
        directions = {"both": ("read", "write")}.get(direction, (direction,))
        for each in directions:
            if each not in ("read", "write"):
                continue
            self._sees.add(each)
            if how == "mute":
                self._changes[each, "level"] = 0
            if how == "mute" or -5 < number < 5:
                self._changes[each, how] = number
        channel = self.channel
        hears = channel.partner is not None or channel.file is not None
        if "read" in self._sees or (self._sees and hears):
            channel.switch.scheduler.at(channel.tick(), self._look)

    def _look(self) -> None:
        if not any(self._changes.values()):
            self.stop()


def _change(channel: Channel, how: str, direction: str, number: int) -> Steps[None]:
    if not (yield from answering.pre_answer(channel)):
        return
    found = next((bug for bug in channel.bugs if isinstance(bug, Audio)), None)
    (found or Audio(channel, how)).change(how, direction.lower(), number)


@application("set_audio_level", recordings="35e 35q")
def set_audio_level(channel: Channel, data: str) -> Steps[None]:
    """``read|write|both <level from -4 to 4>``."""
    words = data.split(" ")
    if len(words) != 2:
        executing.refuse(channel, "usage: [read|write] <vol>")
        return
    yield from _change(channel, "level", words[0], atoi(words[1]))


@application("set_mute", recordings="35e")
def set_mute(channel: Channel, data: str) -> Steps[None]:
    """``read|write|both <true, false, or the noise to hear>``."""
    words = data.split(" ")
    if len(words) != 2:
        executing.refuse(channel, "usage: [read|write] [[true|cn level]|false]")
        return
    number = max(0, atoi(words[1])) or int(is_true(words[1]))
    yield from _change(channel, "mute", words[0], number)


@api("uuid_audio", recordings="35d 35p")
def uuid_audio(switch: Switch, argument: str) -> Steps[str]:
    """``<uuid> start read|write mute|level <level>``, or ``<uuid> stop``."""
    wrong = usage("<uuid> [start [read|write] [mute|level <level>]|stop]")
    words = argument.lower().split(" ")
    if len(words) < 2:
        return wrong
    channel = switch.locate(argument.split(" ")[0])
    if channel is None:
        return NO_CHANNEL
    if words[1] == "stop":
        stop_bugs(channel, "audio")
        return OK
    if words[1] != "start" or len(words) < 5 or words[2] not in ("read", "write"):
        return wrong
    if words[3] not in ("mute", "level"):
        return wrong
    yield from _change(channel, words[3], words[2], atoi(words[4]))
    return OK
