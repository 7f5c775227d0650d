"""Media bugs that applications start and stop; recordings 03l and 11l."""

from __future__ import annotations

import pytest

from tests.support.model_call import ModelCall


@pytest.mark.parametrize(
    ("start", "stop", "function"),
    [
        ("start_dtmf", "stop_dtmf", "inband_dtmf"),
        ("spandsp_start_dtmf", "spandsp_stop_dtmf", "spandsp_dtmf_detect"),
    ],
)
def test_a_detector_listens_until_it_is_stopped(start: str, stop: str, function: str) -> None:
    call = ModelCall().answered()
    call.execute(start)
    call.wait(0.1)
    [began] = call.events("MEDIA_BUG_START")
    assert began.get("Media-Bug-Function") == function
    assert not call.events("MEDIA_BUG_STOP")
    call.execute(stop)
    call.wait(0.1)
    assert [each.get("Media-Bug-Function") for each in call.events("MEDIA_BUG_STOP")] == [function]


def test_a_file_displaces_what_is_heard() -> None:
    call = ModelCall(prompts={"a.wav": 1.0}, only_known=True).answered()
    displace = f"api uuid_displace {call.channel.uuid}"
    assert call.send(f"{displace} start no.wav") == "-ERR Cannot displace session!\n"
    assert call.send(f"{displace} start a.wav") == "+OK Success\n"
    call.execute("displace_session", "a.wav")
    call.wait(0.1)
    assert len(call.events("MEDIA_BUG_START")) == 2
    path = call.events("MEDIA_BUG_START")[0].get("Media-Bug-Target")
    assert call.send(f"{displace} stop a.wav") == "-ERR Cannot stop displace session!\n"
    assert call.send(f"{displace} stop {path}") == "+OK Success\n"  # both: they have one path
    call.wait(0.1)
    assert len(call.events("MEDIA_BUG_STOP")) == 2
    assert call.send(f"{displace} stop {path}") == "-ERR Cannot stop displace session!\n"


@pytest.mark.parametrize(("audible", "seconds"), [(False, 0.9), (True, 2.0)])
def test_wait_for_silence_waits_for_silence(audible: bool, seconds: float) -> None:
    call = ModelCall().answered()
    call.channel.tone = 440.0 if audible else None
    call.execute("wait_for_silence", "200 20 0 2000")
    call.wait(3)
    began = call.events("CHANNEL_EXECUTE")[-1]
    assert call.completed.time - began.time == pytest.approx(seconds, abs=0.05)
    timed_out = "true" if audible else "false"
    assert call.variable("wait_for_silence_timeout") == timed_out
