"""benchmarks/ivrs/bank.py."""

from __future__ import annotations

import pytest

from benchmarks.ivrs import bank
from simulator import Call, FreeSwitch


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank, "locked", set())
    monkeypatch.setattr(bank, "journal", [])


def identify(call: Call, account: str = "1001", pin: str = "4711") -> None:
    call.hear("bank/account-number")
    call.press(account)
    call.hear("bank/pin")
    call.press(pin)


def test_the_balance_is_told_after_the_pin() -> None:
    with FreeSwitch() as switch:
        call = switch.call(bank.handler)
        identify(call)
        call.hear("bank/menu")
        call.press("1")
        call.hear("bank/balance")
        call.hear("bank/menu")
        call.press("9")
        call.hear("bank/goodbye")
        call.wait()
    assert bank.journal == ["1001: identified"]


def test_three_wrong_pins_lock_the_account() -> None:
    with FreeSwitch() as switch:
        call = switch.call(bank.handler)
        identify(call, pin="1111")
        for _ in range(2):
            call.hear("bank/wrong-pin")
            call.hear("bank/pin")
            call.press("2222")
        call.hear("bank/account-locked")
        call.hear("bank/connecting")
        call.wait()
    assert bank.locked == {"1001"}


def test_the_card_is_blocked_when_that_is_confirmed() -> None:
    with FreeSwitch() as switch:
        call = switch.call(bank.handler)
        identify(call)
        call.hear("bank/menu")
        call.press("2")
        call.hear("bank/confirm-block")
        call.press("1")
        call.hear("bank/card-blocked")
        call.wait()
    assert bank.locked == {"1001"}
    assert bank.journal == ["1001: identified, blocked"]
