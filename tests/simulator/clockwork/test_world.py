"""What a world must notice by itself: handlers that never end."""

from __future__ import annotations

import pytest

from eslsync import Outbound, Session
from simulator import FreeSwitch, SimulationError


def test_a_handler_that_loops_in_commands_at_one_moment_fails_with_its_line() -> None:
    def loops(session: Session) -> None:
        while True:
            session.channel.playback("again and again")

    def call_it() -> None:
        with FreeSwitch(patience=0.3) as switch:
            call = switch.call(Outbound(loops, events=False))
            call.hangup_after(3.0)
            call.wait()

    with pytest.raises(SimulationError) as raised:
        call_it()
    assert "virtual time has stood still for 0.3 s" in str(raised.value)
    assert 'session.channel.playback("again and again")' in str(raised.value)


def test_many_commands_at_one_moment_are_no_loop() -> None:
    def asks_a_lot(session: Session) -> None:
        for _ in range(1500):
            session.api("status")

    with FreeSwitch() as switch:
        call = switch.call(asks_a_lot)
        call.hangup_after(3.0)
        call.wait()
    assert call.outcome is None
