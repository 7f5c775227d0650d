"""benchmarks/ivrs/outage.py."""

from __future__ import annotations

import pytest

from benchmarks.ivrs import outage
from simulator import FreeSwitch


def test_a_known_outage_is_told_in_the_chosen_language() -> None:
    with FreeSwitch() as switch:
        call = switch.call(outage.handler)
        call.hear("outage/language")
        call.press("2")
        call.hear("de/postal-code")
        call.press("1010")
        call.hear("de/known-outage")
        call.hear("de/hours")
        call.hear("de/goodbye")
        call.wait()


def test_another_outage_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "reports", {})
    with FreeSwitch() as switch:
        call = switch.call(outage.handler)
        call.hear("outage/language")
        call.press("1")
        call.hear("en/postal-code")
        call.press("4020")
        call.hear("en/describe")
        call.talk(3.0)
        call.hear("en/reported")
        call.wait()
    assert list(outage.reports) == ["4020"]


def test_an_agent_gets_the_call() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(outage.AGENT, answers_after=2.0, hangs_up_after=30.0)
        call = switch.call(outage.handler)
        call.hear("en/no-code")
        call.hear("en/press-1-for-agent")
        call.press("1")
        call.wait()
    assert call.bridged == [outage.AGENT]
