"""Detectors of keys and silence, and files that displace what is heard: media bugs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from ..model import answering, media_bugs, playing, waiting
from ..model.arguments import atoi
from ..model.sounds import FRAME, RATE
from ..model.tables import api, application, usage
from .conference import Rooms

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.sounds import Playable
    from ..model.switch import Switch

__all__: list[str] = []

#: Frames for which wait_for_silence continues once it has found silence.
SILENT_FRAMES = 25
#: A day, in milliseconds.
FOREVER = 86_400_000


class _Displaced(media_bugs.MediaBug):
    """A file that is written in place of what is written to a channel, until it ends."""

    def __init__(self, channel: Channel, sound: Playable, flags: str) -> None:
        super().__init__(channel, "displace", sound.path)
        self._limit: int | None = None
        ends = sound.samples is not None and "l" not in flags
        self._left = (sound.samples or 0) * SECOND // RATE if ends else None
        if self._left is not None:
            channel.listeners.append(self)
            self.due = channel.tick()
            channel.poke()

    def stop_after(self, seconds: int) -> None:
        super().stop_after(seconds)
        self._limit = self.due
        if self._left is not None:
            self.channel.listeners.remove(self)  # it was there already
            self.due = self.channel.tick()

    def heed(self) -> Steps[None]:
        """Write a frame of the file, if one is written to the channel."""
        yield from ()
        channel = self.channel
        rooms = channel.switch.state(Rooms)
        written = channel.bridged or channel.file is not None or rooms.has(channel)
        if self._left is not None and written:
            self._left -= FRAME
        over = self._limit is not None and channel.now >= self._limit
        if over or (self._left is not None and self._left < 0):
            self.stop()
        elif self._left is not None:
            self.due = channel.now + FRAME


def _displace(channel: Channel, path: str, limit: int, flags: str) -> Steps[bool]:
    """Displace what is written to a channel (switch_ivr_displace_session)."""
    if not path or not (yield from answering.pre_answer(channel)):
        return False
    sound = channel.switch.media.open(path, playing.sound_prefix(channel))
    same = any(bug.function == "displace" and bug.target == path for bug in channel.bugs)
    if sound is None or same or not channel.media_ready:
        return False
    displaced = _Displaced(channel, sound, flags)
    if limit:
        displaced.stop_after(limit)
    return True


@application("displace_session", needs_data=True, recordings="11l 45g")
def displace_session(channel: Channel, data: str) -> Steps[None]:
    """``<path> [<flags>] [+<seconds>]``: write a file in place of what the caller hears."""
    path, *options = separate(data, " ", 6) or [""]
    limit, flags = 0, ""
    for option in options:
        if "+" in option:
            limit = atoi(option.lstrip("+"))
        else:
            flags = option or flags
    yield from _displace(channel, path, limit, flags)


@application("stop_displace_session", recordings="30e")
def stop_displace_session(channel: Channel, data: str) -> None:
    """``<path>``: in full, as MEDIA_BUG_START tells it."""
    media_bugs.stop(channel, "displace", data)


@application("start_dtmf", recordings="11l")
def start_dtmf(channel: Channel, data: str) -> None:
    media_bugs.MediaBug(channel, "inband_dtmf", "N/A")


@application("stop_dtmf", recordings="11l")
def stop_dtmf(channel: Channel, data: str) -> None:
    media_bugs.stop_bugs(channel, "inband_dtmf", "")


@application("spandsp_start_dtmf", recordings="03l")
def spandsp_start_dtmf(channel: Channel, data: str) -> None:
    media_bugs.MediaBug(channel, "spandsp_dtmf_detect", "N/A")


@application("spandsp_stop_dtmf", recordings="03l")
def spandsp_stop_dtmf(channel: Channel, data: str) -> None:
    media_bugs.stop_bugs(channel, "spandsp_dtmf_detect", "")


@application("remove_bugs", recordings="30e")
def remove_bugs(channel: Channel, data: str) -> None:
    """Remove all media bugs, or those with that function: recordings, detectors, recognizers."""
    media_bugs.remove_all([bug for bug in channel.bugs if data in ("", bug.function)])


@application("wait_for_silence", needs_data=True, recordings="11l")
def wait_for_silence(channel: Channel, data: str) -> Steps[None]:
    """``<threshold> <silence frames> <frames of sound> <timeout ms>``."""
    words = separate(data, " ", 5)
    if len(words) < 4:
        return
    frames, sound, timeout = map(atoi, words[1:4])
    channel.read_in_linear(object())
    # An audible caller never falls silent; a silent one never makes the awaited sound.
    heard = not channel.audible and not sound
    length = timeout
    if heard:
        silence = (frames + SILENT_FRAMES) * FRAME // MILLISECOND
        heard = not timeout or silence < timeout
        length = silence if heard else timeout
    yield from waiting.sleep(channel, length or FOREVER, None)
    channel.set("wait_for_silence_timeout", "false" if heard else "true")
    channel.set("wait_for_silence_listenhits", "0")
    channel.set("wait_for_silence_silence_hits", "0" if heard else str(frames))
    channel.reset(digits=False)


@api("uuid_displace", recordings="30b 45g")
def uuid_displace(switch: Switch, argument: str) -> Steps[str]:
    words = separate(argument, " ", 5)
    syntax = usage("<uuid> [start|stop] <path> [<limit>] [mux]")
    if len(words) < 3:
        return syntax
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    if words[1].lower() == "start":
        limit, flags = atoi("".join(words[3:4])), "".join(words[4:5])
        done = yield from _displace(channel, words[2], limit, flags)
        return "+OK Success\n" if done else "-ERR Cannot displace session!\n"
    if words[1].lower() != "stop":
        return syntax
    stopped = media_bugs.stop_bugs(channel, "displace", words[2])
    return "+OK Success\n" if stopped else "-ERR Cannot stop displace session!\n"
