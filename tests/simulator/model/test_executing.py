"""Executing applications, and commands that arrive meanwhile."""

from __future__ import annotations

import pytest

from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}


def test_an_execution_is_announced_and_completed() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("playback", "a.wav", Event_UUID="mine")
    call.wait(3)
    assert call.ladder() == [
        "CHANNEL_PARK",
        "CHANNEL_EXECUTE answer",
        "CHANNEL_ANSWER",
        "CHANNEL_EXECUTE_COMPLETE answer",
        "CHANNEL_EXECUTE playback",
        "PLAYBACK_START",
        "PLAYBACK_STOP",
        "CHANNEL_EXECUTE_COMPLETE playback",
    ]
    started, completed = call.events("CHANNEL_EXECUTE")[-1], call.completed
    assert started.get("Application-UUID") == completed.get("Application-UUID") == "mine"
    assert completed.get("Application-Response") == "FILE PLAYED"
    assert completed.time - started.time == pytest.approx(2.0)


def test_nested_prompts_pause_each_other_and_complete_in_reverse() -> None:
    call = ModelCall(prompts=PROMPTS)
    seen: list[tuple[str, str, float]] = []
    call.channel.on_heard = lambda heard: seen.append((heard.prompt, heard.how, call.seconds))
    call.answered()
    call.execute("playback", "a.wav")
    call.wait(0.52)
    call.execute("playback", "b.wav")
    call.wait(5)
    assert [each[:2] for each in seen] == [
        ("a.wav", "plays"),
        ("b.wav", "plays"),
        ("a.wav", "paused"),
        ("b.wav", "ended"),
        ("a.wav", "plays"),
        ("a.wav", "ended"),
    ]
    completed = [each.get("Application-Data") for each in call.events("CHANNEL_EXECUTE_COMPLETE")]
    assert completed == ["", "b.wav", "a.wav"]
    heard = call.channel.heard
    assert [(each.prompt, each.how) for each in heard] == [("a.wav", "ended"), ("b.wav", "ended")]
    assert heard[0].ended is not None
    assert (heard[0].ended - heard[0].started) / 1e6 == pytest.approx(3.0)


def test_applications_with_event_lock_queue() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    for prompt in ("a.wav", "b.wav", "c.wav"):
        call.execute("playback", prompt, event_lock="true")
    call.wait(5)
    completed = [each.get("Application-Data") for each in call.events("CHANNEL_EXECUTE_COMPLETE")]
    assert completed == ["", "a.wav", "b.wav", "c.wav"]
    assert [each.how for each in call.channel.heard] == ["ended"] * 3


def test_loops_repeats_an_application() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.send(
        "sendmsg",
        "call-command: execute",
        "execute-app-name: playback",
        "execute-app-arg: b.wav",
        "loops: 3",
    )
    call.wait(5)
    assert [each.prompt for each in call.channel.heard] == ["b.wav"] * 3


def test_an_unknown_application_hangs_up() -> None:
    call = ModelCall().answered()
    call.execute("no_such_application")
    call.wait(0.1)
    assert call.channel.hangup_cause == "DESTINATION_OUT_OF_ORDER"
    assert "CHANNEL_EXECUTE no_such_application" not in call.ladder()
