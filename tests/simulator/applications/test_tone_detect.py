"""Tones that are looked for: recording 34i."""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall


def detecting(data: str, tone: float | None = 440.0, **variables: str) -> ModelCall:
    """A call whose caller makes a tone, for three seconds after tone_detect."""
    call = ModelCall().answered()
    call.channel.tone = tone
    for name, value in variables.items():
        call.channel.set(name, value)
    call.execute("tone_detect", data)
    call.wait(3)
    return call


@for_each(
    ("data", "tone", "found"),
    [
        ("a 440 r 0 set found=yes", 440.0, True),
        ("a 430 r 0 set found=yes", 440.0, True),
        ("a 440,480 r 0 set found=yes", 440.0, False),
        ("a 1100 r 0 set found=yes", 440.0, False),
        ("a 440 r 0 set found=yes", None, False),
        ("a 440 w 0 set found=yes", 440.0, False),
        ("a 440 r 0 set found=yes 7", 440.0, False),
        ("a none r 0 set found=yes", 440.0, False),
    ],
)
def test_a_tone_has_an_application_executed(data: str, tone: float | None, found: bool) -> None:
    call = detecting(data, tone)
    assert (call.variable("found") == "yes") is found
    assert bool(call.events("DETECTED_TONE")) is found
    assert bool(call.variable("tone_detect_a_total_time")) is found


def test_what_is_detected_runs_a_hook_and_once_ends_it() -> None:
    call = detecting("a 440 ro", execute_on_tone_detect="set hooked=yes")
    assert call.variable("hooked") == "yes"
    assert len(call.events("MEDIA_BUG_STOP")) == 1


def test_a_limit_ends_it_and_the_same_key_begins_again() -> None:
    call = detecting("a 1100 r +1")
    assert len(call.events("MEDIA_BUG_STOP")) == 1
    call = detecting("a 440 r 0 set found=yes")
    call.channel.set("found", None)
    call.execute("tone_detect", "a 440")
    call.wait(1)
    assert call.variable("found") == "yes"
    call.execute("stop_tone_detect")
    call.wait(1)
    assert len(call.events("MEDIA_BUG_START")) == len(call.events("MEDIA_BUG_STOP")) == 1


def test_the_same_by_api() -> None:
    call = ModelCall().answered()
    call.channel.tone = 440.0
    uuid = call.channel.uuid
    answer = call.send(f"api tone_detect {uuid} a 440 r +5 set found=yes 1")
    assert answer == "+OK Enabling tone detection 'a' '440' 'r'\n"
    call.wait(1)
    assert call.variable("found") == "yes"
    assert call.send("api tone_detect nobody a 440") == "-ERR Cannot locate session!\n"
