"""How long a handler may take for its call."""

from __future__ import annotations

import pytest

from eslsync import Hangup, Outbound, Session
from simulator import FreeSwitch


@pytest.mark.parametrize("socket", ["async full", "full", "async", ""])
def test_a_handler_that_overruns_is_ended_by_the_hangup_of_its_call(socket: str) -> None:
    with FreeSwitch(prompts={"long": 600.0}) as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            session.channel.playback("long")

        call = switch.call(Outbound(handler, max_call_duration=60), socket=socket)
        call.wait()
    assert call.cause == "ALLOTTED_TIMEOUT"
    assert 60 <= call.duration <= 61.6
    assert isinstance(call.outcome, Hangup)


def test_not_even_a_handler_that_is_stuck_elsewhere_holds_its_caller() -> None:
    import time

    with FreeSwitch() as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            time.sleep(3600)  # of virtual time

        call = switch.call(Outbound(handler, max_call_duration=60))
        call.say_nothing(62)
        assert call.cause == "ALLOTTED_TIMEOUT"


def test_what_the_dialplan_does_afterwards_has_no_limit() -> None:
    with FreeSwitch(prompts={"queue": 600.0}) as switch:
        call = switch.call(
            Outbound(lambda session: session.channel.answer(), max_call_duration=60),
            after=[("playback", "queue")],
        )
        call.hear("queue", timeout=700)
        call.wait()
    assert call.duration > 600


def test_a_schedule_of_the_handler_s_own_is_not_taken_back() -> None:
    with FreeSwitch(prompts={"queue": 600.0}) as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            session.channel.sched_hangup(100, "NORMAL_TEMPORARY_FAILURE")

        call = switch.call(Outbound(handler, max_call_duration=500), after=[("playback", "queue")])
        call.wait()
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"
