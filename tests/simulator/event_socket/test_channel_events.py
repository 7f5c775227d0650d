"""Events that are sent to a channel, and connections that are shut one way.

Recordings 21e to 21g; mod_event_socket.c, sendevent and listener_run, switch_ivr.c,
switch_ivr_park.
"""

from __future__ import annotations

import pytest

from tests.support.model_call import ModelCall


def send_event(call: ModelCall, name: str) -> None:
    call.send(
        "sendevent CUSTOM",
        f"Event-Subclass: {name}",
        f"Unique-ID: {call.channel.uuid}",
        "X-A: b",
    )


def heard(call: ModelCall) -> list[str]:
    subclasses = [each.get("Event-Subclass") for each in call.sent if each.lane == "event"]
    return [each for each in subclasses if each.startswith("my::")]


def test_a_channel_that_is_parked_fires_what_it_is_sent() -> None:
    call = ModelCall().answered()
    send_event(call, "my::parked")
    assert heard(call) == []
    call.wait(0.1)
    [event] = [each for each in call.sent if each.get("Event-Subclass") == "my::parked"]
    assert event.get("X-A") == "b"
    assert event.get("Answer-State") == "answered"
    assert event.get("Event-Name") == ""  # it never was made ready for delivery


def test_what_runs_may_take_it_or_leave_it() -> None:
    call = ModelCall().answered()
    call.execute("sleep", "1000")
    call.wait(0.5)
    send_event(call, "my::asleep")
    call.wait(0.4)
    assert heard(call) == []
    call.wait(0.5)
    assert heard(call) == ["my::asleep"]
    call.execute("playback", "silence_stream://1000")
    call.wait(0.5)
    send_event(call, "my::lost")
    call.wait(1.0)
    assert heard(call) == ["my::asleep"]


def test_diverted_to_who_controls_the_channel() -> None:
    call = ModelCall().answered()
    call.execute("sleep", "1000")
    call.wait(0.2)
    send_event(call, "my::before")
    assert call.send("divert_events on") == "+OK events diverted"
    send_event(call, "my::after")
    assert heard(call) == ["my::before", "my::after"]
    assert call.sent[-2].get("Answer-State") == ""


def test_an_app_that_has_shut_its_sending_side_is_told_the_end() -> None:
    call = ModelCall().answered()
    call.send("bgapi msleep 500")
    call.control.closed(reads=True)
    call.wait(1.0)
    assert call.closed_at == pytest.approx(0.6, abs=0.01)  # when the job is done
    assert call.sent[-1].lane == "notice"


def test_one_that_has_gone_is_told_nothing() -> None:
    call = ModelCall().answered()
    before = len(call.sent)
    call.control.closed()
    call.wait(0.1)
    assert len(call.sent) == before
    assert call.closed_at is not None


def test_keys_that_are_sent_with_pauses_take_their_time() -> None:
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
