"""examples/speech.py: what callers say, and whom they are connected to."""

from __future__ import annotations

import pytest

from examples.speech import DEPARTMENTS, OPERATOR, TRIES, handler
from simulator import FreeSwitch

ASK = "ivr/ivr-please_state_your_name_and_reason_for_calling"
AGAIN, SORRY = "ivr/ivr-please_try_again", "ivr/ivr-im_sorry"
ENGINES = {"vosk": {"departments": list(DEPARTMENTS)}}


def switch_with(phone: str) -> FreeSwitch:
    switch = FreeSwitch(prompts={ASK: 4.0}, recognizers=ENGINES)
    switch.endpoint(phone, answers_after=1.0, hangs_up_after=5.0)
    return switch


@pytest.mark.parametrize("department", DEPARTMENTS)
@pytest.mark.parametrize("during_the_question", [True, False])
def test_a_department_takes_the_call(department: str, during_the_question: bool) -> None:
    with switch_with(DEPARTMENTS[department]) as switch:
        call = switch.call(handler)
        call.hear(ASK, start=during_the_question)
        call.says(department.title())
        call.wait()
    assert call.bridged == [DEPARTMENTS[department]]


def test_silence_and_words_that_are_not_understood_ask_again() -> None:
    with switch_with(DEPARTMENTS["billing"]) as switch:
        call = switch.call(handler)
        call.hear(ASK)
        call.say_nothing(4.0)
        call.hear(AGAIN)
        call.says("the weather", when_asked=True)
        call.hear(SORRY)
        call.hear(AGAIN)
        call.says("billing", when_asked=True)
        call.wait()
    assert call.heard.count(ASK) == 3
    assert call.bridged == [DEPARTMENTS["billing"]]


@pytest.mark.parametrize("presses_0", [True, False])
def test_the_operator_takes_who_presses_0_or_is_never_understood(presses_0: bool) -> None:
    with switch_with(OPERATOR) as switch:
        call = switch.call(handler)
        if presses_0:
            call.hear(ASK, start=True)
            call.press("0")
        call.wait()
    assert call.bridged == [OPERATOR]
    assert call.heard.count(ASK) == (1 if presses_0 else TRIES)


def test_a_caller_who_hangs_up_while_speaking_is_connected_to_nobody() -> None:
    with switch_with(OPERATOR) as switch:
        call = switch.call(handler)
        call.hear(ASK)
        call.says("billing", seconds=0.3)
        call.hangup()
    assert call.bridged == []
