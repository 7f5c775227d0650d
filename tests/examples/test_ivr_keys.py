"""examples/ivr.py with keys pressed at every kind of moment."""

from __future__ import annotations

import threading

import pytest

from eslsync import Event, Session
from examples.ivr import handler
from simulator import Call, FreeSwitch


def call_ivr(switch: FreeSwitch) -> Call:
    return switch.call(handler, caller="1001", destination="5000")


def test_a_digit_after_the_welcome_plays_its_option() -> None:
    with FreeSwitch() as switch:
        call = call_ivr(switch)
        call.hear("ivr/ivr-welcome")
        call.press("1")
        call.hear("ivr/ivr-option-1")
        call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]
    assert call.cause == "NORMAL_CLEARING"


def test_a_digit_during_the_welcome_plays_its_option_and_then_the_rest_of_the_welcome() -> None:
    # FreeSWITCH nests what is executed while another application runs (recordings 07b, 07f).
    with FreeSwitch(prompts={"ivr/ivr-welcome": 3.0, "ivr/ivr-option-2": 1.0}) as switch:
        call = call_ivr(switch)
        call.hear("ivr/ivr-welcome", start=True)
        call.say_nothing(1.0)
        call.press("2")
        call.hear("ivr/ivr-option-2")
        call.hear("ivr/ivr-welcome")
        call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-2"]
    # 0.04 until the welcome begins, 3 + 1 s of prompts, and then no 10 s of waiting: the digit
    # pressed during the welcome satisfies the wait for one
    assert 4.0 < call.duration < 4.3


def test_of_two_digits_at_once_after_the_welcome_the_first_is_played() -> None:
    with FreeSwitch() as switch:
        call = call_ivr(switch)
        call.hear("ivr/ivr-welcome")
        call.press("34", gap=0.0)
        call.wait()
    # The handler waits for one digit, and then hangs up: the second's turn comes while it does.
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-3"]


def test_two_digits_at_once_during_the_welcome_play_one_after_the_other() -> None:
    with FreeSwitch(prompts={"ivr/ivr-welcome": 6.0}) as switch:
        call = call_ivr(switch)
        call.hear("ivr/ivr-welcome", start=True)
        call.press("12", gap=0.0)
        call.hear("ivr/ivr-option-1")
        call.hear("ivr/ivr-option-2")
        call.hear("ivr/ivr-welcome")
        call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1", "ivr/ivr-option-2"]


def test_no_digit_plays_the_timeout_after_ten_seconds() -> None:
    with FreeSwitch() as switch:
        call = call_ivr(switch)
        call.hear("ivr/ivr-welcome")
        call.hear("ivr/ivr-timeout", start=True)
        assert 12.0 < call.duration < 12.1
        call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-timeout"]


@pytest.mark.parametrize("during_the_welcome", [True, False])
def test_an_option_runs_on_the_handlers_thread_before_wait_returns_once(
    during_the_welcome: bool,
) -> None:
    order: list[str] = []
    threads: set[int] = set()

    def menu(session: Session) -> None:
        channel = session.channel
        threads.add(threading.get_ident())
        channel.answer()

        @channel.on_dtmf("1")
        def option(digit: str) -> None:
            threads.add(threading.get_ident())
            order.append(f"option {digit} begins")
            channel.playback("ivr/ivr-option-1")
            order.append("option ends")

        channel.playback("ivr/ivr-welcome")
        event = channel.wait("DTMF", timeout=10.0)
        assert isinstance(event, Event)
        order.append(f"wait returns {event['DTMF-Digit']}")
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(menu)
        call.hear("ivr/ivr-welcome", start=during_the_welcome)
        call.press("1")
        call.wait()
    assert order == ["option 1 begins", "option ends", "wait returns 1"]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
