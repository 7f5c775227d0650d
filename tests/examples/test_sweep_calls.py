"""The longer examples, with a fault at every step: each ends, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eslsync import Outbound, Session
from examples import business_hours, consent, pin, ring_two, voicemail
from simulator import Call, sweep
from simulator.faults import Kind

#: What a handler has to live with. (All that may happen is swept for ivr.py: test_sweep.py.)
FAULTS: tuple[Kind, ...] = ("hangup", "drop", "refuse")


def choose_pin(call: Call) -> None:
    call.press("1234#", when_asked=True)
    call.press("1", when_asked=True)
    call.wait()


def leave_message(call: Call) -> None:
    call.hear(voicemail.TONE)
    call.expect("record")
    call.say_nothing(3.0)
    call.press("#")
    call.press("#", when_asked=True)
    call.wait()


def answered_by_the_second(call: Call) -> None:
    call.switch.endpoint(ring_two.PHONES[0], rings=True, answers_after=None)
    call.switch.endpoint(ring_two.PHONES[1], rings=True, answers_after=3.0, hangs_up_after=10.0)
    call.wait()


def answered_by_nobody(call: Call) -> None:
    call.switch.endpoint(ring_two.PHONES[0], rejects="USER_BUSY")
    call.switch.endpoint(ring_two.PHONES[1], rings=True, answers_after=None)
    call.wait()


def message_when_closed(call: Call) -> None:
    call.press("1", when_asked=True)
    call.expect("record")
    call.say_nothing(3.0)
    call.press("#")
    call.wait()


def at_the_desk(call: Call) -> None:
    call.switch.endpoint(business_hours.DESK, answers_after=2.0, hangs_up_after=10.0)
    call.wait()


def recorded_until_star(call: Call) -> None:
    call.switch.endpoint(consent.AGENT, answers_after=2.0, hangs_up_after=10.0)
    call.press("1", when_asked=True)
    call.expect("CHANNEL_BRIDGE")
    call.say_nothing(3.0)
    call.press("*")
    call.wait()


@pytest.mark.parametrize(
    ("handler", "script", "start"),
    [
        pytest.param(pin.handler, choose_pin, None, id="pin"),
        pytest.param(voicemail.handler, leave_message, None, id="voicemail"),
        pytest.param(ring_two.handler, answered_by_the_second, None, id="ring_two"),
        pytest.param(ring_two.handler, answered_by_nobody, None, id="ring_two, nobody"),
        pytest.param(business_hours.handler, at_the_desk, "2026-01-05T17:30:00", id="open"),
        pytest.param(
            business_hours.handler, message_when_closed, "2026-01-05T18:30:00", id="closed"
        ),
        pytest.param(consent.handler, recorded_until_star, None, id="consent"),
    ],
)
def test_no_fault_makes_an_example_hang_or_fail(
    handler: Callable[[Session], object],
    script: Callable[[Call], object],
    start: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voicemail, "SPOOL", tmp_path)
    # With the events that the library needs and no others, every other step: some seconds each.
    app = Outbound(handler, events=["DTMF"])
    result = sweep(script, app, faults=FAULTS, start=start, every=2)
    assert result.outcomes
    assert not result.wrong, str(result)
    for outcome in result.outcomes:  # a refusal may be raised; a hangup must be told as one
        if outcome.fault.kind != "refuse":
            assert outcome.ending in ("returned", "Hangup", "Disconnected"), str(outcome)
