"""A prompt that callers can't bring about is not blamed; a function that nothing calls is told."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from eslsync import Channel, Session
from simulator import explore
from tests.support.explored import found


def greets_some(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    if os.path.exists("/etc/no-such-file"):
        session.channel.playback("party")
    session.channel.hangup()


def looks_up(session: Session) -> None:
    session.channel.answer()
    customer = json.loads("{}")
    if not customer.get("name"):
        session.channel.playback("stranger")
        session.channel.hangup()
        return
    session.channel.playback("friend")
    session.channel.hangup()


def throws_dice(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    lucky = random.random() > 2
    if lucky:
        win(session.channel)
    session.channel.hangup()


def win(channel: Channel) -> None:
    channel.playback("you-win")


seen: list[str] = []


def counts_its_calls(session: Session) -> None:
    session.channel.answer()
    seen.append(session.uuid)
    session.channel.playback("full" if len(seen) > 5000 else "welcome")
    session.channel.hangup()


def computes(session: Session) -> None:
    session.channel.answer()
    pin = session.channel.get_digits("pin", min=4, max=4, regexp="^[0-9]{4}$")
    session.channel.playback("lucky" if pin and sum(map(int, pin)) == 35 else "welcome")
    session.channel.hangup()


def has_another_key(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("nine" if session.channel.get_digits("menu") == "9" else "welcome")
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [greets_some, looks_up, throws_dice, counts_its_calls, computes, has_another_key],
    ids=lambda each: each.__name__,
)
def test_what_no_caller_decides_is_not_reached_rather_than_blamed(handler: object) -> None:
    exploration = explore(handler, keys="12")  # type: ignore[arg-type]
    assert found(exploration) == ["unreached"], str(exploration)
    assert exploration.verdict == "incomplete: 1 unreached"


def has_dead_branches(session: Session) -> None:
    channel = session.channel
    channel.answer()
    key = channel.get_digits("menu", regexp="[12]")
    amount = int(channel.get_digits("amount", max=3, regexp="^[0-9]+$") or "0")
    if key == "3":
        channel.playback("three")
    elif is_large(amount):
        channel.playback("large")
    channel.hangup()


def is_large(amount: int) -> bool:
    return amount > 1000


def test_what_keys_decide_is_blamed() -> None:
    exploration = explore(has_dead_branches, keys="123")
    assert found(exploration) == ["unplayed", "unplayed"], str(exploration)


OFFICE = """
from eslsync import Channel, Session


def handler(session: Session) -> None:
    session.channel.answer()
    welcome(session.channel)
    session.channel.hangup()


def welcome(channel: Channel) -> None:
    channel.playback("welcome")


def offers(channel: Channel) -> None:
    channel.playback("offers")


def statistics() -> int:
    return 42
"""


def test_a_function_that_nothing_calls_is_told(tmp_path: Path) -> None:
    file = tmp_path / "office.py"
    file.write_text(OFFICE)
    [finding] = explore(file, keys="1", workers=1).findings
    assert str(finding).startswith("uncalled: offers is never called, and nobody hears offers (")


def test_handlers_beside_the_chosen_one_are_not(tmp_path: Path) -> None:
    file = tmp_path / "office.py"
    file.write_text(OFFICE)
    assert not explore(file, name="handler", keys="1", workers=1).findings
