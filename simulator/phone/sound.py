"""What is heard of prompts: their WAV files, tones, or a voice that says their texts.

Each of these is a WAV file in one folder, so that a page can be given it. The voice is that of
``espeak-ng``; where there is none, the page is told what to say by itself.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import wave
from array import array
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from eslsync.wire.separation import variables_of

from ..captions import caption
from ..model.sounds import RATE, speech_length, tones_of
from .player import Heard, Player

__all__ = ["SAID", "NoVoice", "Sound", "Sounds", "find_voice"]

#: The program that speaks.
PROGRAM = "espeak-ng"
#: Words a minute, by default and at most; below the least it doesn't sound like speech.
SPEED, SLOWEST, FASTEST = 175, 80, 450
#: Lengths are whole frames, as prompts are played: parts of a second.
FRAMES = 50
#: The peak of a tone, of 32,767.
LOUDNESS = 8000
#: The name of a part of what the caller said: from when to when, in microseconds.
SAID = "said-{}-{}.wav"


class Sound(NamedTuple):
    """How a prompt sounds."""

    file: str = ""  #: in the folder of sounds; empty if there is none
    loops: bool = False  #: True if it begins anew when it has ended
    text: str = ""  #: what is spoken, whoever speaks it


SILENCE = Sound()


class NoVoice(ValueError):
    """espeak-ng has no voice of that name."""


def find_voice(name: str) -> Sequence[str]:
    """The command of a voice that speaks, by espeak-ng's name of it; empty if that isn't here.

    Raises NoVoice.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return ()
    command = (program, "-v", name)
    tried = subprocess.run([*command, "-w", os.devnull, "a"], capture_output=True, check=False)
    if tried.returncode != 0:
        raise NoVoice(f"{PROGRAM} has no voice {name!r}: {PROGRAM} --voices lists them")
    return command


class Sounds:
    """The sounds of a call, as files in a folder.

    ``texts`` are what prompts say, and ``voice`` is a command from `find_voice`.
    """

    def __init__(self, folder: Path, texts: Mapping[str, str], voice: Sequence[str] = ()) -> None:
        self._folder = folder
        self._texts = texts
        self._voice = voice

    def lasts(self, prompt: str) -> float:
        """The seconds for which a prompt is heard whose file isn't there."""
        text = caption(prompt, self._texts)
        file = self._speak(text)
        return whole_frames(speech_length("", text) if file is None else length(file))

    def of(self, prompt: Heard, player: Player) -> Sound:
        """The sound of a prompt that has just begun in a call."""
        name = variables_of(prompt.name)[1]
        if prompt.is_text:
            return self._spoken(prompt.name, speech_length("", prompt.name))
        if "%(" in name:
            return Sound(self._tones(name), loops=True)
        text = caption(prompt.name, self._texts)
        path = player.media.path(prompt.name, player.sound_prefix)
        if not path:
            is_spoken = name.startswith("tts://")
            return self._spoken(text, speech_length("", text)) if is_spoken else SILENCE
        recording = player.recording_of(prompt)
        if recording is not None:
            return Sound(SAID.format(recording.began, recording.ended))
        wav = player.media.wav(path, player.sound_prefix)
        return self._spoken(text) if wav is None else Sound(self._copy(wav))

    def _spoken(self, text: str, seconds: float | None = None) -> Sound:
        file = self._speak(text, seconds)
        return Sound("" if file is None else file.name, text=text)

    def _speak(self, text: str, seconds: float | None = None) -> Path | None:
        """A text as a file, about so long; None if nobody speaks it."""
        if not self._voice or not text.strip():
            return None
        file = self._file("voice", *self._voice, text, str(seconds))
        if file.exists():
            return file
        if not self._say(text, file, SPEED):
            return None
        if seconds is not None:
            pace = round(SPEED * length(file) / seconds)
            self._say(text, file, min(max(pace, SLOWEST), FASTEST))
        return file

    def _say(self, text: str, file: Path, speed: int) -> bool:
        """Have the voice write a file; False if it fails."""
        part = file.with_suffix(".part")
        options = ["-s", str(speed), "-b", "1", "--stdin", "-w", str(part)]
        done = subprocess.run(
            [*self._voice, *options],
            input=text.encode(errors="replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0 or not part.exists():
            return False
        os.replace(part, file)
        return True

    def _tones(self, script: str) -> str:
        """Tones as a file, once."""
        file = self._file("tones", script)
        if not file.exists():
            samples = array("h")
            for tone in tones_of(script):
                samples.extend(sine(tone.frequencies, round(tone.on * RATE / 1000)))
                samples.extend(bytes(round(tone.off * RATE / 1000)))
            with wave.open(str(file), "wb") as out:
                out.setparams((1, 2, RATE, 0, "NONE", ""))
                out.writeframes(samples.tobytes())
        return file.name

    def _copy(self, wav: Path) -> str:
        found = wav.stat()
        file = self._file("file", str(wav), str(found.st_mtime_ns), str(found.st_size))
        if not file.exists():
            part = file.with_suffix(".part")
            shutil.copyfile(wav, part)
            os.replace(part, file)
        return file.name

    def _file(self, *of: str) -> Path:
        """The file of a sound, named after all that it depends on."""
        content = "\0".join(of).encode(errors="surrogateescape")
        return self._folder / f"{blake2b(content, digest_size=16).hexdigest()}.wav"


def sine(frequencies: Sequence[float], samples: int) -> list[int]:
    """Several frequencies together."""
    turns = [2 * math.pi * each / RATE for each in frequencies if each > 0]
    peak = LOUDNESS / max(len(turns), 1)
    return [round(peak * sum(math.sin(turn * at) for turn in turns)) for at in range(samples)]


def length(file: Path) -> float:
    """The seconds of a WAV file."""
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def whole_frames(seconds: float) -> float:
    return math.ceil(seconds * FRAMES) / FRAMES
