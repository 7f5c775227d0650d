"""Files that the commands read and write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.terminal import IVR, run


@pytest.mark.parametrize("command", ["ladder", "replay", "script"])
def test_a_file_that_is_no_recording_is_refused(command: str, tmp_path: Path) -> None:
    also = [IVR] if command == "replay" else []
    for text in ["", "x", "[1]", '{"t": 1}\n{"t": 1}', json.dumps({"recording": 1}) + "\n[2]"]:
        (tmp_path / "x.jsonl").write_text(text)
        result = run(command, tmp_path / "x.jsonl", *also)
        assert result.exit_code == 2, text
        assert "x.jsonl is not a recording" in result.stderr
    result = run(command, tmp_path / "nix.jsonl", *also)
    assert result.exit_code == 2
    assert "nix.jsonl can't be read: No such file or directory" in result.stderr
