"""Transfers to extensions that the dialplan doesn't have."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import explore


def sends_to_departments(session: Session) -> None:
    channel = session.channel
    channel.answer()
    key = channel.get_digits("menu", regexp="[12]", tries=1)
    channel.transfer({"1": "6001", "2": "6020"}.get(key, "6000"))


@pytest.mark.parametrize("known", [["6000", "6001"], ["600[0-9]"]])
def test_an_extension_that_is_not_there_is_reported(known: list[str]) -> None:
    exploration = explore(sends_to_departments, keys="12", extensions=known)
    [finding] = exploration.findings
    assert finding.kind == "no-extension"
    assert "6020" in finding.text
    assert finding.place is not None
    assert finding.place.line == sends_to_departments.__code__.co_firstlineno + 4
    assert not exploration.transfers


def test_those_of_the_circumstances_are_there() -> None:
    defined = {number: ["answer"] for number in ("6000", "6001", "6020")}
    circumstances = [{"extensions": defined}]
    assert not explore(sends_to_departments, keys="12", circumstances=circumstances).findings


def test_if_none_are_given_the_report_says_what_was_transferred_to() -> None:
    exploration = explore(sends_to_departments, keys="12")
    assert not exploration.findings
    assert "transfers to 6000, 6001, 6020: not looked up in a dialplan" in exploration.summary
    assert exploration.verdict == "nothing is wrong, if the dialplan has 6000, 6001, 6020"


def test_an_extension_that_a_rule_names_is_there() -> None:
    rules = ["every call is transferred to 6000 or is transferred to 6001"]
    exploration = explore(sends_to_departments, keys="1", expect=rules)
    assert exploration.verdict == "nothing is wrong"


def sends_on_in_other_ways(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.execute("execute_extension", "6001")
    channel.play_and_get_digits("number", regexp="[1]", transfer_on_failure="6020")
    channel.hangup()


def test_extensions_that_are_named_otherwise_count() -> None:
    circumstances = [{"extensions": {"6001": ["answer"]}}]
    exploration = explore(sends_on_in_other_ways, keys="12", circumstances=circumstances)
    [finding] = [each for each in exploration.findings if each.kind == "no-extension"]
    assert "6020" in finding.text, str(exploration)
