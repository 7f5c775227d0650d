"""Keys that are bound to actions: recording 29c; switch_ivr_async.c, switch_ivr_dmachine_ping."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch


def pressed(keys: str, *bindings: str, realm: str = "", variables: str = "") -> dict[str, str]:
    """The variables that a caller's keys set, pressed 0.1 s apart, with these bindings."""
    found: dict[str, str] = {}

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        if variables:
            channel.execute("multiset", variables)
        for binding in bindings:
            channel.execute("bind_digit_action", binding)
        if realm:
            channel.execute("digit_action_set_realm", realm)
        channel.playback("music")
        for name in ("a", "b", "last_matching_digits", "last_non_matching_digits"):
            value = channel.get_variable(name)
            if value is not None:
                found[name] = value
        channel.hangup()

    with FreeSwitch(prompts={"music": 10.0}) as switch:
        call = switch.call(handler)
        call.hear("music", start=True)
        call.press(keys, gap=0.1)
        call.wait()
    return found


def test_a_bound_key_executes_its_application_during_a_prompt() -> None:
    assert pressed("1", "menu,1,exec:set,a=1") == {"a": "1", "last_matching_digits": "1"}


def test_a_sequence_waits_for_its_last_key() -> None:
    found = pressed("12", "menu,1,exec:set,b=1", "menu,12,exec:set,a=12")
    assert found == {"a": "12", "last_matching_digits": "12"}


def test_a_shorter_binding_is_taken_when_no_more_keys_come() -> None:
    found = pressed("1", "menu,1,exec:set,b=1", "menu,12,exec:set,a=12")
    assert found == {"b": "1", "last_matching_digits": "1"}


def test_a_key_that_matches_nothing_goes_back_to_the_channel() -> None:
    found = pressed("*", "menu,1,exec:set,a=1")
    assert found == {"last_non_matching_digits": "*"}


@pytest.mark.parametrize(
    ("keys", "binding", "digits"),
    [
        ("72", r"menu,~^7\d$,exec:set,a=yes", "72"),
        ("72", r"menu,~^7(\d)$~~$1,exec:set,a=yes", "2"),
    ],
)
def test_a_regular_expression_matches_digits(keys: str, binding: str, digits: str) -> None:
    assert pressed(keys, binding) == {"a": "yes", "last_matching_digits": digits}


def test_only_the_bindings_of_the_realm_count() -> None:
    bindings = ("one,1,exec:set,a=one", "two,1,exec:set,a=two")
    assert pressed("1", *bindings)["a"] == "two"
    assert pressed("1", *bindings, realm="one")["a"] == "one"


def test_a_terminator_ends_a_sequence_at_once() -> None:
    bindings = (r"menu,~^\d+$,exec:set,a=yes", "menu,99,exec:set,b=99")
    found = pressed("12#", *bindings, variables="bda_terminators=#")
    assert found["last_matching_digits"] == "12"


def test_an_api_command_leaves_its_answer_in_a_variable() -> None:
    answers: list[str | None] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.execute("bind_digit_action", "menu,1,api:toupper,word")
        channel.sleep(2)
        answers.append(channel.get_variable("bind_digit_action_api_result"))
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(0.5)
        call.press("1")
        call.wait()
    assert answers == ["WORD"]


@pytest.mark.parametrize("realm", ["menu", "all"])
def test_bindings_that_were_cleared_do_nothing(realm: str) -> None:
    digits: list[str] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.execute("bind_digit_action", "menu,1,exec:set,a=1")
        channel.execute("clear_digit_action", realm)
        channel.on_dtmf()(lambda digit: digits.append(digit))
        channel.sleep(4)
        assert channel.get_variable("a") is None
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(0.5)
        call.press("1")
        call.wait()
    assert digits == ["1"]
