"""Entries that match a pattern: one for each of its branches."""

from __future__ import annotations

import re

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.patterns import made_from


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])", [r"0\d0\d", r"[12]\d..", r"3[01]..", r"..1."]),
        (r"7\d{7}|9(0|1)\d{3}", [r"7\d{7}", r"90\d{3}", r"91\d{3}"]),
        (r"(?:49|43)\d[02468]\d", [r"49\d{3}", r"43\d{3}"]),
        (r"(?!0000)\d{4}", [r"\d{4}"]),
        (r"^(\d\d)\1$", [r"(\d\d)\1"]),
        (r"[^0-8]{2}[*#]?", ["99", r"99[*#]"]),
        (r"\d{2,4}#?", [r"\d\d", r"\d{4}", r"\d\d#"]),
    ],
)
def test_each_branch_gives_a_text(pattern: str, wanted: list[str]) -> None:
    made = made_from(pattern)
    assert all(re.fullmatch(pattern, each) for each in made), made
    for each in wanted:
        assert any(re.fullmatch(each, text) for text in made), (each, made)


@pytest.mark.parametrize("pattern", ["", "((", "[a-z]+", "x"])
def test_what_keys_cannot_match_gives_none(pattern: str) -> None:
    assert not made_from(pattern)


def asks_for_a_day_and_a_number(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if channel.get_digits(
        "day", min=4, max=4, tries=1, regexp="^(?:(0[1-9]|3[01])(0[1-9]|1[0-2]))$"
    ):
        number = channel.get_digits(
            "number", min=5, max=8, tries=1, regexp=r"^(?:7\d{7}|9(0|1)\d{3})$"
        )
        if number.startswith("91"):
            channel.playback("local")
    channel.hangup()


def test_entries_for_each_branch_are_tried() -> None:
    exploration = explore(asks_for_a_day_and_a_number, keys="0123456789")
    assert not exploration.findings, str(exploration)
    assert "local" in {node.situation.prompt for node in exploration.nodes}
