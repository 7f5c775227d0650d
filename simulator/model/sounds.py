"""Sounds: their existence and length.

A length comes from the user's table, else from the WAV file, else it is the default. Sound is
timed, never rendered.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..clockwork.threads import MILLISECOND

__all__ = ["DEFAULT_LENGTH", "FRAME", "RATE", "Media", "Playable", "tone_length"]

#: Samples a second: L16 at 8 kHz, as in every recording made by loopback.
RATE = 8000
#: Microseconds of a frame of media: the session thread's step.
FRAME = 20 * MILLISECOND
#: Seconds of a prompt of unknown length.
DEFAULT_LENGTH = 2.0
#: Seconds of silence between the files of a file_string (recording 11o: 0.5 + 0.3 lasts 1.05).
FILE_STRING_GAP = 0.25


@dataclass(frozen=True)
class Playable:
    """A sound to play: the path that PLAYBACK_START names, and its length."""

    path: str
    samples: int | None  #: None if it never ends
    kind: str | None = None  #: Playback-File-Type, if there is one
    #: The files of a ``file_string``, as it names them, each with its first sample.
    pieces: tuple[tuple[str, int], ...] = ()

    def starts(self, start: int = 0) -> list[tuple[str, int]]:
        """The pieces, with microseconds from the sample ``start`` on."""
        return [(name, (at - start) * 1_000_000 // RATE) for name, at in self.pieces]


class Media:
    """The sounds that the simulated switch can play.

    ``prompts`` maps a file's name, with or without its suffix, to seconds; ``sounds`` is a
    folder of WAV files; ``missing`` names files that don't exist. With ``only_known``, a file in
    neither the table nor the folder doesn't exist either. A file that a call has recorded exists
    in any case.
    """

    def __init__(
        self,
        *,
        prompts: Mapping[str, float] | None = None,
        sounds: str | Path | None = None,
        missing: Collection[str] = (),
        only_known: bool = False,
        default: float = DEFAULT_LENGTH,
    ) -> None:
        self._prompts = dict(prompts or {})
        self._sounds = Path(sounds) if sounds is not None else None
        self._missing = frozenset(missing)
        self._only_known = only_known
        self._default = default
        self._measured: dict[str, float | None] = {}
        self._recorded: dict[str, float] = {}  # by path, in seconds

    def record(self, path: str, samples: int) -> None:
        """Add a file that was recorded; from now on it can be played."""
        self._recorded[path] = samples / RATE

    def rename(self, old: str, new: str) -> None:
        """Rename a file that was recorded; any other keeps its name."""
        if old in self._recorded:
            self._recorded[new] = self._recorded.pop(old)

    def knows(self, name: str) -> bool:
        """True if the user has said how long it lasts, or a call has recorded it."""
        return name in self._prompts or name in self._recorded

    def open(self, name: str, prefix: str) -> Playable | None:
        """Open a sound, or return None if it doesn't exist.

        ``prefix`` is the folder of relative names (sound_prefix).
        """
        scheme, separator, rest = name.partition("://")
        pieces: list[tuple[str, float]] = []
        if separator:
            length = self._stream(scheme.lower(), rest, name, prefix, pieces)
            kind = scheme if scheme in ("tone_stream", "local_stream") else None
        else:
            path = name if name.startswith("/") else f"{prefix}/{name}"
            # a name without suffix is tried as .L16 and then as .wav (recording 11o)
            name = path if "." in path.rpartition("/")[2] else f"{path}.wav"
            if f"{path}.L16" in self._recorded:
                name = f"{path}.L16"
            length, kind = self._length(name, prefix), None
        if length is None:
            return None
        samples = None if length < 0 else round(length * RATE)
        starts = tuple((each, round(start * RATE)) for each, start in pieces)
        return Playable(name, samples, kind, starts)

    def _stream(
        self, scheme: str, rest: str, name: str, prefix: str, pieces: list[tuple[str, float]]
    ) -> float | None:
        """The seconds of a stream; negative if it never ends, None if it doesn't exist.

        The files of a ``file_string`` are added to ``pieces``, with the second each begins.
        """
        if name in self._prompts:
            return self._prompts[name]
        if scheme == "silence_stream":
            milliseconds = _number(rest)
            if milliseconds == 0:
                return None  # mod_tone_stream.c, silence_stream_file_open
            return milliseconds / 1000 if milliseconds > 0 else -1
        if scheme == "tone_stream":
            return tone_length(rest)
        if scheme == "file_string":
            return self._file_string(rest.split("!"), prefix, pieces)
        if scheme == "local_stream":
            return -1 if rest in ("moh", "default") else None
        return None if self._only_known else self._default

    def _file_string(
        self, names: list[str], prefix: str, pieces: list[tuple[str, float]]
    ) -> float | None:
        lengths: list[float] = []
        for name in names:
            sound = self.open(name, prefix)
            if sound is None:
                continue
            pieces.append((name, sum(lengths) + FILE_STRING_GAP * len(lengths)))
            if sound.samples is None:
                return -1
            lengths.append(sound.samples / RATE)
        if not lengths:
            return None
        return sum(lengths) + FILE_STRING_GAP * (len(lengths) - 1)

    def _length(self, path: str, prefix: str) -> float | None:
        relative = path[len(prefix) :].lstrip("/") if path.startswith(prefix) else path
        names = [path, relative]
        names += [name.rpartition(".")[0] for name in names]
        if path in self._recorded and not any(name in self._prompts for name in names):
            return self._recorded[path]
        if not self._missing.isdisjoint(names):
            return None
        for name in names:
            if name in self._prompts:
                return self._prompts[name]
        if relative not in self._measured:
            self._measured[relative] = self._measure(path, relative)
        measured = self._measured[relative]
        if measured is None and not self._only_known:
            return self._default
        return measured

    def _measure(self, path: str, relative: str) -> float | None:
        for file in [Path(path)] + ([self._sounds / relative] if self._sounds else []):
            try:
                with wave.open(str(file), "rb") as sound:
                    return sound.getnframes() / sound.getframerate()
            except (OSError, ValueError, EOFError, wave.Error, ZeroDivisionError):
                continue
        return None


def tone_length(script: str) -> float:
    """Seconds of a TGML script: ``%(200,100,440)`` is 200 ms of 440 Hz, then 100 ms of silence."""
    script, *options = script.split(";loops=")
    once = sum(
        _decimal(on) + _decimal(off)
        for on, off in re.findall(r"%\(\s*([\d.]+)\s*,\s*([\d.]+)", script)
    )
    loops = _number(options[0]) if options else 1
    return once / 1000 * loops if loops > 0 else -1


def _number(text: str) -> int:
    found = re.match(r"\s*-?\d+", text)
    return int(found[0]) if found else 0


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
