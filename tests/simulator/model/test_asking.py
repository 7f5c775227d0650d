"""Asking for digits."""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}
PAGD = "1 2 2 1000 # a.wav b.wav choice [1-3]+ 500"


@for_each(
    ("keys", "choice", "invalid", "result", "prompts"),
    [
        ("", None, None, "failure", "abab"),
        ("2#", "2", None, "success", "a"),
        ("12", "12", None, "success", "a"),
        ("3", "3", None, "timeout", "a"),  # the time between two digits runs out
        ("9#", None, "9", "failure", "abab"),
    ],
)
def test_play_and_get_digits_collects_as_recorded(
    keys: str, choice: str | None, invalid: str | None, result: str, prompts: str
) -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("play_and_get_digits", PAGD)
    call.wait(0.5)
    for key in keys:
        call.channel.press(key)
    call.wait(20)
    assert call.ladder()[-1] == "CHANNEL_EXECUTE_COMPLETE play_and_get_digits"
    assert call.completed.get("Application-Response") == "_none_"
    assert call.variable("choice") == choice
    assert call.variable("choice_invalid") == invalid
    assert call.variable("read_result") == result
    assert "".join(each.prompt[0] for each in call.channel.heard) == prompts


def test_a_key_pressed_before_the_prompt_is_lost() -> None:
    call = ModelCall(prompts=PROMPTS).answered()  # recordings 03g, 14c
    call.channel.press("2")
    call.wait(0.5)
    call.execute("play_and_get_digits", PAGD)
    call.wait(20)
    assert call.variable("choice") is None


def test_read_collects_into_a_variable() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("read", "1 3 a.wav pin 1000 #")
    call.wait(0.5)
    for key in "12#":
        call.channel.press(key)
    call.wait(0.2)
    assert call.variable("pin") == "12"
    assert call.variable("read_terminator_used") == "#"


def test_a_caller_who_hung_up_is_not_transferred() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("play_and_get_digits", f"{PAGD} nowhere")
    call.wait(0.5)
    call.channel.caller_hangs_up()
    call.wait(5)
    assert not call.channel.up
    assert call.ladder()[-1] == "CHANNEL_HANGUP_COMPLETE"
