"""Digits that are sent and received."""

from __future__ import annotations

from tests.support.model_call import ModelCall


def test_send_dtmf_takes_the_time_of_its_pauses() -> None:
    # recording 21r; switch_core_io.c, switch_core_session_send_dtmf_string
    call = ModelCall().answered()
    call.execute("send_dtmf", "1W2w3@500")
    call.wait(1.4)
    assert call.completed.get("Application") == "answer"
    call.wait(0.2)
    assert call.completed.get("Application") == "send_dtmf"
    assert call.variable("last_dtmf_duration") == "3750"
    call.execute("queue_dtmf", "5@50000+6@10")
    call.wait(0.2)
    durations = [each.get("DTMF-Duration") for each in call.events("DTMF")]
    assert durations == ["192000", "2000"]
