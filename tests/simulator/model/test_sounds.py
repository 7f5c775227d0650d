"""How long files, tones and silence last."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from simulator.model.sounds import Media, Tone, tone_length, tones_of
from tests.support.cases import for_each

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


def write_wav(file: Path, rate: int, frames: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(2 * frames))


def test_lengths_from_wav_files(tmp_path: Path) -> None:
    write_wav(tmp_path / "ivr" / "a.wav", 16000, 4000)
    (tmp_path / "ivr" / "broken.wav").write_bytes(b"RIFF")
    media = Media(sounds=tmp_path, only_known=True)
    assert seconds(media, "ivr/a.wav") == 0.25
    assert media.open("ivr/broken.wav", PREFIX) is None


def test_what_else_is_on_the_disk_makes_no_difference(tmp_path: Path) -> None:
    """A machine may have FreeSWITCH's own sounds: in their place, or by an absolute name."""
    write_wav(tmp_path / "sounds" / "a.wav", 8000, 4000)
    prefix, absolute = str(tmp_path / "sounds"), str(tmp_path / "sounds" / "a.wav")
    for name in ("a.wav", absolute):
        assert Media(only_known=True).open(name, prefix) is None
        sound = Media().open(name, prefix)
        assert sound is not None
        assert sound.samples == 2 * 8000
    assert seconds(Media(sounds=tmp_path, only_known=True), absolute) == 0.5


@pytest.mark.parametrize("folders", [("16000", "8000", ""), ("32000", "48000", ""), ("",)])
def test_a_file_is_found_in_the_folder_of_its_rate(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    for number, folder in enumerate(folders):
        write_wav(tmp_path / "ivr" / folder / "a.wav", 8000, 8000 * number)
    media = Media(sounds=tmp_path)
    best = max(len(folders) - 2, 0)
    assert seconds(media, "ivr/a") == best
    path = media.path("{loops=1}ivr/a", PREFIX)
    assert path == f"{PREFIX}/ivr/a.wav"
    assert media.wav(path, PREFIX) == tmp_path / "ivr" / folders[best] / "a.wav"
    assert media.wav(f"{PREFIX}/ivr/b.wav", PREFIX) is None
    assert media.path("tone_stream://%(100,0,440)", PREFIX) == ""


def test_who_plays_may_say_how_long_an_unknown_file_lasts() -> None:
    media = Media(prompts={"ivr/known": 1.0})
    media.unknown = len
    assert seconds(media, "ivr/four.wav") == len("ivr/four")
    assert seconds(media, "ivr/known") == 1.0


def test_the_tones_of_a_script_have_frequencies() -> None:
    assert tones_of("v=-7;%(200,100,440,480.5);%( 50 , 0 , 800 );loops=2") == [
        Tone(200, 100, (440, 480.5)),
        Tone(50, 0, (800,)),
    ]


def test_an_unknown_file_lasts_two_seconds_or_does_not_exist() -> None:
    assert seconds(Media(), "ivr/a.wav") == 2.0
    assert seconds(Media(default=1.0), "ivr/a.wav") == 1.0
    assert Media(only_known=True).open("ivr/a.wav", PREFIX) is None
    assert Media(missing=["ivr/a.wav"]).open("ivr/a.wav", PREFIX) is None


@for_each(
    ("name", "length"),
    [
        ("silence_stream://1500", 1.5),
        ("silence_stream://1500,1400", 1.5),
        ("silence_stream://-1", None),
        ("tone_stream://%(500,0,800)", 0.5),
        ("tone_stream://%(200,100,440);loops=3", 0.9),
        ("tone_stream://%(200,100,440);loops=-1", None),
        ("file_string://a.wav!b.wav", 0.25 + 0.5 + 0.3),  # recordings 11o, 35a
        ("file_string://a.wav", 0.25 + 0.5),
        ("file_string://no.wav!a.wav!b.wav", 0.5 + 0.3),
        ("file_string://a.wav!silence_stream://300!no.wav!b.wav", 0.25 + 0.5 + 0.3 + 0.3),
        ("{loops=2}a.wav", 0.5),
        ("{loops=2}tone_stream://%(200,100,440)", 0.6),
    ],
)
def test_silence_tones_and_files_in_a_row_have_lengths(name: str, length: float | None) -> None:
    media = Media(prompts={"a.wav": 0.5, "b.wav": 0.3}, only_known=True)
    assert seconds(media, name) == pytest.approx(length)


def test_a_stream_of_unknown_files_or_of_no_kind_does_not_exist() -> None:
    media = Media(only_known=True)
    assert media.open("file_string://x.wav!y.wav", PREFIX) is None
    assert media.open("nonsense://x", PREFIX) is None
    assert Media().open("silence_stream://0", PREFIX) is None
    assert Media().open("FILE_STRING://a.wav", PREFIX) is None


def test_braces_before_a_file_stay_before_its_folder_unless_there_are_more() -> None:
    media = Media(prompts={"a.wav": 0.5}, only_known=True)
    sound = media.open("{loops=2,b=c}a", PREFIX)
    assert sound is not None
    assert sound.path == "{loops=2,b=c}/sounds/en/a.wav"
    assert sound.params == (("loops", "2"), ("b", "c"))
    assert media.open("{loops=2}{b=c}a", PREFIX) is None


def test_tone_lengths_add_up() -> None:
    assert tone_length("%(500,0,800);%(250,250,400)") == 1.0
    assert tone_length("no tones") == 0
