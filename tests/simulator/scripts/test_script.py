"""Scripts as data: what they may say, what they do, and how their errors read."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eslsync import CommandError, HangupCause, Outbound, Session
from eslsync.serving.loading import LoadError
from examples.ivr import handler
from simulator import Call, CallFailed, FreeSwitch, SimulationError, sweep
from simulator.scripts.script import Script, ScriptError, Step, run_script
from simulator.scripts.shapes import (
    ALONE,
    CALL,
    CAUSE,
    CIRCUMSTANCES,
    DIAL_STRING,
    ENDPOINT,
    EXPECT,
    FLAG,
    KEYS,
    STEP,
    SWITCH,
    TEXT,
    TIME,
    VERBS,
    WHOLE,
    Action,
    Fields,
    Kind,
    Many,
    Named,
    OneOf,
    Shape,
    Steps,
)
from tests.examples import in_line
from tests.support.places import ROOT

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.call.yaml"))


@pytest.fixture(autouse=True)
def _the_handlers_folder_is_not_left_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys, "path", sys.path[:])


def script_of(*steps: str, then: str = "") -> str:
    return "\n".join(["handler: ivr.py", "steps:", *(f"  - {step}" for step in steps), then])


def failure(text: str) -> str:
    with pytest.raises(ScriptError) as raised:
        Script.parse(text, "ivr.call.yaml")
    return str(raised.value)


# Running


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 3


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_and_returns_its_call(path: Path) -> None:
    call = run_script(path)
    assert call.ended
    assert call.cause is not None


def test_what_a_script_says_is_what_happens() -> None:
    call = run_script(HERE / "key-during-welcome.call.yaml")
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-2"]
    assert 4.0 < call.duration < 4.3  # 3 and 1 s of prompts, as it says
    with FreeSwitch(seed=3) as switch:
        assert switch.call(handler).uuid == call.uuid


def test_every_script_is_as_a_test_in_python_would_be() -> None:
    """Verb by verb the same transcript."""
    text = script_of("hear: ivr/ivr-welcome", 'press: "1"', "hear: ivr/ivr-option-1", "wait")
    played = Script.parse(text).run(handler)
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome")
        call.press("1")
        call.hear("ivr/ivr-option-1")
        call.wait()
    assert str(played.transcript) == str(call.transcript)


def test_the_calls_circumstances_reach_the_handler() -> None:
    seen: dict[str, str | None] = {}

    def look(session: Session) -> None:
        for name in ("Caller-Caller-ID-Number", "Caller-Caller-ID-Name", "variable_account"):
            seen[name] = session.context.get(name)
        seen["destination"] = session.context.get("Caller-Destination-Number")

    Script(
        "",
        [Step("wait")],
        call={
            "caller": "4930123",
            "caller_name": "Ada",
            "destination": "7",
            "variables": {"account": "0042"},
            "socket": "async full",
        },
    ).run(look)
    assert seen == {
        "Caller-Caller-ID-Number": "4930123",
        "Caller-Caller-ID-Name": "Ada",
        "variable_account": "0042",
        "destination": "7",
    }


def test_a_handler_and_sounds_are_looked_for_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "tests" / "sounds").mkdir(parents=True)
    (tmp_path / "apps" / "two.py").write_text(
        "from prompts import HELLO\n"
        "def menu(session):\n"
        "    session.channel.answer()\n"
        "    session.channel.playback(HELLO)\n"
        "def other(session): ...\n"
    )
    (tmp_path / "apps" / "prompts.py").write_text("HELLO = 'hello'\n")
    path = tmp_path / "tests" / "hello.call.yaml"
    path.write_text(
        "handler: {file: ../apps/two.py, name: menu}\n"
        "call: {sounds: sounds}\n"
        "steps: [hear: hello, hangup]\n"
        "expect: {heard: [hello.wav], answered: true}\n"
    )
    assert run_script(path).heard == ["hello"]


def test_a_step_that_goes_wrong_says_where_it_stands_and_draws_the_call() -> None:
    script = Script.parse(
        script_of("hear: ivr/ivr-welcome", 'press: "2"', "hear: ivr/ivr-option-1"), "ivr.call.yaml"
    )
    with pytest.raises(CallFailed) as raised:
        script.run(handler)
    first, _, ladder = str(raised.value).partition("\n\n")
    assert first == (
        "ivr.call.yaml:5: did not hear 'ivr/ivr-option-1'; since the last verb it heard "
        "'ivr/ivr-option-2'"
    )
    assert "presses 2" in ladder


def test_what_a_handler_raises_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ivr.py").write_text(
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    session.channel.playback('welcome')\n"
        "    {}['account']\n"
    )
    path = tmp_path / "ivr.call.yaml"
    path.write_text(script_of("hear: welcome", "wait"))
    with pytest.raises(CallFailed) as raised:
        run_script(path)
    first, _, ladder = str(raised.value).partition("\n\n")
    assert first.startswith(f"{path}:4: the handler raised KeyError: 'account' ")
    assert f"({tmp_path / 'ivr.py'}:4, in handler)" in first
    assert "playback welcome" in ladder
    assert raised.value.__cause__ is not None


def test_what_a_handler_raises_at_the_hangup_after_the_last_step_counts() -> None:
    def tidy_up_badly(session: Session) -> None:
        try:
            session.channel.wait("DTMF")
        finally:
            raise ValueError("no such account")

    with pytest.raises(CallFailed, match=r"^script, after the last step: the handler raised Val"):
        Script("", [Step("say_nothing", {"seconds": 1})]).run(tidy_up_badly)


def test_a_stuck_handler_says_at_which_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_progress(call: Call, *, timeout: float = 0.0) -> None:
        raise SimulationError("no progress for 5 s of real time")

    monkeypatch.setattr(Call, "wait", no_progress)
    script = Script.parse(script_of("wait"), "ivr.call.yaml")
    with FreeSwitch() as switch:
        call = switch.call(lambda session: None)
        with pytest.raises(SimulationError) as raised:
            script.play(call)
    assert str(raised.value).startswith("ivr.call.yaml:3: no progress for 5 s of real time\n\n")
    assert "calls 5000" in str(raised.value)


def test_a_file_without_a_handler_is_told_with_the_scripts_line(tmp_path: Path) -> None:
    path = tmp_path / "ivr.call.yaml"
    path.write_text("steps: [wait]\nhandler: ivr.py\n")
    with pytest.raises(ScriptError, match=r"ivr\.call\.yaml:2: there is no file .*ivr\.py") as none:
        run_script(path)
    assert isinstance(none.value.__cause__, LoadError)
    (tmp_path / "ivr.py").write_text("def menu(session, extra): ...\n")
    path.write_text("steps: [wait]\nhandler: {name: main, file: ivr.py}\n")
    with pytest.raises(ScriptError, match=r":2: .* has no 'main'; it has menu"):
        run_script(path)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{cause: USER_BUSY}", "expected USER_BUSY to be why the call ended; it was NORMAL_CLE"),
        ("{answered: false}", "the call was answered"),
        (
            "{heard: [ivr/ivr-welcome.wav, ivr/ivr-option-1]}",
            "other prompts were heard than expected (- missed, + heard):\n"
            "    ivr/ivr-welcome\n"
            "  - ivr/ivr-option-1\n"
            "  + ivr/ivr-option-2\n\n",
        ),
    ],
)
def test_what_was_expected_and_is_not_so_says_its_line(expect: str, said: str) -> None:
    text = script_of("hear: ivr/ivr-welcome", "press: 2", "wait", then=f"\nexpect:\n  {expect}")
    with pytest.raises(CallFailed) as raised:
        Script.parse(text, "ivr.call.yaml").run(handler)
    assert str(raised.value).startswith(f"ivr.call.yaml:8: {said}")
    assert "presses 2" in str(raised.value)


def test_a_cause_is_expected_of_a_call_that_has_ended() -> None:
    script = Script("", [Step("expect", {"what": "CHANNEL_ANSWER"})], expect={"cause": "NONE"})
    with pytest.raises(CallFailed, match="it is still up; end the steps with wait or hangup"):
        script.run(handler)


def test_a_script_can_be_swept() -> None:
    script = Script.parse(script_of("hear: ivr/ivr-welcome", "press: 3", "wait"))
    assert not sweep(script.play, handler, faults=["drop"]).wrong


def test_seed_and_handler_can_be_replaced() -> None:
    script = Script("", [Step("hangup")], call={"seed": 3})
    assert script.run(handler).uuid == script.run(handler, seed=3).uuid
    assert script.run(handler).uuid != script.run(handler, seed=4).uuid


def test_a_script_runs_in_real_time() -> None:
    call = Script("", [Step("wait")], call={"prompts": {"beep": 0.1}}).run(
        lambda session: session.channel.playback("beep"), real_time=True
    )
    assert call.heard == ["beep"]


def test_a_script_calls_a_program_that_listens() -> None:
    with Outbound(lambda session: session.channel.playback("beep"), port=0) as server:
        script = Script("", [Step("hear", {"prompt": "beep"})], call={"prompts": {"beep": 0.1}})
        assert script.run(f"127.0.0.1:{server.port}").heard == ["beep"]


def test_real_time_has_no_other_start_than_now() -> None:
    script = Script.parse("handler: ivr.py\nsteps: []\ncall:\n  start: 2026-01-05", "a.call.yaml")
    with pytest.raises(ScriptError, match=r"^a\.call\.yaml:4: a call in real time begins now"):
        script.run(handler, real_time=True)


# Others than the caller


def scripted(text: str, handler: Callable[[Session], object]) -> Call:
    return Script.parse(f"handler: ivr.py\n{text}", "ivr.call.yaml").run(handler)


def ask_around(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.set("continue_on_fail", "true")
    channel.set("hangup_after_bridge", "false")
    for phone in ("user/1000", "user/1001", "user/1002"):
        channel.execute("bridge", f"{{originate_timeout=5}}{phone}")
    channel.hangup()


def phone(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("DTMF")
    session.channel.hangup("CALL_REJECTED")


def test_far_ends_behave_as_the_script_says() -> None:
    call = scripted(
        "call:\n"
        "  endpoints:\n"
        "    user/1000: {rejects: USER_BUSY}\n"
        "    user/1001: {answers_after: never, rings: true}\n"
        "    user/1002:\n"
        "      answers_after: 2\n"
        "      hangs_up_after: 4\n"
        "      cause: CALL_REJECTED\n"
        "      presses: [{after: 1, digits: 12}]\n"
        "steps: [wait]\n"
        "expect:\n"
        "  bridged: [user/1002]\n"
        "  variables: {last_bridge_hangup_cause: CALL_REJECTED}\n",
        ask_around,
    )
    told = [entry.text for entry in call.transcript.entries if "user/" in entry.text]
    assert [text for text in told if entry_of_a_leg(text)] == [
        "calls user/1000",
        "user/1000 rejects: USER_BUSY",
        "calls user/1001",
        "user/1001 rings",
        "hangs up user/1001 NO_ANSWER",
        "calls user/1002",
        "user/1002 answers",
        "bridged to user/1002",
        "user/1002 presses 12",
        "user/1002 hangs up CALL_REJECTED",
    ]


def entry_of_a_leg(text: str) -> bool:
    return text.startswith(("calls", "user/", "hangs up", "bridged"))


def test_a_far_end_may_be_another_handler_of_the_same_file_or_of_another(tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text(
        "def handler(session):\n"
        "    session.channel.sleep(1.0)\n"
        "    session.channel.answer()\n"
        "    session.channel.wait('DTMF')\n"
        "    session.channel.hangup('CALL_REJECTED')\n"
    )
    for written in ("{name: phone}", "desk.py", "{file: desk.py, name: handler}"):
        script = Script.parse(
            "handler: ivr.py\n"
            f"call: {{endpoints: {{user/1000: {{handler: {written}}}}}}}\n"
            "steps: [{expect: CHANNEL_BRIDGE}, {press: 1}, wait]\n"
            "expect: {bridged: [user/1000]}\n",
            tmp_path / "ivr.call.yaml",
        )
        call = script.run(ask_around)
        [_, far] = call.switch.calls.values()
        assert far.cause == "CALL_REJECTED"
        assert [e.text for e in far.transcript.entries if e.sender == "caller"] == [
            f"calls {far.destination}",
            "presses 1",
        ]


def test_a_far_ends_handler_that_is_not_there_says_its_line() -> None:
    for name, said in [("{name: nobody}", "has no 'nobody'"), ("nix.py", "there is no file nix")]:
        with pytest.raises(ScriptError, match=f"^ivr.call.yaml:3: .*{said}"):
            scripted(
                f"call:\n  endpoints: {{user/1: {{handler: {name}}}}}\nsteps: [wait]", ask_around
            )


def test_what_was_not_bridged_or_not_set_is_told() -> None:
    for expect, said in [
        ("bridged: [user/1000]", "the caller was bridged to others than expected (- missed, + was"),
        ("variables: {a: b}", "expected the variable a to be 'b'; it is not set"),
        ("variables: {continue_on_fail: no1}", "to be 'no1'; it was 'true'"),
    ]:
        with pytest.raises(CallFailed) as raised:
            scripted(f"steps: [wait]\nexpect:\n  {expect}", ask_around)
        assert said in str(raised.value)
        assert str(raised.value).startswith("ivr.call.yaml:4: ")


def test_applications_around_the_socket() -> None:
    call = scripted(
        "call:\n"
        "  before: [answer, {set: account=0042}]\n"
        "  after: [{playback: ivr/after}]\n"
        "steps: [wait]\n"
        "expect: {heard: [ivr/account-0042, ivr/after]}\n",
        lambda session: session.channel.playback(
            f"ivr/account-{session.context['variable_account']}"
        ),
    )
    assert call.given_back


def test_faults_happen_at_their_steps() -> None:
    def handler(session: Session) -> None:
        with pytest.raises(CommandError):
            session.channel.execute("playback", "one")
        session.channel.hangup()

    call = scripted(
        "call:\n  faults: [{refuse: execute playback}, {delay: {step: 1, seconds: 2}}]\n"
        "steps: [wait]\nexpect: {heard: []}\n",
        handler,
    )
    assert call.duration > 2.0


def test_callers_take_turns() -> None:
    text = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```yaml\n(handler: in_line.py\n.*?)```", text, re.DOTALL)
    script = Script.parse(shown)
    call = script.run(in_line.handler)
    [first, second] = call.switch.calls.values()
    assert (first.heard, first.destination) == (["queue/you-are-1"], "5000")
    assert (second.number, second.destination) == ("1002", "5000")
    assert second.heard == ["queue/you-are-2", "queue/you-are-1"]
    assert Script.parse(script.dump()) == script


def test_another_callers_failure_is_told_with_its_line_and_ladder() -> None:
    with pytest.raises(CallFailed) as raised:
        scripted(
            'steps:\n  - say_nothing: 1\n  - call:\n      caller: "1002"\n      destination: 7\n'
            "      steps:\n        - hear: queue/you-are-1\n",
            in_line.handler,
        )
    assert str(raised.value).startswith("ivr.call.yaml:8: did not hear 'queue/you-are-1'")
    assert "calls 7 ─" in str(raised.value)


# The tables are those of the simulator


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("call", "as")])
def test_a_verbs_options_are_its_methods(verb: str) -> None:
    parameters = list(inspect.signature(getattr(Call, verb)).parameters.values())[1:]
    assert [each.name for each in parameters] == list(VERBS[verb])
    needs = [each for each in parameters if each.default is inspect.Parameter.empty]
    assert bool(needs) == (verb not in ALONE)


def test_the_circumstances_are_options_of_switch_and_call() -> None:
    assert SWITCH.keys() <= inspect.signature(FreeSwitch).parameters.keys()
    assert CALL.keys() <= inspect.signature(FreeSwitch.call).parameters.keys()
    behaviour = set(inspect.signature(FreeSwitch.endpoint).parameters) - {"self", "dial_string"}
    assert ENDPOINT.keys() == behaviour


def test_the_docs_tell_every_key() -> None:
    text = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
    verbs = text.partition("### `steps`")[2]
    for verb, options in VERBS.items():
        row = next(line for line in verbs.splitlines() if line.startswith(f"| `{verb}`"))
        for option in options:
            assert f"`{option}`" in row, f"{option} of {verb}"
    for name in (*CIRCUMSTANCES, *ENDPOINT, *EXPECT):
        assert f"| `{name}` |" in text, name


# Errors

WRONG = {
    "hear: a\n    timeout: 5": "3: a step has one verb, not hear, timeout; options go inside, as "
    "in hear: {prompt: ..., timeout: ...}",
    "hear: a\n    press: 1": "3: a step has one verb, not hear, press",
    "{}": "3: a step has one verb, not nothing",
    "[]": "3: a step is a mapping (key: value); found a list of 0",
    "pres: 1": "3: there is no verb 'pres' (did you mean press?); there are hear, expect, press, "
    "say_nothing, talk, wait, hangup, hangup_after, call, as",
    "hear: a\n    hear: b": "4: hear is in a step twice",
    "{[a]: b}": "3: a key of a step takes text, not a list of 1",
    "hear": "3: hear needs prompt: a prompt's name, such as ivr/ivr-welcome",
    "hear:": "3: hear needs prompt: a prompt's name, such as ivr/ivr-welcome; found nothing "
    '(unquoted, # begins a comment: "#")',
    "hear: {prompt: ~}": "3: prompt of hear takes a prompt's name, such as ivr/ivr-welcome; found "
    'nothing (unquoted, # begins a comment: "#")',
    "hear: [a, b]": "3: prompt of hear takes a prompt's name, such as ivr/ivr-welcome, not a list "
    "of 2",
    "hear: {prompt: {a: b}}": "3: prompt of hear takes a prompt's name, such as ivr/ivr-welcome, "
    "not a mapping (a)",
    "hear: yes": '3: prompt of hear: YAML takes yes for true or false; quote it: "yes"',
    "hear: 2026-01-05": "3: prompt of hear: YAML takes 2026-01-05 for a time; quote it: "
    '"2026-01-05"',
    "hear: {prompt: a, start: yes}": "3: start of hear takes true or false, not yes",
    'hear: {prompt: a, timeout: "5"}': "3: timeout of hear takes seconds, such as 2 or 0.5, not "
    "'5'",
    "hear: {prompt: a, strat: true}": "3: hear has no 'strat' (did you mean start?); there are "
    "prompt, start, timeout",
    "press: {gap: 1}": '3: press needs digits: keys (0-9, *, # and A-D), such as "12#"',
    "press: #": '3: press needs digits: keys (0-9, *, # and A-D), such as "12#"; found nothing '
    '(unquoted, # begins a comment: "#")',
    "press: x": '3: digits of press takes keys (0-9, *, # and A-D), such as "12#", not x',
    "press: *": "3: not YAML: while scanning an alias, expected alphabetic or numeric character, "
    "but found '\\n'; an unquoted * or & stands for something else in YAML: quote it",
    "press: *1": "3: not YAML: found undefined alias '1'; an unquoted * or & stands for something "
    "else in YAML: quote it",
    "press: {digits: 1, gap: 010}": "3: gap of press takes seconds, such as 2 or 0.5, not 010",
    "wait: -1": "3: timeout of wait takes seconds, such as 2 or 0.5, not -1",
    "hangup: NORMAL_CLEARNIG": "3: cause of hangup takes a hangup cause, such as NORMAL_CLEARING "
    "or USER_BUSY, not NORMAL_CLEARNIG",
    "call:": '3: call needs caller: text; found nothing (unquoted, # begins a comment: "#")',
    "call: {caller: 2, steps: 3}": "3: steps of call takes a list, such as '- hear: welcome', "
    "not 3",
    "call: {caller: 2, steps: [hear: a, sing: b]}": "3: there is no verb 'sing'; there are hear, "
    "expect, press, say_nothing, talk, wait, hangup, hangup_after, call, as",
    "call: 1001": "3: there is a caller 1001 already; as: goes on as that one",
    "as: 2": "3: no caller 2 has called by then; there are 1001",
    "hear: a: b": "3: not YAML: mapping values are not allowed here",
}


@pytest.mark.parametrize("step", WRONG)
def test_a_wrong_step_says_file_line_and_what_is_allowed(step: str) -> None:
    assert failure(script_of(step)) == f"ivr.call.yaml:{WRONG[step]}"


@pytest.mark.parametrize(
    "written", ["01", "089", "010", "0x10", "0o17", "1_0", "1:30", "1e3", "1.5", "-1", "+1"]
)
def test_keys_that_some_yaml_reader_would_change_are_to_be_quoted(written: str) -> None:
    said = failure(script_of(f"press: {written}"))
    assert said.startswith("ivr.call.yaml:3: digits of press")
    if written != "-1":  # the same number for all, but no keys
        assert said.endswith(f'YAML takes {written} for a number; quote it: "{written}"')


@pytest.mark.parametrize(
    ("written", "keys"),
    [("1", "1"), ("0", "0"), ("10", "10"), ("12#", "12#"), ('"01"', "01"), ("'*9#'", "*9#"),
     ("1A", "1A"), ("2*", "2*")],
)  # fmt: skip
def test_keys_come_out_as_they_are_written(written: str, keys: str) -> None:
    [step] = Script.parse(script_of(f"press: {written}")).steps
    assert step == Step("press", {"digits": keys})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": an empty file; it needs handler (its file) and steps (a list), and may have"),
        ("- a", ":1: a script is a mapping (key: value): handler, call, steps, expect; found a l"),
        ("handler: x", ":1: no steps; a script needs handler (its file) and steps"),
        ("\nsteps: []", ":2: no handler; a script needs handler"),
        ("handler: x\nstps: []", ":2: a script has no 'stps' (did you mean steps?); there are"),
        ("handler: x\nsteps: 3", ":2: steps takes a list, such as '- hear: welcome', not 3"),
        ("handler: {name: x}\nsteps: []", ":1: handler needs file: the Python file that it is"),
        ("handler: x\ncall:\nsteps: []", ":2: call is a mapping (key: value): caller, caller_na"),
        ("handler: x\nsteps: []\ncall:\n  seed: x", ":4: seed of call takes a whole number, not"),
        ("handler: x\nsteps: []\ncall:\n  start: 9 am", ":4: start of call takes a time, such a"),
        ("handler: x\nsteps: []\ncall:\n  caller: 01", ":4: caller of call: YAML takes 01 for"),
        ("handler: x\nsteps: []\ncall:\n  prompts: {a: b}", ":4: a in prompts of call takes sec"),
        ("handler: x\nsteps: []\ncall:\n  prompts: [a]", ":4: prompts of call is a mapping (key"),
        ("handler: x\nsteps: []\ncall:\n  variables: {a: true}", ":4: a in variables of call: Y"),
        ("handler: x\nsteps: []\nexpect: {cuse: X}", ":3: expect has no 'cuse' (did you mean ca"),
        ("handler: x\nsteps: []\nexpect: {heard: a}", ":3: heard of expect takes a list, such as"),
        ("handler: x\nsteps: []\nexpect:\n  heard:\n  - 02", ":5: each in heard of expect: YAM"),
        ("handler: x\nsteps: []\ncall:\n  endpoints: {1000: {}}", ":4: a key of endpoints of call"),
        ("handler: x\nsteps: []\ncall:\n  endpoints:\n    user/1: {answers_after: soon}",
         ":5: answers_after of user/1 in endpoints of call takes seconds, such as 2 or 0.5, or n"),
        ("handler: x\nsteps: []\ncall:\n  endpoints:\n    user/1:\n      rejects: BUSY",
         ":6: rejects of user/1 in endpoints of call takes a hangup cause, such as"),
        ("handler: x\nsteps: []\ncall:\n  endpoints: {user/1: {ring: true}}",
         ":4: user/1 in endpoints of call has no 'ring' (did you mean rings?); there are"),
        ("handler: x\nsteps: []\ncall:\n  endpoints: {user/1: {presses: [{digits: 1}]}}",
         ":4: each in presses of user/1 in endpoints of call needs after: seconds"),
        ("handler: x\nsteps: []\ncall: {before: [{a: b, c: d}]}", ":3: each in before of call has "
         "one key, not a, c"),
        ("handler: x\nsteps: []\ncall: {after: [{set: yes}]}", ":3: data of set: YAML takes yes"),
        ("handler: x\nsteps: []\ncall: {faults: [{lost: 3}]}", ":3: there is no fault 'lost' (did"),
        ("handler: x\nsteps: []\ncall: {faults: [{drop: 0}]}", ":3: step of drop takes a step's n"),
        ("handler: x\n\tsteps: []", ":2: not YAML: while scanning"),
        ("handler: x\n\x01", ":2: not YAML: special characters are not allowed: '\\x01'"),
        ("a: 1\n---\nb: 1", ":2: not YAML: expected a single document in the stream, but found"),
        ("&a [*a]", ":1: a script is a mapping (key: value)"),
        ("handler: x\n<<: {steps: []}", ':2: a key of a script: YAML takes << for merge; quote'),
    ],
)  # fmt: skip
def test_a_wrong_file_says_line_and_what_is_allowed(text: str, said: str) -> None:
    assert failure(text).startswith(f"ivr.call.yaml{said}")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"none\.call\.yaml: No such file"):
        run_script(tmp_path / "none.call.yaml")
    (tmp_path / "latin.call.yaml").write_bytes(b"handler: caf\xe9")
    with pytest.raises(ScriptError, match=r"latin\.call\.yaml: not UTF-8 at byte 12"):
        run_script(tmp_path / "latin.call.yaml")


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [
        ("sing", {}, "there is no verb 'sing'; there are hear"),
        ("press", {"digit": "1"}, "press has no 'digit' (did you mean digits?)"),
        ("press", {"digits": 1}, "digits of press takes keys (0-9, *, # and A-D)"),
        ("press", {}, "press needs digits"),
        ("wait", {"timeout": math.inf}, "timeout of wait takes seconds, such as 2 or 0.5, not inf"),
        ("wait", {"timeout": True}, "timeout of wait takes seconds"),
        ("call", {"caller": "2", "steps": ["wait"]}, "steps of call takes a list of steps"),
    ],
)
def test_a_step_built_wrongly_is_refused(verb: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ScriptError) as raised:
        Step(verb, options)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("call", "expect", "said"),
    [
        ({"callr": "1"}, {}, "call has no 'callr' (did you mean caller?)"),
        ({"seed": "1"}, {}, "seed of call takes a whole number, not '1'"),
        ({"prompts": ["a"]}, {}, "prompts of call takes names with values, not ['a']"),
        ({"prompts": {"a": -1}}, {}, "a in prompts of call takes seconds"),
        ({"endpoints": {"a": {}}}, {}, "a key of endpoints of call takes a dial string"),
        ({"endpoints": {"user/1": {"rings": 1}}}, {}, "rings of user/1 in endpoints of call takes"),
        ({"endpoints": {"user/1": {"presses": [{}]}}}, {}, "each in presses of user/1 in endpoi"),
        ({"endpoints": {"user/1": 3}}, {}, "user/1 in endpoints of call takes names with values"),
        ({"faults": [{"lose": 1, "drop": 2}]}, {}, "each in faults of call has one key, not lose"),
        ({"faults": [{"lsoe": 1}]}, {}, "there is no fault 'lsoe' (did you mean lose?)"),
        ({"before": [{"set": 1}]}, {}, "data of set takes text, not 1"),
        ({}, {"heard": "a"}, "heard of expect takes a list, not 'a'"),
        ({}, {"heard": [1]}, "each in heard of expect takes a prompt's name"),
    ],
)
def test_a_script_built_wrongly_is_refused(
    call: dict[str, object], expect: dict[str, object], said: str
) -> None:
    with pytest.raises(ScriptError) as raised:
        Script("ivr.py", call=call, expect=expect)
    assert str(raised.value).startswith(said)


# Writing


def test_a_script_is_dumped_as_a_person_would_write_it() -> None:
    script = Script(
        "../ivr.py",
        [
            Step("hear", {"prompt": "ivr/ivr-welcome", "start": True, "timeout": 12.5}),
            Step("press", {"digits": "01"}),
            Step("wait"),
            Step("hangup", {"cause": HangupCause.USER_BUSY}),
        ],
        call={"caller": "1001", "prompts": {"ivr/ivr-welcome": 3}},
        expect={"heard": ("ivr/ivr-welcome",)},
    )
    assert script.dump() == (
        "handler: ../ivr.py\n"
        "call:\n"
        '  caller: "1001"\n'
        "  prompts:\n"
        "    ivr/ivr-welcome: 3\n"
        "steps:\n"
        "  - hear:\n"
        "      prompt: ivr/ivr-welcome\n"
        "      start: true\n"
        "      timeout: 12.5\n"
        '  - press: "01"\n'
        "  - wait\n"
        "  - hangup: USER_BUSY\n"
        "expect:\n"
        "  heard:\n"
        "    - ivr/ivr-welcome\n"
    )


def test_a_script_is_equal_to_the_same_one_built_of_other_sequences() -> None:
    script = Script("ivr.py", [Step("wait")], expect={"heard": ("welcome",)})
    assert script == Script("ivr.py", (Step("wait"),), expect={"heard": ["welcome"]})
    assert script == Script.parse(script.dump())


ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


def values(shape: Shape) -> st.SearchStrategy[object]:
    if isinstance(shape, Many):
        return st.lists(values(shape.each), max_size=3)
    if isinstance(shape, Named):
        return st.dictionaries(values(shape.name or TEXT), values(shape.each), max_size=3)
    if isinstance(shape, Fields):
        whole = entries(shape.fields, shape.needed)
        return whole if shape.alone is None else whole | values(shape.fields[shape.alone])
    if isinstance(shape, OneOf):
        return st.sampled_from(list(shape.choices)).flatmap(
            lambda key: values(shape.choices[key]).map(lambda value: {key: value})
        )
    if isinstance(shape, Action):
        return ANY | st.dictionaries(ANY, values(TEXT), min_size=1, max_size=1)
    if isinstance(shape, Steps):
        return st.lists(steps(["press", "wait"]), max_size=2).map(tuple)
    return singles(shape)


def singles(kind: Kind) -> st.SearchStrategy[object]:
    if kind is KEYS:
        return st.text("0123456789*#ABCDabcd", min_size=1)
    if kind is CAUSE:
        return st.sampled_from([cause.name for cause in HangupCause])
    if kind is TIME:
        return st.datetimes().map(lambda time: time.isoformat())
    if kind.type is float:
        numbers = st.integers(0, 10**9) | st.floats(0, 1e9)
        return numbers if kind.word is None else numbers | st.just(kind.word)
    if kind is WHOLE:
        return st.integers()
    if kind is FLAG:
        return st.booleans()
    if kind is DIAL_STRING:
        return st.sampled_from(["user/1000", "sofia/gateway/gw/0", "loopback/9:1", "error/x"])
    if kind is STEP:
        return st.integers(1) | st.sampled_from(["execute playback", "yes", "01x"])
    least = 0 if kind.accepts("") else 1
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=8)
    return text | st.sampled_from(["yes", "1", "01", "~", "null", "2026-01-05", "a: b", "*", "- "])


def entries(
    table: Mapping[str, Shape], needed: Collection[str] = ()
) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {name: values(table[name]) for name in needed},
        optional={name: values(each) for name, each in table.items() if name not in needed},
    )


def steps(verbs: Collection[str] = tuple(VERBS)) -> st.SearchStrategy[Step]:
    def options(verb: str) -> st.SearchStrategy[dict[str, object]]:
        first = next(iter(VERBS[verb]))
        return entries(VERBS[verb], [] if verb in ALONE else [first])

    return st.sampled_from(sorted(verbs)).flatmap(
        lambda verb: options(verb).map(lambda chosen: Step(verb, chosen))
    )


def with_callers(script: dict[str, Any]) -> dict[str, Any]:
    """Whoever goes on has called before, under a number of his own."""
    known = [script["call"].get("caller", "1001")]
    kept = []
    for step in script["steps"]:
        number = step.options.get("caller")
        if (step.verb == "call" and number in known) or (step.verb == "as" and number not in known):
            continue
        known.append(number)
        kept.append(step)
    return {**script, "steps": tuple(kept)}


@given(
    st.fixed_dictionaries(
        {
            "handler": values(TEXT),
            "name": st.none() | st.sampled_from(["menu", "yes", "01"]),
            "steps": st.lists(steps(), max_size=4),
            "call": entries(CIRCUMSTANCES),
            "expect": entries(EXPECT),
        }
    ).map(lambda script: Script(**with_callers(script)))
)
def test_what_is_dumped_is_read_back(script: Script) -> None:
    assert Script.parse(script.dump()) == script
