"""Variables of the channel that the code reads, and that nothing sets."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import found


def misspells_a_result(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.execute("play_and_get_digits", "1 1 1 5000 # menu wrong digits [12]")
    channel.playback("one" if channel.get_variable("diigts") == "1" else "other")
    channel.hangup()


def misspells_what_it_has_set(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.set("language_chosen", "de")
    channel.playback("de/hello" if channel.variables.get("langauge_chosen") else "hello")
    channel.hangup()


@pytest.mark.parametrize("handler", [misspells_a_result, misspells_what_it_has_set])
def test_a_variable_under_another_name_is_reported(handler: object) -> None:
    exploration = explore(handler, keys="12")  # type: ignore[arg-type]
    assert "unset-variable" in found(exploration), str(exploration)
    [finding] = [each for each in exploration.findings if each.kind == "unset-variable"]
    assert "did you mean " in finding.text
    assert finding.place is not None
    assert finding.place.function == handler.__name__  # type: ignore[attr-defined]


def reads_what_others_set(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.set("line_a", "1")
    if channel.get_variable("line_b") == "true" or channel.get_variable("sip_from_user") == "1":
        channel.playback("vip")
    channel.playback("hello")
    channel.hangup()


def test_one_that_others_may_set_is_tried_and_told_as_supposed() -> None:
    exploration = explore(reads_what_others_set, keys="1")
    assert not exploration.findings, str(exploration)
    assert exploration.remarks == ["supposes that something sets line_b"]
    assert exploration.remarks[0] in exploration.summary


def test_what_the_circumstances_set_is_not_supposed() -> None:
    circumstances = [{"variables": {"line_b": "true"}}]
    assert not explore(reads_what_others_set, keys="1", circumstances=circumstances).remarks
