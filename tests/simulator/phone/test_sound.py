"""What is heard of prompts, as files."""

from __future__ import annotations

import sys
import wave
from array import array
from pathlib import Path

import pytest

from eslsync import Session
from simulator.phone.player import Player
from simulator.phone.sound import NoVoice, Sound, Sounds, find_voice, length
from simulator.scripts.script import Script

VOICE = find_voice("en-us")
needs_voice = pytest.mark.skipif(not VOICE, reason="needs espeak-ng (apt-get install espeak-ng)")


def wav(file: Path, seconds: float, rate: int = 8000) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(b"\1\0" * round(seconds * rate))
    return file


def heard(handler: object, as_files: Sounds, /, **call: object) -> dict[str, Sound]:
    """The sounds of a call's prompts as they begin, by their names."""
    found: dict[str, Sound] = {}
    script = Script("none.py", call={"seed": 0, **call})
    with Player(script, handler, lasts=as_files.lasts) as player:  # type: ignore[arg-type]
        while not player.ended:
            for each in player.prompts:
                if each.how == "plays":
                    found[each.name] = as_files.of(each, player)
            player.skip()
    return found


def test_prompts_sound_as_their_files_tones_texts_or_not_at_all(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.playback("{loops=1}bank/hello")
        channel.playback("bank/menu.wav")
        channel.playback("file_string://bank/hello!ivr/ivr-hold_connect_call.wav")
        channel.playback("silence_stream://100")
        channel.playback("tone_stream://%(100,100,440,480);loops=2")
        channel.execute("gentones", "%(50,50,800)")
        channel.speak("Read/write it.", engine="flite", voice="kal")
        channel.record("/tmp/greeting.wav", limit=1)
        channel.playback("/tmp/greeting.wav")
        channel.hangup()

    files = tmp_path / "files"
    hello = wav(files / "bank" / "8000" / "hello.wav", 0.5).read_bytes()
    folder = tmp_path / "sounds"
    folder.mkdir()
    found = heard(
        handler,
        Sounds(folder, {"bank/menu": "Press 1."}),
        sounds=str(files),
        speech_engines=["flite"],
    )
    assert (folder / found["{loops=1}bank/hello"].file).read_bytes() == hello
    assert found["bank/hello"] == found["{loops=1}bank/hello"]
    # nobody speaks here, so the page is told what to say
    assert found["bank/menu.wav"] == Sound(text="Press 1.")
    connect = "please hold while I connect your call"
    assert found["ivr/ivr-hold_connect_call.wav"] == Sound(text=connect)
    assert found["Read/write it."] == Sound(text="Read/write it.")
    assert found["silence_stream://100"] == Sound()
    for name, seconds in (
        ("tone_stream://%(100,100,440,480);loops=2", 0.2),
        ("%(50,50,800);loops=1", 0.1),
    ):
        assert found[name].loops
        assert length(folder / found[name].file) == seconds
        with wave.open(str(folder / found[name].file)) as tone:
            levels = array("h", tone.readframes(tone.getnframes()))
        half = len(levels) // 2
        assert max(levels[:half]) > 5000
        assert not any(levels[half:])
    said = found["/tmp/greeting.wav"]
    assert said.file.startswith("said-")


def test_a_prompt_without_a_file_is_heard_as_long_as_its_text_takes(tmp_path: Path) -> None:
    sounds = Sounds(tmp_path, {"menu": "Press 1 for sales, and 2 for support."})
    assert sounds.lasts("digits/1") < sounds.lasts("ivr/ivr-welcome") < sounds.lasts("menu")

    def handler(session: Session) -> None:
        session.channel.playback("menu.wav")
        session.channel.playback("ivr/ivr-welcome")
        session.channel.hangup()

    with Player(Script("none.py"), handler, lasts=sounds.lasts) as player:
        while not player.ended:
            player.skip()
        script = player.script()
        assert script.call["prompts"] == {
            "menu": sounds.lasts("menu"),
            "ivr/ivr-welcome": sounds.lasts("ivr/ivr-welcome"),
        }
        [menu, _] = player.prompts
        assert menu.played / 1_000_000 == sounds.lasts("menu")
        assert str(Script.parse(script.dump()).run(handler).transcript) == str(player.transcript)


@needs_voice
def test_a_voice_speaks_and_a_prompt_lasts_as_long(tmp_path: Path) -> None:
    sounds = Sounds(tmp_path, {}, VOICE)

    def handler(session: Session) -> None:
        session.channel.playback("ivr/ivr-hold_connect_call")
        session.channel.speak("Your call is number one in line.", engine="flite", voice="kal")

    found = heard(handler, sounds, speech_engines=["flite"])
    prompt = tmp_path / found["ivr/ivr-hold_connect_call"].file
    assert 0 <= sounds.lasts("ivr/ivr-hold_connect_call") - length(prompt) <= 0.02
    spoken = found["Your call is number one in line."]
    # which lasts as long as the simulated engine takes, so the voice speaks as fast
    assert length(tmp_path / spoken.file) == pytest.approx(
        (400 + 70 * len(spoken.text)) / 1000, 0.2
    )
    with wave.open(str(prompt)) as sound:
        assert max(array("h", sound.readframes(sound.getnframes()))) > 3000


def test_where_the_voice_fails_the_page_speaks(tmp_path: Path) -> None:
    sounds = Sounds(tmp_path, {}, [sys.executable, "-Sc", "raise SystemExit(1)"])
    assert sounds.lasts("ivr/ivr-welcome") == Sounds(tmp_path, {}).lasts("ivr/ivr-welcome")


@needs_voice
def test_a_voice_that_is_not_there_is_told() -> None:
    with pytest.raises(NoVoice, match=r"no voice 'nonsuch'.*--voices"):
        find_voice("nonsuch")
