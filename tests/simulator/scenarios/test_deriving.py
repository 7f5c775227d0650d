"""The scenario behind a recording does the same again."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.recordings.conformance import check
from simulator.recordings.reading import Recording
from simulator.scenarios.deriving import scenario_of
from simulator.scenarios.performing import perform
from simulator.scenarios.scenario import (
    Api,
    App,
    Close,
    Press,
    Raw,
    Scenario,
    ScriptError,
    Send,
    Sleep,
    Until,
    UntilClosed,
)
from tests.scenarios.make import made
from tests.simulator.scenarios.test_performing import MENU, performed
from tests.support.live_switch import live_switch
from tests.support.places import RECORDINGS


def derived(name: str) -> Scenario:
    [path] = RECORDINGS.glob(f"{name}_*.jsonl")
    return scenario_of(Recording.read(path), path.stem)


def test_a_recorded_menu_is_told_in_steps() -> None:
    scenario = derived("03a")
    connect, linger, *_ = scenario.steps
    assert (connect, linger) == (Send("connect"), Send("linger 2"))
    assert scenario.steps[4:9] == (
        App("answer"),
        App("playback ivr/ivr-long.wav", wait=False),
        Until("PLAYBACK_START"),
        Sleep(0.96),
        Press("12"),
    )
    assert scenario.steps[-2:] == (App("hangup"), UntilClosed())


def test_recorded_uuids_and_contexts_have_names() -> None:
    scenario = derived("33c")
    assert [step.command for step in scenario.steps if isinstance(step, Api)] == [
        "originate {origination_uuid={{uuid-1}}}loopback/hold/eslsync &park()",
        "uuid_bridge {{uuid}} {{uuid-1}}",
        "uuid_kill {{uuid-1}}",
    ]


def test_packets_that_are_no_single_command_stay_as_they_were() -> None:
    assert Raw("connect\r\n\r\n") in derived("08f").steps


def test_an_app_that_closed_closes() -> None:
    assert derived("12n").steps[-1] == Close()
    assert derived("21g").steps[-2:] == (Close(half=True), UntilClosed())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("13a", "its mode is inbound"),
        ("16", "no step for this: fsctl shutdown"),
        ("50a", "no other client that watches"),
    ],
)
def test_what_can_not_be_performed_is_told(name: str, why: str) -> None:
    with pytest.raises(ScriptError, match=why):
        derived(name)


@pytest.mark.parametrize("name", ["07e", "14e", "21f", "256"])
def test_it_is_read_as_it_is_written(name: str) -> None:
    scenario = derived(name)
    assert Scenario.parse(scenario.dump()) == scenario


def test_the_projects_scenarios_are_those_of_its_recordings() -> None:
    names = (
        "03a_dtmf_during_playback",
        "10b_bridge_answered_far_end_hangs_up",
        "33c_bridged_by_others",
    )
    files = list(made([RECORDINGS / f"{name}.jsonl" for name in names]))
    assert [path.stem for path, _ in files] == list(names)
    for path, text in files:
        assert path.read_text("utf-8") == text, "python -m tests.scenarios.make"


def test_a_performed_scenario_is_derived_and_performed_again(tmp_path: Path) -> None:
    first = performed(MENU)
    again = scenario_of(first.recording, "menu")
    assert (again.prompts, again.caller, again.about) == (MENU.prompts, MENU.caller, MENU.about)
    with live_switch([again]) as switch:
        second = perform(again, switch)
    assert second.problems == []
    assert check(second.write(tmp_path)).conforms
    names = [[each.name for each in one.recording.switch if each.name] for one in (first, second)]
    # whether the subscription comes before this one is a race
    events = [[name for name in each if name != "CHANNEL_PARK"] for each in names]
    assert events[0] == events[1]
