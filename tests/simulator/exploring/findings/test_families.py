"""All families together: every fault of an IVR is told once, and what may be allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eslsync import Session
from simulator import Exploration, explore
from simulator.exploring.findings.families import KINDS
from tests.support.explored import (
    FAULTY,
    found,
    only_routes,
)
from tests.support.places import EXAMPLES, ROOT


def test_each_fault_of_an_ivr_is_found_at_its_line_and_nothing_else_is(faulty: Exploration) -> None:
    planted = [
        (number, kind)
        for number, line in enumerate(FAULTY.read_text().splitlines(), 1)
        for kind in re.findall(r"# FAULT ([a-z-]+)", line)
    ]
    assert len(planted) >= 8
    told = [(each.place.line, each.kind) for each in faulty.findings if each.place is not None]
    assert sorted(told) == sorted(planted)
    assert len(told) == len(faulty.findings)
    assert faulty.complete


def has_a_dead_branch(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("menu", regexp="[12]") == "3":
        session.channel.playback("three")
    session.channel.hangup()


def test_allowed_kinds_are_not_reported() -> None:
    assert found(explore(has_a_dead_branch, keys="12")) == ["unplayed"]
    assert found(explore(has_a_dead_branch, keys="12", allow=["raises"])) == ["unplayed"]
    assert found(explore(has_a_dead_branch, keys="12", allow=["raises", "unplayed"])) == []


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no kind of finding 'crash'; there are raises"):
        explore(only_routes, allow=["crash"])


def test_every_kind_is_in_the_docs() -> None:
    page = (EXAMPLES.parent / "docs/guides/explore.md").read_text()
    for kind in KINDS:
        assert f"`{kind}`" in page


CORRECT = sorted((ROOT / "tests/support/correct_ivrs").glob("*.py"))
#: Keys that nearly all of them know.
CORRECT_KEYS = {"bank": "0129#", "appointment": "1#"}
USUAL_KEYS = "12"


@pytest.mark.thorough
@pytest.mark.parametrize("file", CORRECT, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_a_correct_ivr(file: Path) -> None:
    exploration = explore(file, keys=CORRECT_KEYS.get(file.stem, USUAL_KEYS), workers=1)
    assert not exploration.findings, str(exploration)
    assert not exploration.astray


def test_there_are_many_correct_ivrs() -> None:
    assert len(CORRECT) >= 10
