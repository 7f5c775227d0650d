"""examples/consent.py: what is recorded, and what is not."""

from __future__ import annotations

import pytest

from examples.consent import AGENT, RECORDINGS, handler
from simulator import FreeSwitch

BLURB = "misc/call_monitoring_blurb"
ASK = "ivr/ivr-to_accept_press_one"
STARTED = "ivr/ivr-recording_started"
STOPPED = "ivr/ivr-recording_stopped"
CONNECT = "ivr/ivr-hold_connect_call"


def test_with_consent_the_whole_call_is_recorded() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, answers_after=2.0, hangs_up_after=30.0)
        call = switch.call(handler)
        call.hear(ASK)
        call.press("1")
        call.expect("RECORD_START")
        call.hear(STARTED)
        call.expect("CHANNEL_UNBRIDGE")
        call.expect("RECORD_STOP")  # by the hangup
        call.wait()
    assert call.bridged == [AGENT]
    assert f"record_session {RECORDINGS}/{call.uuid}.wav" in str(call.transcript)


def test_a_key_during_the_announcement_counts() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear(BLURB, start=True)
        call.press("1")
        call.expect("record_session")
        call.hear(STARTED)
    assert ASK not in call.heard


@pytest.mark.parametrize("key", ["2", "*", None])
def test_without_consent_nothing_is_recorded(key: str | None) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, answers_after=2.0, hangs_up_after=10.0)
        call = switch.call(handler)
        call.hear(ASK)
        if key is not None:
            call.press(key)
        call.wait()
    assert call.bridged == [AGENT]
    assert call.heard == [BLURB, ASK, CONNECT]


@pytest.mark.parametrize("when", [CONNECT, None])
def test_star_stops_the_recording_before_the_bridge_and_during_it(when: str | None) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, answers_after=2.0, hangs_up_after=30.0)
        call = switch.call(handler)
        call.hear(ASK)
        call.press("1")
        if when is not None:
            call.hear(when, start=True)
        else:
            call.expect("CHANNEL_BRIDGE")
            call.say_nothing(5.0)
        call.press("*")
        call.expect("RECORD_STOP")
        call.hear(STOPPED)
        call.expect("CHANNEL_UNBRIDGE")
        call.wait()
    assert call.bridged == [AGENT]


def test_no_agent_answers() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(AGENT, rejects="USER_BUSY")
        call = switch.call(handler)
        call.hear("ivr/ivr-im_sorry")
        call.wait()


@pytest.mark.parametrize("moment", [ASK, STARTED, CONNECT])
def test_the_caller_can_hang_up(moment: str) -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.press("1", when_asked=True)
        if moment != ASK:
            call.hear(moment, start=True)
        call.hangup()
    assert not call.bridged
