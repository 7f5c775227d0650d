"""Examples whose caller is sent elsewhere by the agent's phone: they leave the caller alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from eslsync import Session, Transferred
from examples import business_hours, consent, ring_two, waiting
from examples.business_hours import DESK
from examples.consent import AGENT as CONSENT_AGENT
from simulator import Call, FreeSwitch


def presses_1(call: Call) -> None:
    call.press("1", when_asked=True)


CASES: dict[str, tuple[Callable[[Session], None], str, Callable[[Call], None]]] = {
    "ring_two": (ring_two.handler, "user/1000", lambda call: None),
    "waiting": (waiting.handler, waiting.AGENTS[0], lambda call: None),
    "consent": (consent.handler, CONSENT_AGENT, presses_1),
    "business_hours": (business_hours.handler, DESK, lambda call: None),
}


@pytest.mark.parametrize(("handler", "agent", "caller"), CASES.values(), ids=list(CASES))
def test_a_caller_whom_the_agent_sends_on_is_left_alone(
    handler: Callable[[Session], None], agent: str, caller: Callable[[Call], None]
) -> None:
    extensions = {"^2000$": [("playback", "ivr/sales"), ("sleep", "5000")]}
    with FreeSwitch(start=datetime(2026, 1, 5, 10), extensions=extensions) as switch:
        switch.endpoint(agent, answers_after=2.0, transfers=(10.0, "2000"))
        call = switch.call(handler)
        caller(call)
        call.expect("CHANNEL_BRIDGE")
        call.hear("ivr/sales", timeout=60)
        call.wait()
    assert isinstance(call.outcome, Transferred)
    assert call.bridged == [agent]
    assert call.heard[-1] == "ivr/sales"
    assert "◀─ hangup" not in call.ladder()
