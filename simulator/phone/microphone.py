"""What the caller has said into the microphone, by the moments of the call."""

from __future__ import annotations

import sys
import threading
import wave
from array import array
from io import BytesIO

from ..clockwork.threads import SECOND
from ..model.sounds import RATE

__all__ = ["Microphone", "is_voice"]

#: Bytes of a sample.
SIZE = 2
#: Seconds that are kept at most.
LONGEST = 3600
#: The mean of samples from which somebody speaks; what `record` takes for silence is given by its
#: threshold, which is counted in the same way (switch_ivr_record_file).
LOUD = 200


class Microphone:
    """Samples of 16 bits, the lesser first, `RATE` a second. Moments are in microseconds."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, bytes]] = []  # by the first sample, of the call's beginning
        self._lock = threading.Lock()

    def add(self, moment: int, sound: bytes) -> None:
        """Add what was said from a moment on."""
        with self._lock:
            kept = sum(len(each) for _, each in self._parts)
            if kept + len(sound) <= LONGEST * RATE * SIZE:
                self._parts.append((sample(moment), sound))

    def forget(self, moment: int = 0) -> None:
        """Forget what was said after a moment."""
        until = sample(moment)
        with self._lock:
            self._parts = [
                (first, sound[: (until - first) * SIZE])
                for first, sound in self._parts
                if first < until
            ]

    def wav(self, began: int, ended: int) -> bytes:
        """What was said from one moment to another, as a WAV file; silence where nothing was."""
        start = sample(began)
        count = max(sample(min(ended, began + LONGEST * SECOND)) - start, 0)
        samples = bytearray(count * SIZE)
        with self._lock:
            parts = list(self._parts)
        for first, sound in parts:
            skipped = max(start - first, 0)
            at = first + skipped - start
            piece = sound[skipped * SIZE : (skipped + max(count - at, 0)) * SIZE]
            samples[at * SIZE : at * SIZE + len(piece)] = piece
        out = BytesIO()
        with wave.open(out, "wb") as file:
            file.setparams((1, SIZE, RATE, 0, "NONE", ""))
            file.writeframes(samples)
        return out.getvalue()


def sample(moment: int) -> int:
    return moment * RATE // SECOND


def is_voice(sound: bytes) -> bool:
    """True if somebody speaks in these samples."""
    samples = array("h", sound)
    if sys.byteorder == "big":
        samples.byteswap()
    return bool(samples) and sum(map(abs, samples)) / len(samples) >= LOUD
