"""The program `eslsync` itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from eslsync.command_line.main import main
from tests.support.terminal import run


def test_help_has_examples() -> None:
    for command in ("call", "conform", "explore", "ladder", "replay", "script", "serve"):
        assert f"\n  eslsync {command} " in run(command, "--help").stdout


def test_it_tells_its_version() -> None:
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["calls", "--help"], ["--version"]])
def test_a_full_disk_is_told(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: the output can't be written: ")
