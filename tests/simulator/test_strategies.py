"""Callers that hypothesis draws: what they do, and that they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings

from eslsync import Session
from simulator import Call, FreeSwitch, NotModelled
from simulator.scripts.script import Script
from simulator.scripts.steps import Step
from simulator.strategies import Caller, callers
from tests.support.cases import for_each

FEW = settings(max_examples=25)
#: A fault that is planted is found within so many, and shrunk.
MANY = settings(max_examples=400, phases=[Phase.generate, Phase.shrink])


def asks_for_a_pin(session: Session) -> None:
    channel = session.channel
    channel.answer()
    for number in range(3):
        pin = channel.play_and_get_digits("ivr/ivr-pin", min=4, max=4, timeout=5, tries=1)
        if pin == "4711":
            channel.playback("ivr/ivr-welcome")
            return
        if number == 1 and pin == "0815":
            raise LookupError("planted")
    channel.playback("ivr/ivr-goodbye")
    channel.hangup()


def made(caller: Caller, handler: Any = asks_for_a_pin) -> Call:
    with FreeSwitch(raises=False) as switch:
        call = switch.call(handler)
        caller.play(call)
        return call


def test_hypothesis_shrinks_a_planted_fault_to_the_shortest_caller() -> None:
    found = find(
        callers(entries=["0815"], keys=""),
        lambda caller: isinstance(made(caller).error, LookupError),
        settings=MANY,
    )
    said = repr(found)
    assert said.endswith("presses 0815 when asked, stays")
    assert len(found.steps) == 3  # and something that is no PIN before


@FEW
@given(callers(entries=["4711", "0815"], answers={"ivr/ivr-goodbye": ["1"]}))
def test_every_call_ends_and_so_does_its_handler(caller: Caller) -> None:
    call = made(caller)
    assert call.ended
    assert call.error is None or "planted" in str(call.error)


@FEW
@given(callers(entries=["4711"], most=3))
def test_a_caller_as_a_script_makes_the_same_call(caller: Caller) -> None:
    script = Script.parse(caller.script("ivr.py").dump())
    assert script.steps[0] == Step("hangup_after", {"seconds": 600.0})
    assert tuple(script.steps[1:]) == caller.steps


def test_a_caller_who_stays_hangs_up_when_they_have_lost_patience() -> None:
    def music(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("local_stream://moh")

    stays = Caller([Step("press", {"digits": "1", "when_asked": True}), Step("wait")], 90.0)
    call = made(stays, music)
    assert call.cause == "NORMAL_CLEARING"
    assert 90 <= call.duration < 91


def test_what_is_left_to_do_at_the_end_is_not_done() -> None:
    said = [Step("hear", {"prompt": "never"}), Step("press", {"digits": "4711"})]
    later = [Step("say_nothing", {"seconds": 60.0}), Step("press", {"digits": "1"})]
    call = made(Caller([*said, *later, Step("hangup")]))
    assert call.heard[-1] == "ivr/ivr-goodbye"


def test_what_is_not_modelled_is_raised_though_the_call_has_ended() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("lua", "billing.lua")

    asked = Step("press", {"digits": "1", "when_asked": True})
    with FreeSwitch() as switch, pytest.raises(NotModelled, match="lua"):
        Caller([asked, Step("hangup")]).play(switch.call(handler))


@for_each(
    ("options", "error"),
    [
        ({"keys": "12x"}, "keys are 0-9"),
        ({"entries": ["47 11"]}, "keys are 0-9"),
        ({"answers": {"ivr/ivr-pin": ["none"]}}, "keys are 0-9"),
        ({"entries": [4711]}, "keys are 0-9"),
        ({"phrases": [1]}, "phrases"),
        ({"longest_pause": "long"}, "longest_pause"),
        ({"patience": -1}, "patience"),
    ],
)
def test_what_nobody_can_do_is_refused(options: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        callers(**options)


@pytest.mark.parametrize(
    ("options", "verbs"),
    [
        ({"keys": "", "longest_pause": 0}, set()),
        ({"keys": "", "longest_pause": 0, "phrases": ["billing"]}, {"says"}),
        ({"longest_pause": 0}, {"press"}),
        ({"keys": ""}, {"say_nothing"}),
    ],
)
def test_callers_do_what_they_are_given_and_no_more(
    options: dict[str, Any], verbs: Sequence[str]
) -> None:
    seen: set[str] = set()

    @FEW
    @given(callers(**options))
    def look(caller: Caller) -> None:
        *done, end = caller.steps
        seen.update(each.verb for each in done)
        assert end.verb in ("hangup", "wait")

    look()
    assert seen == set(verbs)


def test_a_caller_is_kept_as_yaml() -> None:
    caller = Caller([Step("press", {"digits": "0815", "when_asked": True}), Step("wait")])
    kept = caller.script("ivr.py").dump()
    assert "hangup_after: 600" in kept
    assert 'digits: "0815"' in kept
