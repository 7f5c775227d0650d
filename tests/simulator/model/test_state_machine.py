"""How a call ends."""

from __future__ import annotations

from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}


def test_a_hangup_ends_the_running_application_and_drops_queued_ones() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    for prompt in ("a.wav", "b.wav"):
        call.execute("playback", prompt, event_lock="true")
    call.wait(0.5)
    call.channel.caller_hangs_up("ORIGINATOR_CANCEL")
    call.wait(0.5)
    assert call.ladder()[-6:] == [
        "CHANNEL_HANGUP",
        "PLAYBACK_STOP",
        "CHANNEL_EXECUTE_COMPLETE playback",
        "CHANNEL_UNPARK",
        "CHANNEL_EXECUTE_COMPLETE socket",
        "CHANNEL_HANGUP_COMPLETE",
    ]
    assert call.channel.heard[0].how == "cut"
    assert call.events("CHANNEL_HANGUP_COMPLETE")[0].get("Hangup-Cause") == "ORIGINATOR_CANCEL"


def test_the_end_is_told_once() -> None:
    call = ModelCall()
    ends: list[float] = []
    call.channel.on_hangup = lambda: ends.append(call.seconds)
    call.answered()
    call.execute("hangup", "17")
    call.wait(1)
    call.channel.caller_hangs_up()
    call.wait(1)
    assert len(ends) == 1
    assert not call.channel.up
    assert call.channel.hangup_cause == "USER_BUSY"
    assert call.channel.hung_up_at is not None
