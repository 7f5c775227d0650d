"""What differs in many recordings for one reason is one group."""

from __future__ import annotations

from simulator.recordings.conformance import compare
from simulator.recordings.grouping import grouped
from simulator.recordings.reading import Recording
from tests.support.places import RECORDINGS


def edited(name: str, old: str, new: str) -> Recording:
    """A recording in which the switch has said something else."""
    recording = Recording.read(RECORDINGS / f"{name}.jsonl")
    for message in recording.switch:
        message.headers = [(key, new if value == old else value) for key, value in message.headers]
    return recording


def test_recordings_that_begin_to_differ_alike_are_one_group() -> None:
    names = ("01a_basic_playback_hangup", "03a_dtmf_during_playback")
    reports = [compare(name, edited(name, "FILE PLAYED", "PLAYED")) for name in names]
    other = "12n_app_closes_socket_idle_parked"
    reports.append(compare(other, edited(other, "answered", "unanswered")))
    assert all(len(report.differences) >= 1 for report in reports)
    first, second = grouped(reports)
    assert first.recordings == names
    assert str(first) == ("another value: variable_current_application_response, during playback")
    assert second.recordings == (other,)
    assert str(second) == "another value: Answer-State, during answer"


def test_what_conforms_is_in_no_group() -> None:
    name = "12n_app_closes_socket_idle_parked"
    assert grouped([compare(name, Recording.read(RECORDINGS / f"{name}.jsonl"))]) == []
