"""benchmarks/ivrs/clinic.py."""

from __future__ import annotations

import pytest

from benchmarks.ivrs import clinic
from simulator import FreeSwitch


@pytest.mark.parametrize(
    ("start", "heard"),
    [
        ("2026-01-05T07:59:50", "clinic/closed"),  # a Monday
        ("2026-01-05T08:00:00", "clinic/menu"),
        ("2026-01-05T12:30:00", "clinic/closed"),
        ("2026-01-05T16:59:50", "clinic/menu"),
        ("2026-01-10T10:00:00", "clinic/closed"),  # a Saturday
    ],
)
def test_hours(start: str, heard: str) -> None:
    with FreeSwitch(start=start) as switch:
        call = switch.call(clinic.handler)
        call.hear(heard)
        call.hangup()


def test_a_prescription_is_ordered_when_the_number_is_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clinic, "orders", [])
    with FreeSwitch(start="2026-01-05T09:00:00") as switch:
        call = switch.call(clinic.handler)
        call.hear("clinic/menu")
        call.press("2")
        call.hear("clinic/patient-number")
        call.press("123456")
        call.hear("clinic/confirm")
        call.press("1")
        call.hear("clinic/ordered")
        call.hear("clinic/goodbye")
        call.wait()
    assert clinic.orders == ["123456"]


def test_a_busy_reception_takes_a_message() -> None:
    with FreeSwitch(start="2026-01-05T09:00:00") as switch:
        switch.endpoint(clinic.RECEPTION, rejects="USER_BUSY")
        call = switch.call(clinic.handler)
        call.hear("clinic/menu")
        call.press("1")
        call.hear("clinic/leave-message")
        call.say_nothing(5.0)
        call.press("#")
        call.hear("clinic/message-kept")
        call.wait()
