"""What was said into a microphone, and when."""

from __future__ import annotations

import wave
from array import array
from io import BytesIO

import pytest

from simulator.clockwork.threads import MILLISECOND, SECOND
from simulator.phone.microphone import Microphone, is_voice


def samples(level: int, milliseconds: int) -> bytes:
    return array("h", [level] * (8 * milliseconds)).tobytes()


def heard(said: Microphone, began: int, ended: int) -> list[tuple[int, int]]:
    """The levels in a part of it, each with its milliseconds."""
    with wave.open(BytesIO(said.wav(began * MILLISECOND, ended * MILLISECOND))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        levels = array("h", file.readframes(file.getnframes()))
    found: list[tuple[int, int]] = []
    for level in levels[::8]:
        last, lasts = found.pop() if found and found[-1][0] == level else (level, 0)
        found.append((last, lasts + 1))
    return found


def test_a_part_has_what_was_said_in_it_and_silence_elsewhere() -> None:
    said = Microphone()
    said.add(1 * SECOND, samples(5, 200))
    said.add(1 * SECOND + 200 * MILLISECOND, samples(6, 200))
    said.add(3 * SECOND, samples(7, 200))
    assert heard(said, 900, 1500) == [(0, 100), (5, 200), (6, 200), (0, 100)]
    assert heard(said, 1100, 1300) == [(5, 100), (6, 100)]
    assert heard(said, 3100, 4000) == [(7, 100), (0, 800)]
    assert heard(said, 5000, 5100) == [(0, 100)]
    assert heard(said, 5000, 4000) == []


def test_what_was_said_after_a_moment_is_forgotten() -> None:
    said = Microphone()
    said.add(1 * SECOND, samples(5, 200))
    said.add(2 * SECOND, samples(6, 200))
    said.forget(1 * SECOND + 100 * MILLISECOND)
    assert heard(said, 1000, 2300) == [(5, 100), (0, 1200)]
    said.add(1 * SECOND + 100 * MILLISECOND, samples(7, 100))
    assert heard(said, 1000, 1200) == [(5, 100), (7, 100)]
    said.forget()
    assert heard(said, 1000, 1200) == [(0, 200)]


@pytest.mark.parametrize(("level", "speaks"), [(0, False), (100, False), (-3000, True)])
def test_somebody_speaks_who_is_loud_enough(level: int, speaks: bool) -> None:
    assert is_voice(samples(level, 200)) is speaks
