"""Drawn scenarios are valid, and ask for nothing that the simulated switch doesn't model."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from simulator.model.races import Races
from simulator.recordings.driving import Drive
from simulator.recordings.reading import Recording
from simulator.scenarios.dialplan import NUMBERS
from simulator.scenarios.drawing import renamed, scenarios
from simulator.scenarios.scenario import App, Close, Hangup, Press, Scenario, Send, Sleep

few = settings(
    max_examples=8,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def played(scenario: Scenario, uuid: str) -> Recording:
    """What an app and a caller do in the scenario, as a recording of a mute switch."""
    now, app, actions = 0.0, [], []
    for step in scenario.steps:
        now += step.seconds if isinstance(step, Sleep) else 0.3
        command = None
        if isinstance(step, (Send, App)):
            command = f"{step.command}\n\n".replace("{{uuid}}", uuid).encode()
        elif isinstance(step, Press):
            actions.append({"at": now, "press": step.keys, "milliseconds": step.milliseconds})
        elif isinstance(step, Hangup):
            actions.append({"at": now, "hangup": step.cause})
        if command is not None or isinstance(step, Close):
            app.append((now, command, 0))
    circumstances = {
        "switch": "FreeSWITCH 1.10.12",
        "mode": "outbound",
        "destination": "5000",
        "socket": f"127.0.0.1:5000 {scenario.socket}".rstrip(),
        "actions": actions,
        "dialplan": {pattern: list(number.applications) for pattern, number in NUMBERS.items()},
        **scenario.recorded(),
    }
    return Recording(circumstances, app, [], now + 2.0, False)


@few
@given(scenarios())
def test_a_drawn_scenario_asks_for_nothing_that_is_not_modelled(scenario: Scenario) -> None:
    channel = Drive(played(scenario, ""), Races()).channel
    assert channel is not None
    drive = Drive(played(scenario, channel.uuid), Races())
    complaints: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            drive.switch,
            "not_modelled",
            lambda kind, name, *rest: complaints.append(f"{kind} {name}"),
        )
        drive.run()
    assert not complaints


@few
@given(scenarios())
def test_a_drawn_scenario_survives_its_file_and_a_new_name(scenario: Scenario) -> None:
    assert Scenario.parse(scenario.dump()) == scenario
    again = renamed(scenario, "0badcafe")
    assert again.name == "drawn_0badcafe"
    assert scenario.name.removeprefix("drawn_") not in again.dump()
    assert len(again.steps) == len(scenario.steps)
