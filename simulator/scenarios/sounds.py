"""The sound files of a scenario, made in a folder that the switch can read."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from .live import CannotPerform, Client, LiveSwitch

__all__ = ["Sounds"]

RATE = 8000  #: samples a second
TONE = 440  #: Hz


class Sounds:
    """Makes sound files of these lengths, by name, while it is entered.

    Raises CannotPerform if the switch can't see them.
    """

    def __init__(self, lengths: Mapping[str, float], switch: LiveSwitch, client: Client) -> None:
        self._lengths = lengths
        self._client = client
        self._temporary: TemporaryDirectory[str] | None = None
        if switch.sounds is not None:
            self.folder = switch.sounds
        else:
            self._temporary = TemporaryDirectory(prefix="eslsync-sounds-")
            self.folder = self._temporary.name

    def __enter__(self) -> Sounds:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def _make(self) -> None:
        folder = Path(self.folder)
        if self._temporary is not None:
            folder.chmod(0o777)  # the switch reads here, and records
        for name, seconds in self._lengths.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                write_tone(path, seconds)
        if self._lengths and self._client.api(f"file_exists {path}") != "true":
            raise CannotPerform(
                f"the switch does not see {path}: name a folder that it and this program can both "
                "see (--sounds)"
            )

    def _remove(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()


def write_tone(path: Path, seconds: float) -> None:
    """Write a WAV file with a tone of so many seconds."""
    samples = range(round(seconds * RATE))
    tone = (round(8000 * math.sin(2 * math.pi * TONE * at / RATE)) for at in samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *tone))
