"""Prompts that are never played, and sound files that are not there."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import KEYS, found


def has_a_dead_branch(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("menu", regexp="[12]") == "3":
        session.channel.playback("three")
    session.channel.hangup()


def forgets_to_hang_up(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("goodbye")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (has_a_dead_branch, "unplayed"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_prompt_that_is_never_played_is_reported(handler: object, kind: str) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == [kind], str(exploration)


def test_missing_sound_files_are_reported(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "menu.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(16000))
    exploration = explore(has_a_dead_branch, keys="1", sounds=tmp_path, allow=["unplayed"])
    assert not exploration.findings
    exploration = explore(forgets_to_hang_up, keys="1", sounds=tmp_path, allow=["left-up"])
    assert [finding.text for finding in exploration.findings] == [f"goodbye is not in {tmp_path}"]


FOLDER = "/var/spool/voicemail"


def names_files_in_many_ways(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback(f"{FOLDER}/{session.uuid}.wav")
    channel.playback("clinic/" + "a" * 300 + "/welcome")
    channel.playback("../..")
    if channel.get_variable("odd") in ("x/\0", "y/\udcff", "./", "//"):
        channel.playback("odd")
    channel.hangup()


def test_any_text_in_the_code_may_be_the_name_of_a_file(tmp_path: Path) -> None:
    exploration = explore(names_files_in_many_ways, keys="1", sounds=tmp_path, allow=["unplayed"])
    missing = [finding.text.partition(" ")[0] for finding in exploration.findings]
    assert "../.." in missing
    assert any("aaa" in name for name in missing)
