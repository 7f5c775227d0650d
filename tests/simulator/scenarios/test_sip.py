"""A caller by SIP is SIPp, which follows a scenario of its own."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.scenarios.live import CannotPerform
from simulator.scenarios.performing import perform
from simulator.scenarios.scenario import Caller, Close, Scenario
from simulator.scenarios.sip import SIPP
from tests.support.live_switch import live_switch


def test_sipps_scenario_calls_and_hangs_up_when_it_is_told() -> None:
    root = ElementTree.fromstring(SIPP.format(name="Al & Bo", number="1001"))
    sent = [(each.text or "").split()[0] for each in root.iter("send")]
    assert sent == ["INVITE", "ACK", "BYE"]
    assert [each.tag for each in root if each.tag != "recv"] == [
        *("recvCmd", "send", "send", "recvCmd", "send")
    ]
    assert 'From: "Al & Bo" <sip:1001@' in (root.findtext("send") or "")


def test_without_sipp_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    scenario = Scenario("x", (Close(),), caller=Caller(by="sip"))
    with live_switch() as switch, pytest.raises(CannotPerform, match="no program sipp"):
        perform(scenario, switch)


def test_a_name_that_sip_would_misread_is_refused() -> None:
    scenario = Scenario("x", (Close(),), caller=Caller("1001", "<b>", by="sip"))
    with live_switch() as switch, pytest.raises(CannotPerform, match="can't be '<b>'"):
        perform(scenario, switch)
