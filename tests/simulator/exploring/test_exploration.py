"""What `explore` returns."""

from __future__ import annotations

from simulator import explore
from tests.support.places import ROOT


def test_the_report_does_not_depend_on_who_makes_the_calls() -> None:
    file = ROOT / "tests/support/correct_ivrs/conference_room.py"
    alone = explore(file, keys="12", workers=1)
    together = explore(file, keys="12", workers=2)
    again = explore(file, keys="12", workers=1)
    assert str(alone) == str(together) == str(again)
    assert "nothing is wrong" in str(alone)
