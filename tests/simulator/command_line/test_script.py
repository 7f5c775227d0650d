"""`eslsync script`."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.terminal import IVR, PAGD, changed, recorded, run


def test_a_script_makes_the_same_call_again(tmp_path: Path) -> None:
    path, script = recorded(tmp_path / "calls"), tmp_path / "again.call.yaml"
    assert run("script", path, IVR, "--output", script).exit_code == 0
    assert f"handler: {os.path.relpath(IVR, tmp_path)}" in script.read_text()
    result = run("call", "--script", script)
    assert result.exit_code == 0, result.output
    assert result.stdout == run("call", IVR, "--press", "1").stdout
    result = run("call", changed(tmp_path), "--script", script)
    assert result.exit_code == 1
    assert "did not hear 'ivr/ivr-option-1'" in result.stdout


def test_a_script_is_printed() -> None:
    result = run("script", PAGD)
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "# The caller of 03e_pagd_invalid_then_valid.jsonl.\nhandler: handler.py\ncall:\n"
    )
    assert '  - press: "9"\n' in result.stdout


def test_redacted_keys_make_no_script(tmp_path: Path) -> None:
    text = Path(PAGD).read_text().replace("DTMF-Digit: 9", "DTMF-Digit: ***")
    (tmp_path / "x.jsonl").write_text(text)
    result = run("script", tmp_path / "x.jsonl")
    assert result.exit_code == 2
    assert "the keys that were pressed are redacted in the recording" in result.stderr
