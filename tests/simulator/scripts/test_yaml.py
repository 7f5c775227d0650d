"""Scripts are written so that they can be read again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eslsync import HangupCause
from simulator.scripts.script import Script, Step
from simulator.scripts.shapes import (
    ADDRESS,
    ALONE,
    CAUSE,
    CIRCUMSTANCES,
    DIAL_STRING,
    EXPECT,
    FLAG,
    KEYS,
    STEP,
    TEXT,
    TIME,
    VERBS,
    WHOLE,
    ByName,
    DialplanAction,
    Fields,
    ListOrNames,
    Many,
    OneOf,
    Scalar,
    Shape,
    StepList,
)


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


def test_scripts_compare_equal_whatever_sequences_they_were_built_from() -> None:
    script = Script("ivr.py", [Step("wait")], expect={"heard": ("welcome",)})
    assert script == Script("ivr.py", (Step("wait"),), expect={"heard": ["welcome"]})
    assert script == Script.parse(script.dump())


ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


#: Those that don't have to stand in ``at``.
CALLERS_VERBS = {verb: VERBS[verb] for verb in VERBS if verb not in ("answer", "reject")}


def values(shape: Shape) -> st.SearchStrategy[object]:
    if isinstance(shape, Many):
        return st.lists(values(shape.each), max_size=3)
    if isinstance(shape, ByName):
        return st.dictionaries(values(shape.name or TEXT), values(shape.each), max_size=3)
    if isinstance(shape, ListOrNames):
        return values(shape.many) | values(shape.by_name)
    if isinstance(shape, Fields):
        whole = entries(shape.fields, shape.needed)
        return whole if shape.alone is None else whole | values(shape.fields[shape.alone])
    if isinstance(shape, OneOf):
        return st.sampled_from(list(shape.choices)).flatmap(
            lambda key: values(shape.choices[key]).map(lambda value: {key: value})
        )
    if isinstance(shape, DialplanAction):
        return ANY | st.dictionaries(ANY, values(TEXT), min_size=1, max_size=1)
    if isinstance(shape, StepList):
        few = {verb: VERBS[verb] for verb in ("press", "wait")}
        return st.lists(steps(shape.verbs or few), max_size=2).map(tuple)
    return singles(shape)


def singles(kind: Scalar) -> st.SearchStrategy[object]:
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
    if kind is ADDRESS:
        return st.sampled_from(["10.9.9.9:6000", "::1:5000", "queue.example:80"])
    if kind is STEP:
        return st.integers(1) | st.sampled_from(["execute playback", "yes", "01x"])
    least = 0 if kind.accepts("") else 1
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=8)
    odd = st.sampled_from(["yes", "1", "01", "~", "null", "2026-01-05", "a: b", "*", "- "])
    return (text | odd).filter(kind.accepts)


def entries(
    table: Mapping[str, Shape], needed: Collection[str] = ()
) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {name: values(table[name]) for name in needed},
        optional={name: values(each) for name, each in table.items() if name not in needed},
    )


def steps(verbs: Mapping[str, Mapping[str, Shape]] = CALLERS_VERBS) -> st.SearchStrategy[Step]:
    def options(verb: str) -> st.SearchStrategy[dict[str, object]]:
        first = next(iter(verbs[verb]))
        return entries(verbs[verb], [] if verb in ALONE else [first])

    return st.sampled_from(sorted(verbs)).flatmap(
        lambda verb: options(verb).map(lambda chosen: Step(verb, chosen))
    )


def with_callers(script: dict[str, Any]) -> dict[str, Any]:
    """A caller who goes on has called before, with a number of their own."""
    known = [script["call"].get("caller", "1001")]
    kept = []
    for step in script["steps"]:
        number = step.options.get("caller")
        if (step.verb == "call" and number in known) or (step.verb == "as" and number not in known):
            continue
        known.append(number)
        kept.append(step)
    return {**script, "steps": tuple(kept) or (Step("wait"),)}


@given(
    st.fixed_dictionaries(
        {
            "handler": values(TEXT),
            "name": st.none() | st.sampled_from(["menu", "yes", "01"]),
            "steps": st.lists(steps(), min_size=1, max_size=4),
            "call": entries(CIRCUMSTANCES),
            "expect": entries(EXPECT),
        }
    ).map(lambda script: Script(**with_callers(script)))
)
@settings(max_examples=40)
def test_a_dumped_script_is_read_back_the_same(script: Script) -> None:
    assert Script.parse(script.dump()) == script
