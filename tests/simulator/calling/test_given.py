"""What a test passes and that could have no effect."""

from __future__ import annotations

import math
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eslsync import Session
from simulator import Call, FreeSwitch


def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"seed": "0"}, "seed must be a whole number"),
        (
            {"sounds": "/nonexistent"},
            "'/nonexistent' is not a folder; name the one",
        ),
        ({"prompts": {"welcome": -3}}, "the length of 'welcome' must be at least 0 s"),
        ({"prompts": {"welcome": "2"}}, "prompts: welcome must be a number of seconds"),
        ({"extensions": {"100": []}}, "'100' does nothing"),
        ({"extensions": {"100": ("playback", "x")}}, "'100' has pairs"),
        ({"phrases": {"hello": []}}, "'hello' does nothing"),
        ({"speech_engines": "flite"}, "speech_engines must be a list"),
        ({"allow_unmodelled": "lua"}, "allow_unmodelled must be a list"),
        ({"allow_unmodelled": [""]}, "a name in .* must not be empty"),
        ({"applications": {"playbak": print}}, "no 'playbak' .did you mean 'playback'"),
        ({"api_commands": {"uuid_kil": print}}, "no 'uuid_kil' .did you mean 'uuid_kill'"),
        ({"patience": 0}, "patience=0 would give up at once"),
        ({"raises": "no"}, "raises must be True or False"),
        ({"real_time": 1}, "real_time must be True or False"),
    ],
)
def test_a_switch_refuses_what_could_have_no_effect(options: dict[str, Any], why: str) -> None:
    with pytest.raises((TypeError, ValueError), match=why):
        FreeSwitch(**options)


def test_a_folder_of_sounds_has_a_sound(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no WAV file"):
        FreeSwitch(sounds=tmp_path)
    (tmp_path / "ivr").mkdir()
    with wave.open(str(tmp_path / "ivr" / "welcome.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
    FreeSwitch(sounds=tmp_path)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"caller": 1001}, "caller must be a str"),
        ({"destination": ""}, "destination must not be empty"),
        ({"variables": {"account": 7}}, "variables: account must be a str"),
        ({"variables": {"my account": "7"}}, "no variable has a name like 'my account'"),
        ({"after": ["hangup"]}, "after has pairs"),
        ({"faults": ["hangup"]}, "faults: each must be a Fault"),
    ],
)
def test_a_call_refuses_what_could_have_no_effect(options: dict[str, Any], why: str) -> None:
    with FreeSwitch() as switch, pytest.raises((TypeError, ValueError), match=why):
        switch.call(handler, **options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"answers_after": -1.0}, "answers_after must be at least 0 s"),
        ({"answers_after": None, "hangs_up_after": 3.0}, "it never answers, so hangs_up_after"),
        ({"rejects": "USER_BUSY", "presses": [(1.0, "1")]}, "it rejects the call, so presses"),
        ({"hangs_up_after": 3.0, "presses": [(5.0, "1")]}, "presses comes 5 s after the answer"),
        ({"presses": [(1.0, "x")]}, "presses the keys"),
        ({"transfers": (1.0, "")}, "the extension of transfers must not be empty"),
        ({"cause": "USER_BUSY"}, "it needs hangs_up_after"),
        ({"rings": "no"}, "rings must be True or False"),
        ({"handler": handler, "rings": True}, "what the far end does is the handler's"),
    ],
)
def test_a_far_end_refuses_what_would_never_come(options: dict[str, Any], why: str) -> None:
    with FreeSwitch() as switch, pytest.raises((TypeError, ValueError), match=why):
        switch.endpoint("user/1000", **options)


@pytest.mark.parametrize(
    "verb",
    [
        lambda call: call.press("1", gap=-1),
        lambda call: call.press_after(-1, "1"),
        lambda call: call.press_after(math.inf, "1"),
        lambda call: call.hangup_after(-1),
        lambda call: call.hear(""),
        lambda call: call.hear("welcome", start="no"),
        lambda call: call.hear("welcome", timeout=math.nan),
        lambda call: call.expect("playback", timeout=-1),
        lambda call: call.transfer(""),
        lambda call: call.say_nothing(-1),
        lambda call: call.talk(-1),
        lambda call: call.wait(timeout=-1),
    ],
)
def test_a_verb_refuses_what_could_have_no_effect(verb: Callable[[Call], None]) -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        with pytest.raises((TypeError, ValueError)):
            verb(call)


def test_nothing_can_be_told_of_a_call_that_has_not_begun() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        for name in ("heard", "duration", "cause", "answered", "bridged", "error", "stands_on"):
            with pytest.raises(RuntimeError, match="it begins when a verb waits"):
                getattr(call, name)
        assert repr(call).endswith(" up 0.000 s>")
        call.hear("welcome", start=True)
        assert call.heard == ["welcome"]
        assert call.cause is None
