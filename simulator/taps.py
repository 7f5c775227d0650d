"""Applications that listen in on a channel's media: recordings, detectors, displacing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ivr
from .applications import application, on_terminator
from .arguments import atoi, separate
from .ivr import FRAME, WAV_HEADER, MediaBug
from .media import RATE
from .threads import MILLISECOND, SECOND, Steps

if TYPE_CHECKING:
    from .channel import Channel

__all__ = ["read_codec_changed"]

#: Frames that wait_for_silence goes on for when it has found it.
SILENT_FRAMES = 25
#: A day, in milliseconds.
FOREVER = 86_400_000

RECORD_FILE_START = ("switch_ivr_play_say.c", "switch_ivr_record_file_event", 767)
RECORD_FILE_STOP = ("switch_ivr_play_say.c", "switch_ivr_record_file_event", 1030)


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


@application("record")
def record(channel: Channel, data: str) -> Steps[None]:
    """``<path> [<seconds> [<silence threshold> [<silence hits>]]]`` (switch_ivr_record_file)."""
    words = separate(data, " ", 4)
    if not words:
        return
    path, limit = words[0], atoi(words[1].lstrip("+")) if len(words) > 1 else 0
    channel.set("playback_terminator_used", None)
    channel.set("silence_hits_exhausted", "false")
    read_codec_changed(channel)
    channel.fire("RECORD_START", (("Record-File-Path", path),), called_from=RECORD_FILE_START)
    began = channel.now
    ends = []
    if limit:
        # seconds are those of the epoch: the limit is over with the first that is past it
        ends.append((began // SECOND + limit + 1) * SECOND)
    silent_at = None
    if len(words) > 2 and atoi(words[2]) and not channel.audible:
        silent_at = began + ((atoi(words[3]) if len(words) > 3 else 0) or 3) * SECOND
        ends.append(silent_at)
    until = min(ends, default=None)
    on_digit = on_terminator(channel)
    while channel.is_ready() and not ivr.take_break(channel):
        if until is not None and channel.now >= until:
            if until == silent_at:
                channel.set("silence_hits_exhausted", "true")
            break
        yield from ivr.parse_all_events(channel)
        if channel.digits and on_digit(channel.take_digit()):
            break
        if not channel.is_ready():
            break
        yield from channel.frames(until)
    samples = (channel.now - began) // FRAME * FRAME * RATE // SECOND
    size = str(WAV_HEADER + 2 * samples)
    channel.set("record_record_file_size", size)
    channel.set("record_file_size", size)
    channel.set("record_seconds", str(samples // RATE))
    channel.set("record_ms", str(samples * 1000 // RATE))
    channel.set("record_samples", str(samples))
    channel.fire("RECORD_STOP", (("Record-File-Path", path),), called_from=RECORD_FILE_STOP)
    read_codec_changed(channel)
    if not channel.is_ready():
        channel.hangup("DESTINATION_OUT_OF_ORDER")


@application("record_session")
def record_session(channel: Channel, data: str) -> Steps[None]:
    """``<path> [+<seconds>]``: record both sides, while the call goes on."""
    path, _, options = data.partition(" ")
    if path:
        limit = atoi(options[1:]) if options.startswith("+") else 0
        yield from ivr.record_session(channel, path, limit)


@application("stop_record_session")
def stop_record_session(channel: Channel, data: str) -> None:
    ivr.stop_bugs(channel, "session_record", data)


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


@application("limit", nomedia=True)
def limit(channel: Channel, data: str) -> None:
    """``<backend> <realm> <id> [<max>]``: counted, never reached."""
    words = separate(data, " ", 5)
    if len(words) < 3:
        return
    backend, realm, name = words[:3]
    usage = channel.switch.limits
    key = f"{realm}_{name}"
    usage[key] = usage.get(key, 0) + 1

    def release() -> None:
        usage[key] -= 1
        channel.set("limit_backend", None)

    channel.when_down.append(release)
    channel.set("limit_usage", str(usage[key]))
    channel.set(f"limit_usage_{key}", str(usage[key]))
    channel.set("limit_rate", "0")
    channel.set(f"limit_rate_{key}", "0")
    channel.set("limit_backend", backend)
