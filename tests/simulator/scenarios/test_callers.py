"""The caller of a scenario."""

from __future__ import annotations

import pytest

from simulator.scenarios.callers import LoopbackCaller
from simulator.scenarios.live import CannotPerform
from simulator.scenarios.scenario import Caller, Close, Scenario
from simulator.scenarios.sounds import Sounds
from tests.support.live_switch import live_switch


def test_a_name_that_originate_would_misread_is_refused() -> None:
    scenario = Scenario("x", (Close(),), caller=Caller(name="O'Neil"))
    with live_switch() as switch, switch.connect() as client, Sounds({}, switch, client) as sounds:
        caller = LoopbackCaller(scenario, client, sounds)
        with pytest.raises(CannotPerform, match="origination_caller_id_name can't be \"O'Neil\""):
            caller.call("socket-5000")
