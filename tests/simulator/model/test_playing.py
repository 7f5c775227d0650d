"""Playing: what ends a prompt, and what can't be played."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch
from tests.support.cases import for_each
from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}


@for_each(
    ("terminators", "key", "cut"),
    [
        (None, "*", True),
        (None, "5", False),
        ("none", "*", False),
        ("any", "5", True),
        ("12", "2", True),
    ],
)
def test_playback_terminators_decide_which_key_ends_it(
    terminators: str | None, key: str, cut: bool
) -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.channel.set("playback_terminators", terminators)
    call.execute("playback", "a.wav")
    call.wait(0.5)
    call.channel.press(key)
    call.wait(0.1)
    assert (call.channel.heard[0].how == "cut") is cut
    assert (call.variable("playback_terminator_used") == key) is cut
    assert call.events("DTMF")[0].get("DTMF-Digit") == key


def test_a_missing_file_is_reported() -> None:
    call = ModelCall(prompts=PROMPTS, only_known=True).answered()
    call.execute("playback", "nowhere.wav")
    call.wait(1)
    assert call.completed.get("Application-Response") == "FILE NOT FOUND"
    assert not call.events("PLAYBACK_START")
    assert not call.channel.heard


@pytest.mark.parametrize(
    ("variables", "played"),
    [
        ({"playback_timeout_sec": "3"}, [3, 3]),
        ({"playback_timeout_sec_cumulative": "7"}, [4, 2]),
    ],
)
def test_playing_can_be_limited(variables: dict[str, str], played: list[int]) -> None:
    lengths: list[float] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for name, value in variables.items():
            session.channel.set(name, value)
        for prompt in ("one", "two"):
            began = call.duration
            session.channel.execute("playback", prompt)
            lengths.append(call.duration - began)

    with FreeSwitch(prompts={"one": 4.0 if len(set(played)) > 1 else 9.0, "two": 9.0}) as switch:
        call = switch.call(handler)
        call.wait()
    assert lengths == pytest.approx(played, abs=1.1)
