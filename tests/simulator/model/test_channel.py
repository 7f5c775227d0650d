"""A channel: its events, and what the caller hears."""

from __future__ import annotations

import json

from simulator.model.channel import Heard
from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}


def test_listeners_in_the_model_see_every_event() -> None:
    call = ModelCall()
    names: list[str] = []
    call.channel.on_event = lambda name, event: names.append(name)
    call.send("connect")
    call.execute("answer")
    call.wait(0.1)
    assert "CHANNEL_ANSWER" in names
    assert not call.events("CHANNEL_ANSWER")


def test_two_runs_with_one_seed_send_the_same_bytes() -> None:
    def run() -> list[str]:
        call = ModelCall(prompts=PROMPTS).answered()
        call.execute("playback", "a.wav")
        call.wait(0.5)
        call.channel.press("*")
        call.execute("hangup")
        call.wait(1)
        return [json.dumps(each.headers) for each in call.sent]

    assert run() == run()


def test_heard_begins_as_playing() -> None:
    heard = Heard("a.wav", 7)
    assert (heard.how, heard.ended) == ("plays", None)
