"""The simulated switch conforms to every recording of the real one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.recordings.conformance import LEFT_OUT, check, compare
from simulator.recordings.reading import Recording
from tests.support.cases import for_each
from tests.support.places import RECORDINGS

NAMES = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))


@pytest.mark.thorough
@for_each("name", NAMES)
def test_the_model_conforms_to_the_recording(name: str) -> None:
    report = check(RECORDINGS / f"{name}.jsonl")
    assert report.conforms, str(report)
    assert set(report.left_out) <= set(LEFT_OUT)


def test_what_becomes_of_the_caller_of_a_killed_app_is_compared() -> None:
    recording = Recording.read(RECORDINGS / "50j_killed_music.jsonl")
    nobody_hangs_up = {**recording.circumstances, "actions": []}
    report = compare("50j", replace(recording, circumstances=nobody_hangs_up))
    assert "CHANNEL_DESTROY" in str(report)


def test_what_a_killed_app_had_read_is_compared_all_the_same() -> None:
    recording = Recording.read(RECORDINGS / "50j_killed_music.jsonl")
    read = [each for each in recording.switch if each.name != "PLAYBACK_START"]
    assert "PLAYBACK_START" in str(compare("50j", replace(recording, switch=read)))


def test_the_report_counts_what_was_compared() -> None:
    report = check(RECORDINGS / "01a_basic_playback_hangup.jsonl")
    assert report.messages >= 28
    assert report.headers > 1500
    assert "messages and" in str(report)
    assert report.left_out["times"] > 0


def test_the_docs_list_what_is_not_compared() -> None:
    page = (RECORDINGS.parent.parent / "docs" / "internals" / "conformance.md").read_text()
    for what, why in LEFT_OUT.items():
        assert f"| {what} | {why} |" in page, what
