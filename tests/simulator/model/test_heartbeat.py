"""HEARTBEAT comes every 20 seconds to those who ask for it by name (recording 13a)."""

from __future__ import annotations

import pytest

from tests.support.model_call import ModelCall


def test_heartbeats_come_while_somebody_wants_them() -> None:
    call = ModelCall()
    call.send("connect")
    call.send("event plain HEARTBEAT")
    call.wait(50)
    assert [round(each.time) for each in call.events("HEARTBEAT")] == [20, 40]
    call.control.closed()
    call.channel.caller_hangs_up()
    call.wait(30)
    assert call.agenda.next_due() is None


@pytest.mark.parametrize("command", ["event plain ALL", "event plain DTMF"])
def test_whoever_wants_everything_keeps_no_clock_going(command: str) -> None:
    call = ModelCall()
    call.send("connect")
    call.send(command)
    call.wait(50)
    assert not call.events("HEARTBEAT")
