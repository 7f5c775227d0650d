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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty; recordings are written by Outbound(record=...) and `eslsync call"),
        ("# Calls", 'line 1 does not begin a recording ("recording": 1); recordings are written'),
        ('{"recording": 1}\n{"t": 1', "line 2, the last, is cut off: whoever wrote it was killed"),
        ('{"recording": 1}\n[2]\n{"t": 1}\n', "line 2 is no JSON object"),
        ('{"recording": 1}\n{"t": 1}', "line 2 has no 'from'"),
        (
            '{"recording": 1}\n{"t": 1, "from": "switch", "data": "HTTP/1.1 400\\n\\n"}',
            "line 2: what the switch said is not event socket",
        ),
        ('{"recording": 1}\n{"t": 1, "from": "app", "data": 5}', "line 2 is not as written"),
    ],
)
def test_a_broken_recording_names_the_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    result = run("ladder", tmp_path / "x.jsonl")
    assert result.exit_code == 2
    assert f"x.jsonl is not a recording: {said}" in result.stderr
