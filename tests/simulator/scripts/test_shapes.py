"""What a script may contain, and how its errors read."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from simulator import Call, FreeSwitch
from simulator.calling.far_end import FarEnd
from simulator.scripts.script import Script, ScriptError, Step, run_script
from simulator.scripts.shapes import (
    ALONE,
    AT_FAR_END,
    CALL,
    CIRCUMSTANCES,
    ENDPOINT,
    EXPECT,
    SWITCH,
    VERBS,
)
from tests.support.cases import for_each
from tests.support.places import ROOT
from tests.support.scripts import failure, script_of

#: Verbs that are no methods: their steps are somebody else's.
OF_OTHERS = {"call", "as", "at"}


@pytest.mark.parametrize("kind", [Call, FarEnd])
def test_a_verbs_options_are_its_methods(kind: type) -> None:
    for verb, options in (AT_FAR_END if kind is FarEnd else VERBS).items():
        if kind is Call and verb in OF_OTHERS | {"answer", "reject"}:
            continue
        parameters = list(inspect.signature(getattr(kind, verb)).parameters.values())[1:]
        assert [each.name for each in parameters] == list(options), verb
        needs = [each for each in parameters if each.default is inspect.Parameter.empty]
        assert bool(needs) == (verb not in ALONE), verb


def test_the_circumstances_are_options_of_switch_and_call() -> None:
    assert SWITCH.keys() <= inspect.signature(FreeSwitch).parameters.keys()
    assert CALL.keys() <= inspect.signature(FreeSwitch.call).parameters.keys()
    behaviour = set(inspect.signature(FreeSwitch.endpoint).parameters) - {"self", "dial_string"}
    assert ENDPOINT.keys() == behaviour


def test_the_docs_name_every_key() -> None:
    text = (ROOT / "docs" / "guides" / "scripts.md").read_text(encoding="utf-8")
    verbs = text.partition("### `steps`")[2].partition("### `call`")[0]
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
    "say_nothing, says, talk, wait, hangup, hangup_after, transfer, call, as, at, answer, reject",
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
    "expect, press, say_nothing, says, talk, wait, hangup, hangup_after, transfer, call, as, at, "
    "answer, reject",
    "call: 1001": "3: caller 1001 has called already; use as: to go on as that caller",
    "as: 2": "3: caller 2 has not called by then; callers so far: 1001",
    "answer": "3: answer is what a far end does: put it among the steps of at, as in at: "
    "{far_end: user/1000, steps: [answer]}",
    "at: 1000": "3: far_end of at takes a dial string, such as user/1000, not 1000",
    "at: {far_end: user/1, steps: [wait]}": "3: a far end has no verb 'wait'; there are answer, "
    "reject, press, say_nothing, hangup",
    "at: {far_end: user/1, steps: [press: {digits: 1, when_asked: true}]}": "3: at a far end, "
    "press has no 'when_asked'; there are digits, gap",
    "hear: a: b": "3: not YAML: mapping values are not allowed here",
}


@for_each("step", WRONG)
def test_an_invalid_step_names_file_line_and_what_is_allowed(step: str) -> None:
    assert failure(script_of(step)) == f"ivr.call.yaml:{WRONG[step]}"


@for_each("written", ["01", "089", "010", "0x10", "0o17", "1_0", "1:30", "1e3", "1.5", "-1", "+1"])
def test_keys_that_a_yaml_reader_would_change_must_be_quoted(written: str) -> None:
    said = failure(script_of(f"press: {written}"))
    assert said.startswith("ivr.call.yaml:3: digits of press")
    if written != "-1":  # the same number for all, but no keys
        assert said.endswith(f'YAML takes {written} for a number; quote it: "{written}"')


@pytest.mark.parametrize(
    ("written", "keys"),
    [("1", "1"), ("0", "0"), ("10", "10"), ("12#", "12#"), ('"01"', "01"), ("'*9#'", "*9#"),
     ("1A", "1A"), ("2*", "2*")],
)  # fmt: skip
def test_quoted_keys_stay_as_written(written: str, keys: str) -> None:
    [step] = Script.parse(script_of(f"press: {written}")).steps
    assert step == Step("press", {"digits": keys})


@for_each(
    ("text", "said"),
    [
        ("", ": an empty file; it needs handler (its file) and steps (a list), and may have"),
        ("- a", ":1: a script is a mapping (key: value): handler, call, steps, expect; found a l"),
        ("handler: x", ":1: no steps; a script needs handler (its file) and steps"),
        ("\nsteps: []", ":2: no handler; a script needs handler"),
        ("handler: x\nstps: []", ":2: a script has no 'stps' (did you mean steps?); there are"),
        ("handler: x\nsteps: []", ":2: steps is empty: a caller who does nothing takes '- wait'"),
        ("handler: x\nsteps: []\nexpect: {}", ":3: expect is empty: leave it out"),
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
def test_an_invalid_file_names_the_line_and_what_is_allowed(text: str, said: str) -> None:
    assert failure(text).startswith(f"ivr.call.yaml{said}")


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"none\.call\.yaml: No such file"):
        run_script(tmp_path / "none.call.yaml")
    (tmp_path / "latin.call.yaml").write_bytes(b"handler: caf\xe9")
    with pytest.raises(ScriptError, match=r"latin\.call\.yaml: not UTF-8 at byte 12"):
        run_script(tmp_path / "latin.call.yaml")


@for_each(
    ("call", "expect", "said"),
    [
        ({"callr": "1"}, {}, "call has no 'callr' (did you mean caller?)"),
        ({"seed": "1"}, {}, "seed of call takes a whole number, not '1'"),
        ({"prompts": ["a"]}, {}, "prompts of call takes a mapping of names to values, not ['a']"),
        ({"prompts": {"a": -1}}, {}, "a in prompts of call takes seconds"),
        ({"endpoints": {"a": {}}}, {}, "a key of endpoints of call takes a dial string"),
        ({"endpoints": {"user/1": {"rings": 1}}}, {}, "rings of user/1 in endpoints of call takes"),
        ({"endpoints": {"user/1": {"presses": [{}]}}}, {}, "each in presses of user/1 in endpoi"),
        ({"endpoints": {"user/1": 3}}, {}, "user/1 in endpoints of call takes a mapping of names"),
        ({"faults": [{"lose": 1, "drop": 2}]}, {}, "each in faults of call has one key, not lose"),
        ({"faults": [{"lsoe": 1}]}, {}, "there is no fault 'lsoe' (did you mean lose?)"),
        ({"before": [{"set": 1}]}, {}, "data of set takes text, not 1"),
        ({}, {"heard": "a"}, "heard of expect takes a list, not 'a'"),
        ({}, {"heard": [1]}, "each in heard of expect takes a prompt's name"),
    ],
)
def test_an_invalid_script_is_refused(
    call: dict[str, object], expect: dict[str, object], said: str
) -> None:
    with pytest.raises(ScriptError) as raised:
        Script("ivr.py", call=call, expect=expect)
    assert str(raised.value).startswith(said)
