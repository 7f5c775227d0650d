"""Sounds: their existence and length.

A length comes from the user's table, else from the WAV file, else it is the default. Sound is
timed, never rendered.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from eslsync.wire.separation import closing, variables_of

from ..clockwork.threads import MILLISECOND, SECOND

__all__ = [
    "DEFAULT_LENGTH",
    "FRAME",
    "RATE",
    "RATE_FOLDERS",
    "Media",
    "Playable",
    "Tone",
    "speech_length",
    "tone_length",
    "tones_of",
]

#: Samples a second: L16 at 8 kHz, as in every recording made by loopback.
RATE = 8000
#: Microseconds of a frame of media: the session thread's step.
FRAME = 20 * MILLISECOND
#: Streams that are spelled as here, and not with capitals.
OWN_STREAMS = frozenset({"file_string", "silence_stream", "tone_stream", "local_stream"})
#: Seconds of a prompt of unknown length.
DEFAULT_LENGTH = 2.0
#: The folders beside its name that FreeSWITCH looks into for a file, the channel's rate first
#: (sndfile_file_open in mod_sndfile.c).
RATE_FOLDERS = ("8000", "48000", "32000", "16000")
#: Samples of silence before a file_string, if its first file exists (next_file in mod_dptools.c).
LEAD = RATE // 4


@dataclass(frozen=True)
class Playable:
    """A sound to play: the path that PLAYBACK_START names, and its length."""

    path: str
    samples: int | None  #: None if it never ends
    kind: str | None = None  #: Playback-File-Type, if there is one
    #: The files of a ``file_string``, as it names them, each with its first sample, the silence
    #: before them (``lead``) not counted.
    pieces: tuple[tuple[str, int], ...] = ()
    lead: int = 0  #: samples
    loop: int | None = None  #: samples after which it begins anew
    seekable: bool = False
    #: What stands in braces before it (fh->params).
    params: tuple[tuple[str, str], ...] = ()
    #: The texts in it (its title, ...), by the variables that they are set to.
    about: tuple[tuple[str, str], ...] = ()

    def starts(self, start: int | None = None, silence: int = 0) -> list[tuple[str, int]]:
        """The pieces, with microseconds from the sample ``start`` on, which ``silence`` precedes.

        By default from the beginning; the first piece then begins with the silence before it.
        """
        if start is None:
            start, silence = 0, self.lead
        return [
            (name, (at - start + silence) * SECOND // RATE if at else 0) for name, at in self.pieces
        ]


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
        self._about: dict[str, tuple[tuple[str, str], ...]] = {}
        #: The seconds of what follows ``tts://``; None if nobody speaks it.
        self.spoken: Callable[[str], float | None] = lambda text: None
        #: The seconds of a file that is neither in the table nor in the folder, without suffix.
        self.unknown: Callable[[str], float] = lambda file: self._default

    def record(self, path: str, samples: int, about: Mapping[str, str] | None = None) -> None:
        """Add a file that was recorded; from now on it can be played.

        ``about`` are the texts in it, by the variables to which playing it sets them.
        """
        self._recorded[path] = samples / RATE
        self._about[path] = tuple((about or {}).items())

    def rename(self, old: str, new: str) -> None:
        """Rename a file that was recorded; any other keeps its name."""
        if old in self._recorded:
            self._recorded[new] = self._recorded.pop(old)
            self._about[new] = self._about.pop(old)

    def knows(self, name: str) -> bool:
        """True if the user has said how long it lasts, or a call has recorded it."""
        return name in self._prompts or name in self._recorded

    def path(self, name: str, prefix: str) -> str:
        """The path of a file, without what stands in braces before it; empty for a stream.

        ``prefix`` is the folder of relative names (sound_prefix).
        """
        file = variables_of(name)[1] if name.startswith("{") else name
        if "://" in file:
            return ""
        file = variables_of(_path(name, file, prefix))[1]
        native = f"{file.removesuffix('.wav')}.L16"
        return native if native in self._recorded else file

    def wav(self, path: str, prefix: str) -> Path | None:
        """The WAV file on this machine's disk that is played for a path, if there is one."""
        for file in self._candidates(_relative(path, prefix)):
            if _seconds(file) is not None:
                return file
        return None

    def open(self, name: str, prefix: str) -> Playable | None:
        """Open a sound, or return None if it doesn't exist.

        ``prefix`` is the folder of relative names (sound_prefix).
        """
        params, file = variables_of(name) if name.startswith("{") else ({}, name)
        scheme, separator, rest = file.partition("://")
        pieces: list[tuple[str, int]] = []
        if file in self._prompts and separator:
            length: float | None = self._prompts[file]
        elif separator and scheme == "file_string":
            length = self._file_string(rest.split("!"), prefix, pieces)
        elif separator:
            length = self._stream(scheme, rest, params)
        else:
            name = _path(name, file, prefix)
            params, file = variables_of(name)
            if f"{file.removesuffix('.wav')}.L16" in self._recorded:
                name = file = f"{file.removesuffix('.wav')}.L16"
            length = self._length(file, prefix)
        if length is None:
            return None
        lead = LEAD if pieces and pieces[0][0] == rest.split("!")[0] else 0
        return Playable(
            name,
            samples=None if length < 0 else round(length * RATE) + lead,
            kind=scheme if name == file and scheme in ("tone_stream", "local_stream") else None,
            pieces=tuple(pieces),
            lead=lead,
            loop=round(_tone_loop(rest) * RATE) or None if scheme == "tone_stream" else None,
            seekable=scheme not in ("tone_stream", "local_stream", "silence_stream"),
            params=tuple(params.items()),
            about=self._about.get(file, ()),
        )

    def _stream(self, scheme: str, rest: str, params: Mapping[str, str]) -> float | None:
        """The seconds of a stream; negative if it never ends, None if it doesn't exist."""
        if scheme == "silence_stream":
            milliseconds = _number(rest)
            if milliseconds == 0:
                return None  # mod_tone_stream.c, silence_stream_file_open
            return milliseconds / 1000 if milliseconds > 0 else -1
        if scheme == "tone_stream":
            return tone_length(rest, params.get("loops"))
        if scheme == "local_stream":
            return -1 if rest in ("moh", "default") else None
        if scheme == "tts":
            return self.spoken(rest)
        return None if self._only_known or scheme.lower() in OWN_STREAMS else self._default

    def _file_string(
        self, names: list[str], prefix: str, pieces: list[tuple[str, int]]
    ) -> float | None:
        """The seconds of several files; each that exists is added to ``pieces``."""
        total = 0
        for name in names:
            sound = self.open(name, prefix)
            # (a file in braces gets the folder before them, and is not found)
            if sound is None or (name.startswith("{") and not _is_path(name)):
                continue
            pieces.append((name, total))
            if sound.samples is None:
                return -1
            total += sound.samples
        return total / RATE if pieces else None

    def _length(self, path: str, prefix: str) -> float | None:
        relative = _relative(path, prefix)
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
            lengths = map(_seconds, self._candidates(relative))
            self._measured[relative] = next((each for each in lengths if each is not None), None)
        measured = self._measured[relative]
        if measured is None and not self._only_known:
            return self.unknown(relative.rpartition(".")[0])
        return measured

    def _candidates(self, relative: str) -> Iterator[Path]:
        """Where the file may be on this machine's disk: nowhere, unless the user names a folder.

        What lies elsewhere on a machine makes no difference to a call. An absolute name stays as it
        is.
        """
        if self._sounds is not None:
            file = self._sounds / relative
            yield from (file.parent / rate / file.name for rate in RATE_FOLDERS)
            yield file


def _seconds(file: Path) -> float | None:
    """How long a WAV file lasts; None if it is none."""
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, ValueError, EOFError, wave.Error, ZeroDivisionError):
        return None


def _relative(path: str, prefix: str) -> str:
    return path[len(prefix) :].lstrip("/") if path.startswith(prefix) else path


def _path(name: str, file: str, prefix: str) -> str:
    """The path of a file that is not a stream (switch_ivr_play_file).

    ``file`` is what follows the braces. A name without suffix is tried as .L16 and then as .wav
    (recording 11o).
    """
    if not file.startswith("/"):
        end = closing(name, 1, "{", "}") + 1 if name.startswith("{") else 0
        # only the first braces stay before the folder
        more = name[end:].lstrip(" ")
        kept = name[:end] if not more.startswith("{") else ""
        name = f"{kept}{prefix}/{more}"
    return name if "." in name.rpartition("/")[2] else f"{name}.wav"


def _is_path(name: str) -> bool:
    file = variables_of(name)[1]
    return file.startswith("/") or "://" in file


def tone_length(script: str, loops: str | None = None) -> float:
    """Seconds of a TGML script: ``%(200,100,440)`` is 200 ms of 440 Hz, then 100 ms of silence.

    It is played once, or as often as ``;loops=`` or ``loops`` says.
    """
    _, *options = script.split(";loops=")
    if loops is not None:
        options = [loops]
    times = _number(options[0]) if options else 1
    return _tone_loop(script) * times if times > 0 else -1


class Tone(NamedTuple):
    """``%(200,100,440,480)``: 200 ms of 440 and 480 Hz together, then 100 ms of silence."""

    on: float  #: milliseconds
    off: float
    frequencies: tuple[float, ...]


def tones_of(script: str) -> list[Tone]:
    """The tones of a TGML script, once."""
    return [
        Tone(_decimal(on), _decimal(off), tuple(map(_decimal, re.findall(r"[\d.]+", rest))))
        for on, off, rest in re.findall(
            r"%\(\s*([\d.]+)\s*,\s*([\d.]+)([\s,\d.]*)", script.split(";loops=")[0]
        )
    ]


def _tone_loop(script: str) -> float:
    """Seconds of a TGML script until it begins anew."""
    return sum(each.on + each.off for each in tones_of(script)) / 1000


def speech_length(engine: str, text: str) -> float:
    """Seconds that an engine takes to speak a text (at flite's pace, recording 11p).

    The engine ``test`` is silent for a second, or as long as ``silence://<ms>`` says (53f).
    """
    if engine.lower() == "test":
        silence = re.search(r"silence://(\d*)", text)
        return int(silence[1] or 0) / 1000 if silence is not None else 1.0
    return (400 + 70 * len(text)) / 1000


def _number(text: str) -> int:
    found = re.match(r"\s*-?\d+", text)
    return int(found[0]) if found else 0


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
