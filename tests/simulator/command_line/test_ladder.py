"""`eslsync ladder`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.terminal import PAGD, run


def test_a_recording_is_drawn() -> None:
    result = run("ladder", PAGD)
    assert result.exit_code == 0
    assert "├─ presses 9 ─" in result.stdout
    assert "├─ play_and_get_digits completed: choice=2 ─" in result.stdout
    assert "\x1b" not in result.stdout, "no colours where it is no terminal"


@pytest.mark.parametrize("arguments", [["--format", "svg"], ["--output", "x.svg"]])
def test_a_recording_can_be_drawn_as_a_picture(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("ladder", PAGD, *arguments)
    assert result.exit_code == 0, result.output
    drawn = Path("x.svg").read_text("utf-8") if "x.svg" in arguments else result.stdout
    assert ElementTree.fromstring(drawn).tag.endswith("}svg")
    assert "9 breaks the prompt, invalid prompt, then 2" in drawn


@pytest.mark.parametrize(
    ("name", "begins"), [("a.mmd", "---\ntitle"), ("a.txt", "        s "), ("a.svg", "<svg ")]
)
def test_the_output_files_name_decides_the_format(name: str, begins: str, tmp_path: Path) -> None:
    assert run("ladder", PAGD, "--output", tmp_path / name).exit_code == 0
    assert (tmp_path / name).read_text("utf-8").startswith(begins)


def test_an_unwritable_output_is_reported(tmp_path: Path) -> None:
    result = run("ladder", PAGD, "--output", tmp_path / "no" / "folder.svg")
    assert result.exit_code == 1
    assert "folder.svg can't be written: No such file or directory" in result.stderr
