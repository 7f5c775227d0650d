"""Sound files are made in the lengths of the scenario, where the switch can see them."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.scenarios.live import CannotPerform, Client
from simulator.scenarios.sounds import Sounds
from tests.support.live_switch import live_switch
from tests.support.terminal import write


def test_a_file_has_its_length() -> None:
    with (
        live_switch() as switch,
        switch.connect() as client,
        Sounds({"ivr/a.wav": 0.25}, switch, client) as sounds,
        wave.open(f"{sounds.folder}/ivr/a.wav") as file,
    ):
        assert (file.getframerate(), file.getnframes()) == (8000, 2000)


def test_files_that_are_in_the_folder_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = write(tmp_path, "mine", "a.wav")
    monkeypatch.chdir(tmp_path.parent)
    with live_switch() as switch, switch.connect() as client:
        at = replace(switch, sounds=tmp_path.name)
        with Sounds({"a.wav": 0.1}, at, client) as sounds:
            assert Path(sounds.folder).parent == tmp_path  # absolute: the switch is elsewhere
            assert (Path(sounds.folder) / "a.wav").exists()
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with live_switch() as switch, switch.connect() as client:
        at = replace(switch, sounds=str(tmp_path / "none"))
        with pytest.raises(CannotPerform, match=r"no sound files can be made in .*/none: No such"):
            Sounds({"a.wav": 0.1}, at, client)


@pytest.mark.parametrize("name", ["../a.wav", "/tmp/a.wav"])
def test_a_file_outside_of_the_folder_is_refused(name: str) -> None:
    refused = pytest.raises(CannotPerform, match=r"a\.wav in prompts is not within the folder")
    with live_switch() as switch, switch.connect() as client, refused:
        Sounds({name: 0.1}, switch, client).__enter__()


def test_a_temporary_folder_goes_at_the_end() -> None:
    with live_switch() as switch, switch.connect() as client:
        with Sounds({"a.wav": 0.1}, switch, client) as sounds:
            assert (Path(sounds.folder) / "a.wav").exists()
        assert not Path(sounds.folder).exists()


def test_a_folder_that_the_switch_does_not_see_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "api", lambda client, command: "false")
    with live_switch() as switch, switch.connect() as client:
        sounds = Sounds({"a.wav": 0.1}, switch, client)
        with pytest.raises(CannotPerform, match=r"does not see .*/a\.wav: name a folder"), sounds:
            pass
        assert not Path(sounds.folder).exists()
