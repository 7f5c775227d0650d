"""Scenarios are data: read from YAML, with errors that name the place, and written alike."""

from __future__ import annotations

import re
import textwrap

import pytest

import simulator.scenarios.scenario
from simulator.scenarios.scenario import (
    CIRCUMSTANCES,
    SUBSCRIBED,
    VERBS,
    Api,
    App,
    Caller,
    Close,
    Hangup,
    Press,
    Raw,
    Scenario,
    ScriptError,
    Send,
    Sleep,
    Talk,
    Until,
    UntilClosed,
)
from tests.support.cases import for_each
from tests.support.places import ROOT


def documented() -> str:
    """The scenario in the module's docstring."""
    doc = simulator.scenarios.scenario.__doc__
    assert doc is not None
    return textwrap.dedent(doc.split("\n\n", 1)[1].partition("\n\n`")[0])


def test_the_documented_scenario_is_one() -> None:
    scenario = Scenario.parse(documented())
    assert scenario.name == "menu"
    assert scenario.steps[:4] == SUBSCRIBED
    assert scenario.steps[4:] == (
        App("answer"),
        App("playback ivr/ivr-welcome.wav", wait=False),
        Until("PLAYBACK_START"),
        Press("2"),
        Until("DTMF"),
        App("hangup"),
        UntilClosed(),
    )


def test_the_docs_show_a_scenario_and_tell_every_step_and_circumstance() -> None:
    text = (ROOT / "docs/guides/recorder.md").read_text("utf-8")
    scenario, *_ = re.findall(r"```yaml\n(about.*?)```", text, re.DOTALL)
    assert Scenario.parse(scenario).steps == Scenario.parse(documented()).steps
    table = text[text.index("| step | what happens |") : text.index("A step waits at most")]
    assert set(re.findall(r"^\| `([a-z_]+)", table, re.MULTILINE)) == set(VERBS)
    for name in CIRCUMSTANCES:
        assert f"`{name}`" in text


EVERYTHING = Scenario(
    "everything",
    (
        *SUBSCRIBED,
        Send("sendmsg\ncontent-length: 2", body="hi", wait=False),
        Raw("myevents\r\n\r\n"),
        App("playback a.wav", lock=True, loops=2, uuid="x", wait=False),
        Press("12#", 80),
        Talk(1.5),
        Api("uuid_kill {{Other-Leg-Unique-ID}}"),
        Until("CHANNEL_EXECUTE_COMPLETE", {"Application": "playback"}, times=2, patience=0.5),
        Sleep(0.25),
        Hangup("USER_BUSY"),
        UntilClosed(),
        Close(half=True),
    ),
    about="all of it: 100 %",
    socket="async",
    caller=Caller("1002", by="sip"),
    far_end="tone",
    before=(("set", "a=b"), ("pre_answer", "")),
    after=(("hangup", "USER_BUSY"),),
    dialplan={"^sub$": (("answer", ""),)},
    phrases={"hello": (("play-file", "a.wav"),)},
    prompts={"a.wav": 0.5},
    endpoints={"sofia/gateway/x/1": {"rings": True, "answers_after": "never"}},
    speech_engines=("flite",),
    recognizers=("test",),
    interface_allowlist=("mod_dptools", "mod_commands.uuid_kill"),
    patience=5,
)


@pytest.mark.parametrize("scenario", [Scenario("short", (Close(),)), EVERYTHING])
def test_a_scenario_is_read_as_it_was_written(scenario: Scenario) -> None:
    assert Scenario.parse(scenario.dump()) == scenario


def test_what_is_usual_is_left_out() -> None:
    assert Scenario("short", (App("answer"), Hangup())).dump() == (
        "name: short\nsteps:\n  - app: answer\n  - hangup\n"
    )


@for_each(
    ("text", "said"),
    [
        ("", ": an empty file; it needs steps (a list), and may have name, about, socket, caller"),
        ("name: a/b\nsteps:\n  - close", ":1: name takes a name, which becomes a file's, not a/b"),
        ("steps: []", ":1: steps is empty: an app that does nothing takes '- close'"),
        ("name: x", ":1: no steps; a scenario needs steps (a list)"),
        (
            "steps:\n  - pres: 1",
            ":2: there is no verb 'pres' (did you mean press?); there are send,",
        ),
        (
            "steps:\n  - close\n  - app: {run: x, lok: true}",
            ":3: app has no 'lok' (did you mean lock?",
        ),
        ("steps:\n  - app", ":2: app needs run: an application and its data, such as playback"),
        ("steps:\n  - until_closed: true", ":2: until_closed has no options"),
        ("steps:\n  - press: x", ':2: keys of press takes keys (0-9, *, # and A-D), such as "12#"'),
        (
            "socket: fully\nsteps:\n  - close",
            ":1: socket takes the options of the application socket",
        ),
        (
            "caller: {by: post}\nsteps:\n  - close",
            ":1: by of caller takes loopback or sip, not post",
        ),
        (
            "steps:\n  - until: {event: DTMF, times: 0}",
            ":2: times of until takes a whole number from",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ScriptError) as raised:
        Scenario.parse(text, "a/menu.yaml")
    assert str(raised.value).startswith(f"a/menu.yaml{said}")


def test_a_scenario_made_in_python_is_checked_alike() -> None:
    with pytest.raises(ScriptError, match="step 2: keys of press takes keys"):
        Scenario("x", (App("answer"), Press("x")))
    with pytest.raises(ScriptError, match="data of y takes text, not 3"):
        Scenario("x", (), dialplan={"^a$": (("x", ""), ("y", 3))})  # type: ignore[dict-item]


def test_a_files_stem_is_the_scenarios_name() -> None:
    assert Scenario.parse("steps:\n  - close", "a/menu.scenario.yaml").name == "menu"


def test_an_application_is_sent_with_its_options() -> None:
    assert App("playback a b", lock=True, loops=2, uuid="x").command == (
        "sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a b\n"
        "event-lock: true\nloops: 2\nEvent-UUID: x"
    )
    assert App("answer").command == "sendmsg\ncall-command: execute\nexecute-app-name: answer"


def test_a_far_end_is_told_as_a_recording_tells_it() -> None:
    presses = [{"after": 1, "digits": "5"}]
    far_end = {"rings": True, "answers_after": "never", "presses": presses}
    scenario = Scenario("x", (Close(),), endpoints={"user/1000": far_end})
    assert scenario.recorded()["endpoints"] == {
        "user/1000": {"rings": True, "answers_after": None, "presses": [[1, "5"]]}
    }


def test_a_caller_may_have_no_name() -> None:
    anonymous = Scenario("x", (Close(),), caller=Caller("", ""))
    assert Scenario.parse(anonymous.dump()) == anonymous
