"""What the caller hears, as applications play it."""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0}


@for_each(
    ("name", "argument", "heard"),
    [
        ("playback", "a.wav", ["a.wav"]),
        ("playback", "a.wav@@8000", ["a.wav"]),
        ("loop_playback", "+3 b.wav", ["b.wav"] * 3),
        ("phrase", "hello,x", ["a.wav", "b.wav"]),
        ("gentones", "%(500,500,440)|2", ["%(500,500,440);loops=2"]),
        ("speak", "flite|kal|good morning", ["good morning"]),
        ("speak", "other|kal|good morning", []),
    ],
)
def test_what_is_heard(name: str, argument: str, heard: list[str]) -> None:
    call = ModelCall(
        prompts=PROMPTS,
        phrases={"hello": [("play-file", "a.wav"), ("play-file", "b.wav")]},
        speech_engines=["flite"],
    ).answered()
    call.execute(name, argument)
    call.wait(10)
    assert call.completed.get("Application") == name
    assert [each.prompt for each in call.channel.heard] == heard


def test_a_broadcast_comes_when_what_runs_is_done() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("playback", "a.wav", event_lock="true")
    call.wait(0.5)
    assert call.send(f"api uuid_broadcast {call.channel.uuid} b.wav") == "+OK Message sent\n"
    call.wait(5)
    assert [each.prompt for each in call.channel.heard] == ["a.wav", "b.wav"]
    assert [each.how for each in call.channel.heard] == ["ended", "ended"]
