"""The sound files of a scenario, made in a folder of their own that the switch can read."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from types import TracebackType

from .live import CannotPerform, Client, LiveSwitch

__all__ = ["Sounds"]

RATE = 8000  #: samples a second
TONE = 440  #: Hz


class Sounds:
    """Makes sound files of these lengths, by name, while it is entered.

    Raises CannotPerform if they can't be made, or the switch can't see them.
    """

    def __init__(self, lengths: Mapping[str, float], switch: LiveSwitch, client: Client) -> None:
        self._lengths = lengths
        self._client = client
        within = None if switch.sounds is None else Path(switch.sounds).absolute()
        try:
            self._temporary = TemporaryDirectory(prefix="eslsync-sounds-", dir=within)
        except OSError as error:
            raise CannotPerform(
                f"no sound files can be made in {within or gettempdir()}: {error.strerror}; name "
                "another folder (--sounds)"
            ) from None
        self.folder = self._temporary.name

    def __enter__(self) -> Sounds:
        try:
            self._make()
        except BaseException:
            self._temporary.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._temporary.cleanup()

    def _make(self) -> None:
        folder = Path(self.folder)
        folder.chmod(0o777)  # the switch reads here, and records
        for name, seconds in self._lengths.items():
            path = folder / name
            if not path.resolve().is_relative_to(folder.resolve()):
                raise CannotPerform(f"{name} in prompts is not within the folder of sound files")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_tone(path, seconds)
        if self._lengths and self._client.api(f"file_exists {path}") != "true":
            raise CannotPerform(
                f"the switch does not see {path}: name a folder that it and this program can both "
                "see (--sounds)"
            )


def write_tone(path: Path, seconds: float) -> None:
    """Write a WAV file with a tone of so many seconds."""
    samples = range(round(seconds * RATE))
    tone = (round(8000 * math.sin(2 * math.pi * TONE * at / RATE)) for at in samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *tone))
