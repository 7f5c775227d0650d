"""`eslsync scenario`."""

from __future__ import annotations

from simulator.scenarios.scenario import Scenario
from tests.support.places import RECORDINGS
from tests.support.terminal import run


def test_it_prints_a_scenario() -> None:
    result = run("scenario", RECORDINGS / "03c_pagd_valid.jsonl")
    assert result.exit_code == 0
    scenario = Scenario.parse(result.stdout)
    assert (scenario.name, scenario.about) == ("03c_pagd_valid", "digit 2 accepted")


def test_what_is_no_call_to_an_app_is_refused() -> None:
    result = run("scenario", RECORDINGS / "13b_inbound_auth_fail.jsonl")
    assert result.exit_code == 2
    assert "13b_inbound_auth_fail.jsonl: the recording is not of a call to an app" in result.stderr
