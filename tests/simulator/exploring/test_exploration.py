"""What `explore` returns."""

from __future__ import annotations

from simulator import explore
from tests.support.places import ROOT


def test_the_report_does_not_depend_on_who_makes_the_calls() -> None:
    file = ROOT / "tests/support/correct_ivrs/reception.py"
    alone = explore(file, keys="1*", workers=1)
    together = explore(file, keys="1*", workers=2)
    assert str(alone) == str(together)
    assert "nothing is wrong" in str(alone)
