"""The dialplan, and transfers."""

from __future__ import annotations

from tests.support.model_call import ModelCall

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}


def test_a_transfer_leaves_the_socket_open_and_its_events_follow() -> None:
    extensions = {r"^bye(\d+)$": [("sleep", "$1"), ("hangup", "USER_BUSY")]}
    call = ModelCall(prompts=PROMPTS, extensions=extensions).answered()
    call.execute("playback", "a.wav")
    call.wait(0.5)
    call.send(f"api uuid_transfer {call.channel.uuid} bye700 XML default")
    call.wait(2)
    assert call.closed_at is None
    assert call.channel.hangup_cause == "USER_BUSY"
    assert "CHANNEL_EXECUTE sleep" in call.ladder()
    (cut,) = [
        e for e in call.events("CHANNEL_EXECUTE_COMPLETE") if e.get("Application-Data") == "a.wav"
    ]
    assert cut.get("Application-Response") == "PLAYBACK ERROR"
    assert call.variable("DP_MATCH") == "ARRAY::bye700|:700"


def test_a_transfer_to_nowhere_hangs_up() -> None:
    call = ModelCall().answered()
    call.execute("transfer", "nowhere XML default")
    call.wait(1)
    assert call.channel.hangup_cause == "NO_ROUTE_DESTINATION"


def test_an_inline_dialplan_is_run() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("transfer", "'m:^:playback:c.wav^hangup:USER_BUSY' inline")
    call.wait(2)
    assert [each.prompt for each in call.channel.heard] == ["c.wav"]
    assert call.channel.hangup_cause == "USER_BUSY"
