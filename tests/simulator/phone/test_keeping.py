"""What is kept of a call: a recording like any other, and a test that runs anywhere."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eslsync.command_line.main import main
from examples.ivr import handler
from simulator import replay
from simulator.clockwork.threads import SECOND
from simulator.phone.keeping import as_recording, as_test
from simulator.phone.player import Player
from simulator.recordings.reading import Recording
from simulator.scripts.script import Script
from tests.support.places import EXAMPLES
from tests.support.plugins import NO_OTHERS

IVR = Script(str(EXAMPLES / "ivr.py"))


def recorded(player: Player, folder: Path) -> Path:
    path = folder / "ivr.jsonl"
    path.write_text("".join(as_recording(player)), encoding="utf-8")
    return path


def test_its_recording_is_drawn_and_replayed_as_any_other(tmp_path: Path) -> None:
    with Player(IVR) as player:
        player.pass_to(SECOND)
        player.make("press", "1")
        while not player.ended:
            player.skip()
        path = recorded(player, tmp_path)
    assert replay(path, handler).differences == []
    drawn = CliRunner().invoke(main, ["ladder", str(path)])
    assert drawn.exit_code == 0, drawn.output
    assert "presses 1" in drawn.output
    assert "closes the connection" in drawn.output


def test_a_recording_of_a_call_that_is_up_says_so(tmp_path: Path) -> None:
    with Player(IVR) as player:
        player.pass_to(SECOND)
        recording = Recording.read(recorded(player, tmp_path))
    assert recording.truncated == "it was kept while the call was up"
    assert recording.connect is not None


def test_a_call_that_nobody_took_has_no_recording() -> None:
    with Player(Script("127.0.0.1:1")) as player:
        assert as_recording(player) == []


@pytest.mark.thorough
@pytest.mark.usefixtures("programs_begin_warm")
def test_its_test_passes_in_an_empty_folder_and_fails_with_the_ladder(tmp_path: Path) -> None:
    (tmp_path / "ivr.py").write_text((EXAMPLES / "ivr.py").read_text(encoding="utf-8"))
    with Player(replace(IVR, handler="ivr.py"), handler) as player:
        player.pass_to(SECOND)
        player.make("press", "1")
        while not player.ended:
            player.skip()
        test = as_test(player.script(), heard=player.heard, cause=player.call.cause)
    path = tmp_path / "test_ivr.py"
    path.write_text(test, encoding="utf-8")
    assert ran(path, tmp_path.parent).returncode == 0
    path.write_text(test.replace("ivr-option-1", "ivr-option-2"), encoding="utf-8")
    failed = ran(path, tmp_path)
    assert failed.returncode == 1
    assert "CALL:9: the caller heard other prompts than expected" in failed.stdout
    assert "+ ivr/ivr-option-1" in failed.stdout
    assert "presses 1" in failed.stdout  # the ladder


def ran(test: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", *NO_OTHERS, str(test)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)
