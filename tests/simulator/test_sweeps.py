"""What a sweep can be told."""

from __future__ import annotations

import datetime

import pytest

from eslsync import Session
from examples.ivr import handler
from simulator import Call, sweep
from simulator.script import Script, Step


def press_one(call: Call) -> None:
    call.press("1", when_asked=True)
    call.wait()


def test_every_third_step_is_every_third_of_all() -> None:
    whole = sweep(press_one, handler, faults=["hangup", "refuse"])
    some = sweep(press_one, handler, faults=["hangup", "refuse"], every=3)
    for kind in ("hangup", "refuse"):
        all_steps = [each.fault.step for each in whole.outcomes if each.fault.kind == kind]
        assert [each.fault.step for each in some.outcomes if each.fault.kind == kind] == (
            all_steps[::3]
        )


def test_there_is_no_zeroth_step() -> None:
    with pytest.raises(ValueError, match="every takes 1 or more, not 0"):
        sweep(press_one, handler, every=0)


def test_the_calls_of_a_sweep_begin_when_it_says() -> None:
    seen: set[tuple[datetime.datetime, float]] = set()

    def looks(session: Session) -> None:
        began = datetime.datetime.now()
        session.channel.answer()
        session.channel.playback("welcome")
        seen.add((began, (datetime.datetime.now() - began).total_seconds()))
        session.channel.hangup()

    result = sweep(Call.wait, looks, faults=["hangup"], start="2026-01-05T17:30:00")
    assert not result.wrong
    assert seen == {(datetime.datetime(2026, 1, 5, 17, 30), 2.04)}
    assert datetime.datetime.now().year > 2025


def test_a_swept_script_brings_its_circumstances_along() -> None:
    script = Script.parse(
        "handler: ivr.py\n"
        "call:\n"
        '  caller: "42"\n'
        "  start: 2026-01-05T23:00:00\n"
        "  variables: {colour: blue}\n"
        "  before: [answer, {playback: hello}]\n"
        "  after: [{playback: goodbye}]\n"
        "steps: [hear: hello, hear: goodbye, wait]\n"
    )
    seen: set[tuple[str | None, str | None, int]] = set()

    def gives_back(session: Session) -> None:
        channel = session.channel
        number, colour = channel.get_variable("caller_id_number"), channel.get_variable("colour")
        seen.add((number, colour, datetime.datetime.now().hour))

    result = sweep(script.play, gives_back, faults=["hangup"])
    assert result.outcomes
    assert not result.wrong
    assert seen == {("42", "blue", 23)}


def test_what_stands_around_the_socket_is_heard_in_a_swept_script() -> None:
    heard: list[list[str]] = []

    class Watched(Script):
        def play(self, call: Call) -> None:
            try:
                super().play(call)
            finally:
                heard.append(call.heard)

    script = Watched(
        "ivr.py",
        [Step("wait")],
        call={"before": ["answer", {"playback": "hello"}], "after": [{"playback": "goodbye"}]},
    )
    sweep(script.play, lambda session: None, faults=["refuse"], every=100)
    assert heard[0] == ["hello", "goodbye"]
