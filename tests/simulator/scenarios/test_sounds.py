"""Sound files are made in the lengths of the scenario, where the switch can see them."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.scenarios.live import CannotPerform, Client
from simulator.scenarios.sounds import Sounds
from tests.support.live_switch import live_switch


def test_a_file_has_its_length(tmp_path: Path) -> None:
    with live_switch() as switch, switch.connect() as client:
        at = replace(switch, sounds=str(tmp_path))
        with Sounds({"ivr/a.wav": 0.25}, at, client) as sounds:
            assert sounds.folder == str(tmp_path)
        with wave.open(str(tmp_path / "ivr/a.wav")) as file:
            assert (file.getframerate(), file.getnframes()) == (8000, 2000)


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
