"""Callers enter the numbers at which the code's comparisons turn, and what is beside them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import prompts

LIMIT = 9000


class Department(Enum):
    SALES = "31"
    SUPPORT = "32"


def has_limits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    amount = int(channel.get_digits("amount", max=4, valid="[1-9][0-9]*") or "0")
    if amount > LIMIT:
        channel.playback("too-much")
    elif 500 < amount < 900:
        channel.playback("discount")
    elif amount in range(200, 300):
        channel.playback("small")
    channel.hangup()


def has_departments(session: Session) -> None:
    channel = session.channel
    channel.answer()
    number = channel.get_digits("extension", min=2, max=3)
    if number == Department.SALES.value:
        channel.playback("sales")
    elif number == Department.SUPPORT.value:
        channel.playback("support")
    elif number == "310":
        channel.playback("desk")
    channel.hangup()


def checks_by_a_function(session: Session) -> None:
    channel = session.channel
    channel.answer()
    age = channel.get_digits("age", max=2, valid=lambda digits: int(digits) >= 18)
    channel.playback("adult" if age else "minor")
    channel.hangup()


def counts_the_digits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    number = channel.get_digits("card", max=16) or ""
    channel.playback("short-card" if len(number) < 13 else "card-taken")
    channel.hangup()


def compares_only_the_beginning(session: Session) -> None:
    channel = session.channel
    channel.answer()
    pin = channel.get_digits("pin", max=5) or ""
    if pin[:4] == "4711":
        channel.playback("right")
        if len(pin) != 4:
            channel.playback("one-too-many")
    channel.hangup()


@pytest.mark.parametrize(
    ("handler", "heard"),
    [
        (has_limits, {"too-much", "discount", "small"}),
        (has_departments, {"sales", "support", "desk"}),
        (checks_by_a_function, {"adult", "minor"}),
        (counts_the_digits, {"short-card", "card-taken"}),
        (compares_only_the_beginning, {"right", "one-too-many"}),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_both_sides_of_a_comparison_are_reached(
    handler: Callable[[Session], object], heard: set[str]
) -> None:
    exploration = explore(handler, keys="0123456789#")
    assert heard <= prompts(exploration)
    assert not exploration.astray
    assert not exploration.findings, str(exploration)
