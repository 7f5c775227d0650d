"""`eslsync conform`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.places import RECORDINGS
from tests.support.terminal import run, write


def test_a_recording_conforms() -> None:
    result = run("conform", RECORDINGS / "01a_basic_playback_hangup.jsonl")
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first == "01a_basic_playback_hangup: conforms"
    assert re.fullmatch(
        r"1 of 1 conform: \d+ messages and \d{4} headers compared, \d+ left out", last
    )


def test_a_recording_that_differs_is_shown_as_a_diff(tmp_path: Path) -> None:
    text = (RECORDINGS / "01a_basic_playback_hangup.jsonl").read_text()
    path = write(tmp_path, text.replace("+OK will linger", "+OK might linger"), "x.jsonl")
    result = run("conform", path, RECORDINGS / "12n_app_closes_socket_idle_parked.jsonl")
    assert result.exit_code == 1
    assert "\n- " in result.stdout
    assert "\n+ " in result.stdout
    assert "might linger" in result.stdout
    assert "1 of 2 conform: " in result.stdout.splitlines()[-1]


def test_a_recording_that_is_cut_after_its_first_line_does_not_conform(tmp_path: Path) -> None:
    text = (RECORDINGS / "01a_basic_playback_hangup.jsonl").read_text()
    path = write(tmp_path, text.splitlines(keepends=True)[0], "cut.jsonl")
    result = run("conform", path)
    assert result.exit_code == 1
    assert "@ the recording\n- a conversation\n+ its first line only\n" in result.stdout
    assert "\ncut: 1 difference\n" in result.stdout


def test_verbose_shows_both_sides() -> None:
    result = run("conform", "-v", RECORDINGS / "12n_app_closes_socket_idle_parked.jsonl")
    assert "--- 12n_app_closes_socket_idle_parked, recorded\n" in result.stdout
    assert re.search(r"^ +0\.\d{3}  CHANNEL_EXECUTE answer", result.stdout, re.MULTILINE)


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    for text in ["", "x", "[1]", '{"t": 1}', json.dumps({"recording": 1}) + '\n{"t": 1}']:
        result = run("conform", write(tmp_path, text, "x.jsonl"))
        assert result.exit_code == 2
        assert "x.jsonl is not a recording" in result.stderr
    assert run("conform", tmp_path / "nix.jsonl").exit_code == 2
    assert run("conform").exit_code == 2
