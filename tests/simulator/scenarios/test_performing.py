"""Scenarios are performed on a switch, and what it says becomes a recording that conforms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.recordings.conformance import check, compare
from simulator.scenarios.live import CannotPerform, Client
from simulator.scenarios.performing import Performance, perform
from simulator.scenarios.scenario import (
    SUBSCRIBED,
    Api,
    App,
    Caller,
    Close,
    Press,
    Raw,
    Scenario,
    Send,
    Step,
    Until,
    UntilClosed,
)
from tests.support.live_switch import live_switch
from tests.support.peer import PATIENCE

#: What the app sends first; without linger, the connection closes with the call.
BEGIN: tuple[Step, ...] = (Send("connect"), *SUBSCRIBED[2:])
#: The same, with the events after the hangup, which are compared then.
BEGIN_LINGERING: tuple[Step, ...] = (Send("connect"), Send("linger 0"), *SUBSCRIBED[2:])

MENU = Scenario(
    "menu",
    (
        *BEGIN_LINGERING,
        App("answer"),
        App("playback menu.wav", wait=False),
        Until("PLAYBACK_START"),
        Press("2", 120),
        Until("DTMF", {"DTMF-Digit": "2"}),
        Api("uuid_setvar {{uuid}} chosen {{DTMF-Digit}}"),
        Send("getvar chosen"),
        App("hangup"),
        UntilClosed(),
    ),
    about="2 is chosen",
    caller=Caller("1002", "Bob"),
    prompts={"menu.wav": PATIENCE},  # which is cut, or what comes first would be a race
)


def performed(scenario: Scenario) -> Performance:
    with live_switch([scenario]) as switch:
        return perform(scenario, switch)


def test_a_scenario_becomes_a_recording_that_conforms(tmp_path: Path) -> None:
    performance = performed(MENU)
    assert performance.problems == []
    assert str(check(performance.write(tmp_path))).startswith("menu: conforms; ")
    given = performance.circumstances
    assert (given["switch"], given["about"]) == ("FreeSWITCH 1.10.12", "2 is chosen")
    assert given["caller"] == {"number": "1002", "name": "Bob", "by": "loopback"}
    pressed, asked = given["actions"]
    assert (pressed["press"], pressed["milliseconds"]) == ("2", 120)
    assert re.fullmatch(r"uuid_setvar [0-9a-f-]{36} chosen 2", asked["api"])
    assert "2" in [each.get("Reply-Text") for each in performance.recording.switch]


def test_far_ends_are_told_by_their_numbers() -> None:
    bridge = App("bridge [origination_uuid={{uuid-1}}]loopback/busy/eslsync")
    steps = (App("answer"), App("set continue_on_fail=true"), bridge, App("hangup"))
    scenario = Scenario("busy", (*BEGIN_LINGERING, *steps))
    performance = performed(scenario)
    assert performance.circumstances["endpoints"] == {
        "loopback/busy/eslsync": {"rejects": "USER_BUSY"}
    }
    assert compare("busy", performance.recording).conforms


@pytest.mark.parametrize("socket", ["async full", "full"])
def test_the_dialplan_around_the_socket_is_the_scenarios_own(socket: str) -> None:
    scenario = Scenario(
        "own",
        (*BEGIN, App("answer"), Send("getvar tenant"), Close()),
        socket=socket,
        before=(("set", "tenant=acme"),),
        after=(("hangup", "USER_BUSY"),),
    )
    performance = performed(scenario)
    assert performance.circumstances["destination"].startswith("own-")
    assert performance.circumstances["after"] == [["hangup", "USER_BUSY"]]
    assert "acme" in [each.get("Reply-Text") for each in performance.recording.switch]


def test_a_caller_who_is_left_hangs_up_at_the_end() -> None:
    performance = performed(Scenario("left", (*BEGIN, App("answer"))))
    assert [action["hangup"] for action in performance.circumstances["actions"]] == [
        "NORMAL_CLEARING"
    ]
    assert performance.recording.closed


CHOSEN_UUID = "3d74c5de-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "calls",
    [
        Api(f"originate {{origination_uuid={CHOSEN_UUID}}}loopback/hold/eslsync &park()"),
        Api("originate loopback/hold/eslsync &park()"),
        Send("api originate loopback/hold/eslsync &park()"),
    ],
)
def test_legs_that_were_called_are_hung_up_at_the_end(calls: Step) -> None:
    called = "CHANNEL_ORIGINATE"
    steps = (*BEGIN, App("answer"), Send(f"filter Event-Name {called}"), calls, Until(called))
    scenario = Scenario("legs", steps)
    with live_switch([scenario]) as switch:
        performance = perform(scenario, switch)
        [leg] = [each for each in performance.recording.switch if each.name == called]
        with switch.connect() as client:
            assert client.api(f"uuid_exists {leg.get('Unique-ID')}") == "false"


def test_an_app_that_closes_is_recorded_as_one() -> None:
    closing = (*BEGIN, Raw("sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n"), Close())
    performance = performed(Scenario("closing", closing))
    assert performance.lines[-1]["from"] == "app"
    assert performance.lines[-1]["eof"]
    assert not performance.recording.closed


def test_a_wait_in_vain_is_a_problem_and_the_next_step_follows() -> None:
    vain = Until("DTMF", patience=0.1)
    answered = (*SUBSCRIBED, App("answer"))  # with linger: the app closes first
    steps = (*answered, vain, App("hangup"), Press("1"), Close(), vain, Send("exit"))
    performance = performed(Scenario("vain", steps))
    assert performance.problems == [
        "vain, step 6: waited 0.1 s for DTMF in vain",
        "vain, step 8: press came to nothing: -ERR No such channel!",
        "vain, step 10: DTMF did not come before the connection was closed",
        "vain, step 11: send came too late: the connection is closed",
    ]
    assert "actions" not in performance.circumstances


def test_a_problem_names_the_line_of_a_scenarios_file() -> None:
    sends = "  - send: {command: connect, wait: false}\n"
    text = f"patience: 0.1\nsteps:\n{sends}  - until_closed\n  - hangup\n"
    assert performed(Scenario.parse(text, "a/b.yaml")).problems == [
        "a/b.yaml:4: waited 0.1 s for the switch to close in vain"
    ]


def test_a_wait_in_vain_tells_what_came_instead() -> None:
    file = "Playback-File-Path"
    steps = (
        *BEGIN,
        App("answer"),
        App("playback menu.wav", wait=False),
        Until("PLAYBACK_START", {file: "{{sounds}}/menu.wav"}),
        Until("PLAYBACK_START", {file: "menu.wav", "Event-Name": "PLAYBACK_START"}, patience=0.1),
        App("hangup"),
        UntilClosed(),
    )
    [problem] = performed(Scenario("x", steps, prompts={"menu.wav": 1.0})).problems
    begins = "x, step 7: waited 0.1 s for PLAYBACK_START menu.wav PLAYBACK_START in vain; the last"
    assert problem.startswith(f"{begins} one had {file}: /")
    assert problem.endswith("/menu.wav")


def test_an_app_without_events_is_told() -> None:
    steps = (Send("connect", wait=False), Until("DTMF", patience=0.1), Close())
    assert performed(Scenario("x", steps)).problems == [
        "x, step 2: waited 0.1 s for DTMF in vain; no event has come at all: has the app sent "
        "event plain all?"
    ]


def test_a_switch_that_does_not_close_is_not_recorded_as_one_that_does() -> None:
    steps = (Send("connect", wait=False), Send("linger", wait=False), UntilClosed())
    scenario = Scenario("open", steps, patience=0.1)
    performance = performed(scenario)
    assert performance.problems == ["open, step 3: waited 0.1 s for the switch to close in vain"]
    assert not performance.recording.closed


def test_a_number_that_the_switch_does_not_have_is_told() -> None:
    scenario = Scenario("own", (Close(),), before=(("answer", ""),))
    with live_switch() as switch, pytest.raises(CannotPerform, match="as record-switch --dialplan"):
        perform(scenario, switch)


def test_a_failure_that_comes_with_the_reply_to_the_command_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def background(client: Client, command: str) -> str:
        job = begins(client, command)
        while client.result(job) is None:
            client.receive()
        return job

    begins = Client.background
    monkeypatch.setattr(Client, "background", background)
    scenario = Scenario("own", (Close(),), before=(("answer", ""),))
    with live_switch() as switch, pytest.raises(CannotPerform, match="failed: -ERR NO_ROUTE"):
        perform(scenario, switch)


def test_a_call_that_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.scenarios.performing.CONNECTS", 0.05)
    monkeypatch.setattr("simulator.scenarios.callers.LoopbackCaller.call", lambda *call: None)
    said = (
        r"did not connect to 127\.0\.0\.1:\d+ within 0\.05 s of the call to socket-\d+-async-full: "
        r"can it reach that address \(--listen\)\? And is the context eslsync"
    )
    with live_switch() as switch, pytest.raises(CannotPerform, match=said):
        perform(Scenario("x", (Close(),)), switch)


def test_a_name_without_a_value_is_told() -> None:
    with pytest.raises(CannotPerform, match=r"x, step 2: \{\{Nothing-There\}\} has no value"):
        performed(Scenario("x", (Send("connect"), Send("getvar {{Nothing-There}}"))))
