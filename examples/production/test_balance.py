"""The dialogue with accounts of its own, and the accounts in a database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from balance import app, ivr
from balance.accounts import Accounts, LookupFailed

from eslsync import Session
from simulator import Call, FreeSwitch, explore, sweep

HERE = Path(__file__).parent


class Known:
    """Accounts without a database."""

    def balance(self, number: str, pin: str) -> int | None:
        return 12345 if (number, pin) == ("17", "4711") else None


class Down:
    """A database that does not answer."""

    def balance(self, number: str, pin: str) -> int | None:
        raise LookupFailed("no connection within 2 s")


def known(session: Session) -> None:
    ivr.tell_balance(session.channel, Known())


def down(session: Session) -> None:
    ivr.tell_balance(session.channel, Down())


def enters(call: Call, number: str, pin: str) -> None:
    call.hear(ivr.NUMBER, start=True)
    call.press(number)
    call.hear(ivr.PIN, start=True)
    call.press(pin)


def test_a_caller_hears_the_balance() -> None:
    with FreeSwitch() as switch:
        call = switch.call(known)
        enters(call, "17#", "4711#")
        call.hear(ivr.BALANCE)
        call.hear(ivr.GOODBYE)
        call.wait()
    assert "currency" in str(call.transcript)


def test_a_wrong_pin_is_asked_for_again_and_then_an_agent_helps() -> None:
    with FreeSwitch() as switch:
        switch.endpoint(ivr.AGENTS, answers_after=5.0)
        call = switch.call(known)
        for _ in range(ivr.TRIES):
            enters(call, "17#", "1234#")
            call.hear(ivr.WRONG)
        call.hear(ivr.HOLD)
        call.hangup_after(60.0)
        call.wait()
    assert call.duration > 60


def test_callers_get_an_agent_when_the_database_is_down(caplog: pytest.LogCaptureFixture) -> None:
    with FreeSwitch() as switch:
        switch.endpoint(ivr.AGENTS, rejects="USER_BUSY")
        call = switch.call(down)
        enters(call, "17#", "4711#")
        call.hear(ivr.HOLD)
        call.hear(ivr.GOODBYE)
        call.wait()
    assert "no look-up: no connection within 2 s" in caplog.text


@pytest.mark.thorough
def test_no_caller_is_trapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ivr, "TRIES", 1)  # the others are the same
    explore(known, keys="0#", workers=1, allow=["unreached"]).check()


def test_no_fault_leaves_a_handler_behind() -> None:
    def caller(call: Call) -> None:
        enters(call, "17#", "4711#")
        call.wait()

    assert not sweep(caller, known, every=4).wrong


def test_the_app_opens_its_database_and_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts(f"sqlite://{tmp_path}/balance.db")
    accounts.open()
    accounts.add("17", "4711", 5)
    monkeypatch.setattr(app, "accounts", accounts)
    with FreeSwitch(hooks=True) as switch:
        call = switch.call(app.app)
        enters(call, "17#", "4711#")
        call.hear(ivr.BALANCE)
        call.wait()


def test_gunicorns_workers_and_the_unit_are_told_who_may_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SWITCHES", "10.0.0.0/8,192.0.2.7")
    spec = spec_from_file_location("balance.again", HERE / "balance" / "app.py")
    assert spec is not None
    assert spec.loader is not None
    again = module_from_spec(spec)
    spec.loader.exec_module(again)
    assert again.app.allow == ("10.0.0.0/8", "192.0.2.7")
    unit = (HERE / "balance.conf").read_text(encoding="utf-8")
    assert "\nEnvironment=ESLSYNC_ALLOW=10.0.0.0/8\n" in unit  # which replaces SWITCHES


def test_a_look_up_makes_no_database(tmp_path: Path) -> None:
    accounts = Accounts(f"sqlite://{tmp_path}/balance.db")
    with pytest.raises(LookupFailed, match="unable to open database file"):
        accounts.balance("17", "4711")
    assert not list(tmp_path.iterdir())


# The database: also PostgreSQL, if TEST_DATABASE_URL names one


@pytest.fixture(params=["sqlite", "postgresql"])
def accounts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Accounts]:
    url = f"sqlite://{tmp_path}/accounts.db"
    if request.param == "postgresql":
        url = os.environ.get("TEST_DATABASE_URL", "")
        if not url:
            pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    accounts = Accounts(url)
    accounts.open()
    yield accounts
    accounts.close()


def test_a_balance_needs_the_number_and_its_pin(accounts: Accounts) -> None:
    number = str(os.getpid())
    accounts.add(number, "4711", 12345)
    assert accounts.balance(number, "4711") == 12345
    assert accounts.balance(number, "4712") is None
    assert accounts.balance("0", "4711") is None


def test_a_second_account_of_one_number_is_refused(accounts: Accounts) -> None:
    number = f"{os.getpid()}2"
    accounts.add(number, "4711", 0)
    with pytest.raises(LookupFailed):
        accounts.add(number, "1234", 0)


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LookupFailed, match="unable to open database file"):
        Accounts(f"sqlite://{tmp_path}/no/such/folder/accounts.db").open()
    with pytest.raises(ValueError, match="DATABASE_URL must be"):
        Accounts("mysql://localhost")
