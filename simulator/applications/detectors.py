"""Applications that listen in on a channel's media: detectors, displacing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, Steps
from ..model import ivr
from ..model.arguments import atoi, separate
from ..model.ivr import FRAME, MediaBug
from .basics import application

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__ = ["read_codec_changed"]

#: Frames that wait_for_silence goes on for when it has found it.
SILENT_FRAMES = 25
#: A day, in milliseconds.
FOREVER = 86_400_000


def read_codec_changed(channel: Channel) -> None:
    """An application that reads decoded audio sets the channel's read codec, and back."""
    channel.set("read_codec", channel.codec.name)
    channel.set("read_rate", channel.codec.rate)
    channel.fire(
        "CODEC",
        (
            ("channel-read-codec-name", channel.codec.name),
            ("channel-read-codec-rate", channel.codec.rate),
            ("channel-read-codec-bit-rate", channel.codec.bit_rate),
        ),
    )


@application("displace_session")
def displace_session(channel: Channel, data: str) -> None:
    """Play a file in place of what is heard."""
    path = data.partition(" ")[0]
    sound = channel.switch.media.open(path, ivr.sound_prefix(channel))
    if sound is not None:
        MediaBug(channel, "displace", sound.path)


@application("stop_displace_session")
def stop_displace_session(channel: Channel, data: str) -> None:
    sound = channel.switch.media.open(data, ivr.sound_prefix(channel))
    ivr.stop_bugs(channel, "displace", sound.path if sound is not None else data)


@application("start_dtmf")
def start_dtmf(channel: Channel, data: str) -> None:
    MediaBug(channel, "inband_dtmf", "N/A")


@application("stop_dtmf")
def stop_dtmf(channel: Channel, data: str) -> None:
    ivr.stop_bugs(channel, "inband_dtmf", "")


@application("spandsp_start_dtmf")
def spandsp_start_dtmf(channel: Channel, data: str) -> None:
    MediaBug(channel, "spandsp_dtmf_detect", "N/A")


@application("spandsp_stop_dtmf")
def spandsp_stop_dtmf(channel: Channel, data: str) -> None:
    ivr.stop_bugs(channel, "spandsp_dtmf_detect", "")


@application("wait_for_silence")
def wait_for_silence(channel: Channel, data: str) -> Steps[None]:
    """``<threshold> <silence frames> <frames of sound> <timeout ms>``."""
    words = separate(data, " ", 5)
    if len(words) < 4:
        return
    frames, sound, timeout = map(atoi, words[1:4])
    read_codec_changed(channel)
    # An audible caller never falls silent, and a silent one has been, where no sound is awaited.
    heard = not channel.audible and not sound
    length = timeout
    if heard:
        silence = (frames + SILENT_FRAMES) * FRAME // MILLISECOND
        heard = not timeout or silence < timeout
        length = silence if heard else timeout
    yield from ivr.sleep(channel, length or FOREVER, None)
    channel.set("wait_for_silence_timeout", "false" if heard else "true")
    channel.set("wait_for_silence_listenhits", "0")
    channel.set("wait_for_silence_silence_hits", "0" if heard else str(frames))
    read_codec_changed(channel)
