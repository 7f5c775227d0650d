"""How long what is played lasts, and what is said."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from eslsync import Session
from simulator import CallFailed, FreeSwitch
from simulator.model.say import say_files
from simulator.model.sounds import Media, tone_length

PREFIX = "/sounds/en"


def seconds(media: Media, name: str) -> float | None:
    sound = media.open(name, PREFIX)
    assert sound is not None
    return None if sound.samples is None else sound.samples / 8000


def test_lengths_from_the_table_with_or_without_suffix() -> None:
    media = Media(prompts={"ivr/a.wav": 1.5, "ivr/b": 0.7, "/abs/c.wav": 3})
    assert seconds(media, "ivr/a.wav") == 1.5
    assert seconds(media, "ivr/b.wav") == 0.7
    assert seconds(media, "ivr/b") == 0.7
    assert seconds(media, "/abs/c.wav") == 3
    assert seconds(media, f"{PREFIX}/ivr/a.wav") == 1.5


def test_a_relative_name_is_played_from_the_sound_prefix() -> None:
    sound = Media().open("ivr/a", PREFIX)
    assert sound is not None
    assert sound.path == "/sounds/en/ivr/a.wav"


def test_lengths_from_wav_files(tmp_path: Path) -> None:
    (tmp_path / "ivr").mkdir()
    with wave.open(str(tmp_path / "ivr" / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(2 * 4000))
    (tmp_path / "ivr" / "broken.wav").write_bytes(b"RIFF")
    media = Media(sounds=tmp_path, only_known=True)
    assert seconds(media, "ivr/a.wav") == 0.25
    assert media.open("ivr/broken.wav", PREFIX) is None


def test_what_is_not_known_lasts_two_seconds_or_does_not_exist() -> None:
    assert seconds(Media(), "ivr/a.wav") == 2.0
    assert seconds(Media(default=1.0), "ivr/a.wav") == 1.0
    assert Media(only_known=True).open("ivr/a.wav", PREFIX) is None
    assert Media(missing=["ivr/a.wav"]).open("ivr/a.wav", PREFIX) is None


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("silence_stream://1500", 1.5),
        ("silence_stream://1500,1400", 1.5),
        ("silence_stream://-1", None),
        ("tone_stream://%(500,0,800)", 0.5),
        ("tone_stream://%(200,100,440);loops=3", 0.9),
        ("tone_stream://%(200,100,440);loops=-1", None),
        ("file_string://a.wav!b.wav", 0.5 + 0.25 + 0.3),  # recording 11o
    ],
)
def test_streams(name: str, length: float | None) -> None:
    media = Media(prompts={"a.wav": 0.5, "b.wav": 0.3}, only_known=True)
    assert seconds(media, name) == pytest.approx(length)


def test_streams_of_nothing() -> None:
    media = Media(only_known=True)
    assert media.open("file_string://x.wav!y.wav", PREFIX) is None
    assert media.open("nonsense://x", PREFIX) is None


def test_tone_lengths_add_up() -> None:
    assert tone_length("%(500,0,800);%(250,250,400)") == 1.0
    assert tone_length("no tones") == 0


@pytest.mark.parametrize(
    ("kind", "method", "text", "files"),
    [
        ("number", "pronounced", "123", "1 hundred 20 3"),
        ("number", "pronounced", "0", "0"),
        ("number", "pronounced", "15", "15"),
        ("number", "pronounced", "1000", "1 thousand"),
        ("number", "pronounced", "2010011", "2 million 10 thousand 11"),
        ("number", "counted", "21", "20 h-1"),
        ("number", "iterated", "407", "4 0 7"),
    ],
)
def test_say_numbers(kind: str, method: str, text: str, files: str) -> None:
    assert say_files(kind, method, text) == [f"digits/{each}.wav" for each in files.split()]


def test_say_spelled_and_money() -> None:
    assert say_files("name_spelled", "pronounced", "A1") == ["ascii/97.wav", "digits/1.wav"]
    assert say_files("currency", "pronounced", "$1.02") == [
        "digits/1.wav",
        "currency/dollar.wav",
        "currency/and.wav",
        "digits/2.wav",
        "currency/cents.wav",
    ]
    assert say_files("number", "pronounced", "abc") is None
    assert say_files("unheard_of", "pronounced", "1") is None


FILES = ["ivr/a.wav", "ivr/b.wav", "digits/1.wav"]
LENGTHS = {"ivr/a": 3.0, "ivr/b": 2.0, "digits/1": 1.0}


def several(session: Session) -> None:
    session.channel.answer()
    session.channel.playback(FILES, terminators="#")
    session.channel.hangup()


def test_each_of_several_files_is_heard_in_its_turn() -> None:
    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(several)
        call.hear("ivr/b", start=True)
        assert call.duration == pytest.approx(3.25, abs=0.1)
        call.hear("ivr/b")
        call.press("#")
        call.wait()
    assert call.heard == FILES
    assert call.duration == pytest.approx(5.6, abs=0.1)


def test_a_file_that_was_not_begun_is_not_heard() -> None:
    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(several)
        call.hear("ivr/a", start=True)
        call.press("#")
        call.hear(f"file_string://{'!'.join(FILES)}")  # the whole has a name, too
        call.wait()
        with pytest.raises(CallFailed, match="did not hear 'ivr/b'"):
            call.hear("ivr/b")
    assert call.heard == ["ivr/a.wav"]


def test_what_is_said_is_heard_word_by_word() -> None:
    def says(session: Session) -> None:
        session.channel.answer()
        session.channel.say("42")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(says)
        call.hear("digits/2")
        call.wait()
    assert call.heard == ["digits/40.wav", "digits/2.wav"]


def test_another_prompt_inside_makes_the_files_wait() -> None:
    def interrupts(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(FILES, block=False)
        session.channel.playback("inside")
        session.channel.wait("PLAYBACK_STOP")
        session.channel.hangup()

    with FreeSwitch(prompts={**LENGTHS, "inside": 10.0}) as switch:
        call = switch.call(interrupts)
        call.hear("ivr/b", start=True)
        assert call.duration == pytest.approx(13.25, abs=0.2)
        call.wait()
    assert call.heard == ["ivr/a.wav", "inside", "ivr/b.wav", "digits/1.wav"]


def test_what_begins_in_the_middle_is_heard_from_there() -> None:
    def skips(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("playback", f"file_string://{'!'.join(FILES)}@@32000")
        session.channel.hangup()

    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(skips)
        call.wait()
    assert call.heard == ["ivr/b.wav", "digits/1.wav"]


def test_the_ladder_draws_several_files_in_a_line() -> None:
    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(several)
        call.wait()
    drawn = [line for line in call.ladder().splitlines() if "ivr/" in line]
    assert all("ivr/a + b + digits/1" in line for line in drawn)
    assert len(drawn) == 3  # the command, the beginning, the end
