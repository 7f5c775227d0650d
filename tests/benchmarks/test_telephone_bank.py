"""benchmarks/ivrs/large/telephone_bank.py."""

from __future__ import annotations

import pytest

from benchmarks.ivrs.large import telephone_bank
from simulator import FreeSwitch


def test_money_is_transferred_and_the_journal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephone_bank, "balances", {"1001": 250, "1002": 250})
    monkeypatch.setattr(telephone_bank, "journal", [])
    with FreeSwitch() as switch:
        call = switch.call(telephone_bank.handler)
        for prompt, digits in (
            ("main-menu", "1"), ("account-number", "1001"), ("pin", "4711"), ("account-menu", "2"),
            ("transfer-to", "1002"), ("amount", "50#"), ("confirm-transfer", "1"),
            ("account-menu", "9"), ("main-menu", "9"),
        ):  # fmt: skip
            call.hear(f"bank/{prompt}")
            call.press(digits)
        call.hear("bank/goodbye")
        call.wait()
    assert telephone_bank.balances == {"1001": 200, "1002": 300}
    assert telephone_bank.journal == ["1001: identified, transferred"]
