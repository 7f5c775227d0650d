"""A caller by SIP is SIPp, which follows a scenario of its own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.scenarios.live import CannotPerform, Client
from simulator.scenarios.performing import perform
from simulator.scenarios.scenario import Caller, Close, Press, Scenario, Step, Talk
from simulator.scenarios.sip import PREFIX, SIPP, SipCaller
from simulator.scenarios.sounds import Sounds
from tests.support.live_switch import live_switch
from tests.support.places import ROOT
from tests.support.terminal import write


def test_sipps_scenario_calls_and_hangs_up_when_it_is_told() -> None:
    root = ElementTree.fromstring(SIPP.format(name="Al & Bo", number="1001", more=""))
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


@pytest.mark.parametrize("step", [Press("1"), Talk(1.0)])
def test_what_it_can_not_do_is_told_before_it_calls(step: Step) -> None:
    scenario = Scenario("x", (step, Close()), caller=Caller(by="sip"))
    with live_switch() as switch, pytest.raises(CannotPerform, match=r"by sip can't (press|talk)"):
        perform(scenario, switch)


def test_a_call_is_found_by_the_number_that_it_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """`show channels` has a new call only after a moment."""
    rows = '"rows": [{"uuid": "u-1", "dest": "hold"}, {"uuid": "u-2", "dest": ""}]'
    listed = iter(['{"row_count": 0}', f'{{"row_count": 2, {rows}}}'])
    scenario = Scenario("x", (Close(),), caller=Caller(by="sip"))
    with (
        live_switch() as switch,
        switch.connect() as client,
        Sounds({}, switch, client) as sounds,
    ):
        monkeypatch.setattr(Client, "api", lambda client, command: next(listed))
        caller = SipCaller(scenario, client, sounds, switch.sip)
        assert caller.channel() == "u-2"
        caller.leave()


@pytest.mark.skipif(os.name == "nt", reason="the program sipp is a script")
def test_the_call_says_where_its_sound_files_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The extension of docs/guides/recorder.md sets sound_prefix from it."""
    kept = tmp_path / "kept.xml"
    sipp = write(tmp_path, f"#!/bin/sh\ncat caller.xml > {kept}\n", "sipp")
    sipp.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    scenario = Scenario("x", (Close(),), caller=Caller(by="sip"), prompts={"a.wav": 0.1})
    with live_switch() as switch, pytest.raises(CannotPerform, match="sipp does not start"):
        perform(scenario, replace(switch, sounds=str(tmp_path)))
    invite = ElementTree.parse(kept).findtext("send") or ""
    assert f"\n{PREFIX}: {tmp_path}/eslsync-sounds-" in invite
    assert f"sound_prefix=${{sip_h_{PREFIX}}}" in (ROOT / "docs/guides/recorder.md").read_text()


def test_a_name_that_sip_would_misread_is_refused() -> None:
    scenario = Scenario("x", (Close(),), caller=Caller("1001", "<b>", by="sip"))
    with live_switch() as switch, pytest.raises(CannotPerform, match="can't be '<b>'"):
        perform(scenario, switch)
