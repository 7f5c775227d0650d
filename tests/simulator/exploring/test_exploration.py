"""What `explore` returns."""

from __future__ import annotations

from simulator import explore
from tests.support.places import EXAMPLES


def test_the_report_does_not_depend_on_who_makes_the_calls() -> None:
    alone = explore(EXAMPLES / "consent.py", keys="1*", workers=1)
    together = explore(EXAMPLES / "consent.py", keys="1*", workers=2)
    again = explore(EXAMPLES / "consent.py", keys="1*", workers=1)
    assert str(alone) == str(together) == str(again)
    assert "nothing is wrong" in str(alone)
