"""Detectors of keys and silence, and files that displace what is heard: media bugs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, Steps
from ..model import media_bugs, playing, waiting
from ..model.arguments import atoi
from ..model.known_options import note_option
from ..model.sounds import FRAME
from ..model.tables import api, application, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

#: Frames for which wait_for_silence continues once it has found silence.
SILENT_FRAMES = 25
#: A day, in milliseconds.
FOREVER = 86_400_000


@application("displace_session", needs_data=True, recordings="11l")
def displace_session(channel: Channel, data: str) -> None:
    """Play a file in place of what the caller says."""
    path, *options = separate(data, " ", 4) or [""]
    if any(option.startswith("+") for option in options):
        note_option(channel.switch, channel, "displace_session +<limit>")
    sound = channel.switch.media.open(path, playing.sound_prefix(channel))
    if sound is not None:
        media_bugs.MediaBug(channel, "displace", sound.path)


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


@api("uuid_displace", recordings="30b")
def uuid_displace(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    if len(words) < 3:
        return usage("<uuid> [start|stop] <path> [<limit>] [mux]")
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    sound = switch.media.open(words[2], playing.sound_prefix(channel))
    if words[1].lower() == "start":
        if sound is None:
            return "-ERR Cannot displace session!\n"
        if atoi("".join(words[3:4])):
            note_option(switch, channel, "uuid_displace <limit>")
        media_bugs.MediaBug(channel, "displace", sound.path)
        return "+OK Success\n"
    stopped = media_bugs.stop_bugs(channel, "displace", words[2])
    return "+OK Success\n" if stopped else "-ERR Cannot stop displace session!\n"
