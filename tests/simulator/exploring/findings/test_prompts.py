"""Prompts that are never played, and sound files that are not there."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import (
    KEYS,
    found,
)


def has_a_dead_branch(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("menu", valid="[12]") == "3":
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
