"""`eslsync replay`."""

from __future__ import annotations

from pathlib import Path

from tests.support.places import RECORDINGS
from tests.support.terminal import IVR, PAGD, changed, recorded, run


def test_the_same_handler_replays_clean(tmp_path: Path) -> None:
    result = run("replay", recorded(tmp_path), IVR)
    assert result.exit_code == 0
    assert result.stdout == "as recorded; 8 commands\n"
    assert result.stderr == ""


def test_a_changed_prompt_is_named(tmp_path: Path) -> None:
    path = recorded(tmp_path / "calls")
    result = run("replay", path, changed(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == (
        "2.060 s, command 7: it played ivr/ivr-option-9 where ivr/ivr-option-1 was recorded\n"
        "1 difference; 8 commands\n"
    )


def test_many_calls_are_replayed(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    for key in "1", "2":
        assert run("call", IVR, "--press", key, "--record", calls).exit_code == 0
    paths = sorted(calls.iterdir())
    result = run("replay", *paths, changed(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == (
        f"{paths[0]}: 2.060 s, command 7: it played ivr/ivr-option-9 where ivr/ivr-option-1 was "
        f"recorded\n{paths[0]}: 1 difference; 8 commands\n"
        f"{paths[1]}: as recorded; 8 commands\n"
        "1 of 2 as recorded\n"
    )
    assert run("replay", *paths, IVR).exit_code == 0


def test_recordings_that_cannot_be_replayed_are_refused(tmp_path: Path) -> None:
    [inbound] = RECORDINGS.glob("13a_*.jsonl")
    result = run("replay", inbound, IVR)
    assert result.exit_code == 2
    assert "the recording is not of a call that a handler had" in result.stderr
    assert run("replay", PAGD, tmp_path / "nix.py").exit_code == 2


def test_arguments_in_the_wrong_order_are_told(tmp_path: Path) -> None:
    result = run("replay", IVR, recorded(tmp_path))
    assert result.exit_code == 2
    assert "the recordings come first, and the APP with the handler last" in result.stderr
