"""examples/voicemail.py: which messages are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import voicemail
from simulator import Call, FreeSwitch

GREETING = "voicemail/vm-record_message"


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(voicemail, "SPOOL", tmp_path)
    monkeypatch.setattr(voicemail, "MAILBOX", tmp_path / "new")
    (tmp_path / "new").mkdir()
    return tmp_path


def recording(call: Call, spool: Path) -> Path:
    """Write the file that a real switch would write; the simulated one writes none."""
    file = spool / f"{call.uuid}.wav"
    file.touch()
    return file


def speak(call: Call, seconds: float) -> None:
    call.hear(voicemail.TONE)
    call.expect("record")
    call.say_nothing(seconds)


def test_a_message_is_saved(spool: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        call.hear(GREETING)
        speak(call, 3.0)
        call.press("5")  # any key ends it
        call.hear("voicemail/vm-save_recording")
        call.press("#")
        call.hear("voicemail/vm-saved")
        call.wait()
    assert [each.name for each in voicemail.MAILBOX.iterdir()] == [file.name]
    assert not file.exists()


def test_a_message_is_played_back_and_recorded_again(spool: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        speak(call, 3.0)
        call.press("#")  # ends the recording, and saves nothing yet
        call.hear("voicemail/vm-save_recording")
        call.press("1")
        call.hear(str(file))
        call.press("2", when_asked=True)
        speak(call, 2.0)
        call.press("#")
        call.press("#", when_asked=True)
        call.hear("voicemail/vm-saved")
        call.wait()
    assert (voicemail.MAILBOX / file.name).exists()


def test_a_wrong_key_and_then_none_save_it(spool: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        speak(call, 10.0)  # silence ends it
        call.press("7", when_asked=True)
        call.hear("voicemail/vm-saved")
        call.wait()
    assert call.heard.count("voicemail/vm-save_recording.wav") == 3
    assert (voicemail.MAILBOX / file.name).exists()


@pytest.mark.parametrize(("seconds", "kept"), [(3.0, True), (0.5, False)])
def test_a_hangup_keeps_what_was_said_if_it_is_longer_than_a_second(
    spool: Path, seconds: float, kept: bool
) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        speak(call, seconds)
        call.hangup()
    assert (voicemail.MAILBOX / file.name).exists() is kept
    assert not file.exists()


def test_hanging_up_during_the_review_leaves_the_message(spool: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        speak(call, 3.0)
        call.press("#")
        call.hear("voicemail/vm-press", start=True)
        call.hangup()
    assert (voicemail.MAILBOX / file.name).exists()


def test_too_short_a_message_is_asked_for_again_and_never_kept(spool: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        for _ in range(voicemail.TAKES):
            speak(call, 0.5)
            call.press("#")
            call.hear("voicemail/vm-too-small")
        call.hear("voicemail/vm-goodbye")
        call.wait()
    assert not file.exists()
    assert not list(voicemail.MAILBOX.iterdir())


def test_the_last_take_is_saved_whatever_is_pressed(spool: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)
        file = recording(call, spool)
        for _ in range(voicemail.TAKES):
            speak(call, 2.0)
            call.press("#")
            call.press("2", when_asked=True)
        call.hear("voicemail/vm-saved")
        call.wait()
    assert (voicemail.MAILBOX / file.name).exists()


def test_a_message_that_cannot_be_moved_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with FreeSwitch() as switch:
        call = switch.call(voicemail.handler)  # and there is no file
        speak(call, 3.0)
        call.hangup()
    assert "can't be kept" in caplog.text
