"""A file that plays: how far it got, and what `uuid_fileman` does to it (switch_file_handle_t).

FreeSWITCH reads ahead: up to 16,384 samples at once into a buffer, of which a frame is played every
20 ms. So playback_samples (read) is more than playback_last_offset_pos (played), and a file that is
stopped first plays what is in the buffer. Between commands all of it follows from the time played.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND
from .arguments import atoi
from .sounds import FRAME, RATE

if TYPE_CHECKING:
    from .sounds import Playable

__all__ = ["FileHandle"]

#: Samples read ahead from a file: playback_samples counts what was read, not what was played.
BLOCK = 16384
#: Samples of a frame.
FRAME_SAMPLES = RATE * FRAME // SECOND
MILLISECOND_SAMPLES = RATE // 1000


class FileHandle:
    """A file from its beginning, or from the sample ``start`` on.

    It plays from `run` to `rest`; both take the time, in microseconds since the epoch. ``changed``
    is called when a command changes how it goes on, with True if it goes on elsewhere.
    """

    def __init__(self, sound: Playable, start: int, changed: Callable[[bool], None]) -> None:
        self._sound = sound
        self._changed = changed
        #: All that is played, in samples without the silence before it; None if it never ends.
        self._length = None if sound.samples is None else sound.samples - sound.lead
        self._live = _Live() if sound.kind == "local_stream" else None
        self._silence = sound.lead  #: samples that are still played before `_begin`
        self._begin = 0  #: the sample from which it was played last
        self._offset = 0  #: that sample, as its file counts (offset_pos)
        self._played = 0.0  #: samples since
        self._read_before = 0  #: samples read until then
        self._most: int | None = None  #: nothing more is read from this sample on
        self._running: int | None = None
        self.paused = False
        self.speed = 0
        limit = atoi(dict(sound.params).get("timeout")) * MILLISECOND_SAMPLES
        if limit > 0 and not sound.pieces:
            self._most = -(-limit // BLOCK) * BLOCK
        self._end = self._find_end()  #: how much there is to play since `_begin`, in samples
        if start:
            self._seek(start)
            self._end = self._find_end()

    # --- playing

    def run(self, now: int) -> None:
        """Begin to play, or go on."""
        self._running = now

    def rest(self, now: int) -> None:
        """Stop playing while something else is done."""
        self._advance(now)
        self._running = None

    def _advance(self, now: int) -> None:
        if self._running is not None:
            if self._live is not None and not self.paused:
                self._live.play(self._running, now)
            if not self.paused:
                self._played += (now - self._running) * RATE / SECOND * self._pace
            self._running = now

    @property
    def _pace(self) -> float:
        """Samples of the file in a sample of time: each step takes a quarter out of a frame."""
        return 4 / (4 - max(-2, min(2, self.speed))) if self.speed else 1.0

    def _find_end(self) -> int | None:
        end = self._length if self._most is None else self._most
        if end is None:
            return None
        if self._length is not None and self._length < end:
            end = self._length
        return self._silence + max(0, end - self._begin)

    @property
    def over(self) -> bool:
        """True if all was played."""
        return self._end is not None and not self.paused and self._played > self._end - 0.5

    @property
    def left(self) -> int | None:
        """Microseconds until it ends; None if it doesn't."""
        if self._end is None or self.paused:
            return None
        frames = ceil((self._end - self._played) / FRAME_SAMPLES / self._pace - 1e-6)
        return max(0, frames) * FRAME  # the last frame is filled up with silence

    @property
    def _done(self) -> int:
        """Samples played since `_begin`."""
        played = round(self._played)
        return played if self._end is None else min(played, self._end)

    # --- how far it got

    @property
    def position(self) -> int:
        """Where it is, in samples (offset_pos)."""
        return self._offset + self._done

    @property
    def samples_read(self) -> int:
        return self._read_before + self._read

    @property
    def _read(self) -> int:
        """Samples read since `_begin`."""
        done = self._done
        if self._live is not None:
            return self._live.read
        if not done:  # a digit that was waiting ends it before anything is read
            return 0
        if done < self._silence:
            return self._silence
        first, last = self._piece()
        first = max(first, self._begin)
        at = self._begin + done - self._silence
        read = first + ((at - first) // BLOCK + 1) * BLOCK
        ends = [end for end in (last, self._length, self._most) if end is not None]
        return self._silence + min([read, *ends]) - self._begin

    def _piece(self) -> tuple[int, int | None]:
        """The file that plays, or the loop: its first sample, and that of the next one, if any."""
        loop = self._sound.loop
        if loop is None and not self._sound.pieces:
            return 0, self._length
        at = self._begin + max(0, self._done - self._silence)
        if loop is not None:
            first = at // loop * loop
            return first, first + loop
        starts = [start for _, start in self._sound.pieces]
        index = bisect_right(starts, at)
        first = starts[index - 1] if index else 0
        return first, starts[index] if index < len(starts) else self._length

    def starts(self) -> list[tuple[str, int]]:
        """The files of a ``file_string``, with microseconds from now on."""
        return self._sound.starts(self._begin, self._silence)

    # --- commands (switch_ivr_process_fh)

    def command(self, words: str, now: int) -> None:
        """Pause, seek, restart, stop, or change the speed; anything else changes nothing."""
        self._advance(now)
        words, _, value = words.lower().partition(":")
        before = self._begin, self._read_before
        if words.startswith("speed") and value:
            self.speed = _changed(self.speed, value)
        elif words == "pause" and not value:
            self.paused = not self.paused
        elif words == "stop" and not value:
            self._most = self._begin - self._silence + self._read
        elif words == "restart" and not value:
            self.speed = 0
            self._seek(0)
        elif words.startswith("seek") and value:
            if value[0] in "+-":
                self._seek(max(0, self.position + (atoi(value) or 1000) * MILLISECOND_SAMPLES))
            else:
                self._seek(max(0, atoi(value)) * MILLISECOND_SAMPLES)
        self._end = self._find_end()
        self._changed((self._begin, self._read_before) != before)

    def _seek(self, target: int) -> None:
        """Play from there on: in a ``file_string``, in the file that plays."""
        if not self._sound.seekable:
            return
        stopped = self._most is not None and self._begin + self._read - self._silence >= self._most
        self._read_before += self._read
        silence = max(0, self._silence - self._done)
        first, last = self._piece()
        if not target and self._sound.pieces:
            first, silence = 0, self._sound.lead
        elif last is not None and first + target >= last:
            target = last - first - 1
        self._begin, self._offset, self._played = first + target, target, 0.0
        self._silence = silence
        if stopped:
            self._most = self._begin


def _changed(number: int, value: str) -> int:
    """A number that ``<n>`` sets, and ``+<n>`` or ``-<n>`` changes."""
    if value[:1] in ("+", "-"):
        return number + (atoi(value) or 1)
    return atoi(value)


class _Live:
    """How much was read of a stream that goes on whether it is read or not (mod_local_stream).

    What has come since the last read is read at once, before the rest of that is less than a frame;
    if nothing has, a quarter of a second of silence.
    """

    def __init__(self) -> None:
        self.read = 0  #: samples
        self._played = 0
        self._taken_until: int | None = None

    def play(self, began: int, ended: int) -> None:
        """Play from one time to another, without a break."""
        at = began
        if self._taken_until is None:
            self._taken_until = began
        while at < ended:
            if self.read - self._played <= FRAME_SAMPLES:
                came = (at - self._taken_until) // FRAME * FRAME_SAMPLES
                self.read += min(came, BLOCK) or RATE // 4
                self._taken_until = at
            # the frames until it reads again
            most = max(1, -(-(self.read - FRAME_SAMPLES - self._played) // FRAME_SAMPLES))
            frames = min(most, -(-(ended - at) // FRAME))
            self._played += frames * FRAME_SAMPLES
            at += frames * FRAME
