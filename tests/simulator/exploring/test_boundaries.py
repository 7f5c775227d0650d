"""Callers enter the numbers, and call at the times, at which the code's comparisons turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from zoneinfo import ZoneInfo

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
    amount = int(channel.get_digits("amount", max=4, regexp="^[1-9][0-9]*$") or "0")
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
    exploration = explore(handler, keys="1")
    assert heard <= prompts(exploration)
    assert not exploration.astray
    assert not exploration.findings, str(exploration)


# The clock


def closes_for_lunch(session: Session) -> None:
    channel = session.channel
    channel.answer()
    now = datetime.now().time()
    if time(12) <= now < time(13):
        channel.playback("lunch")
    elif now >= time(8):
        channel.playback("open")
    else:
        channel.playback("closed")
    channel.hangup()


def asks_for_the_hour_behind_a_menu(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if channel.get_digits("menu", tries=1) == "1":
        hour = datetime.now().hour
        channel.playback("late" if hour == 23 else "early")
    channel.hangup()


def asks_first_and_compares_later(session: Session) -> None:
    channel = session.channel
    channel.answer()
    now = datetime.now()
    channel.playback("welcome")
    channel.playback("evening" if now.time() >= time(18, 30) else "day")
    channel.hangup()


def closes_at_christmas(session: Session) -> None:
    channel = session.channel
    channel.answer()
    today = date.today()
    if today.month == 12 and today.day == 24:
        channel.playback("christmas-eve")
    elif today == date(2026, 5, 1) or today.isoformat() == "2026-10-26":
        channel.playback("holiday")
    channel.hangup()


def closes_early_on_fridays(session: Session) -> None:
    channel = session.channel
    channel.answer()
    now = datetime.now()
    if now.hour >= (14 if now.weekday() == 4 else 18):
        channel.playback("closed-on-friday" if now.hour < 18 else "closed")
    channel.hangup()


def is_in_vienna(session: Session) -> None:
    channel = session.channel
    channel.answer()
    now = datetime.now(ZoneInfo("Europe/Vienna")).strftime("%H:%M")
    channel.playback("minute" if "12:00" <= now < "12:01" else "any-time")
    channel.hangup()


@pytest.mark.parametrize(
    ("handler", "heard"),
    [
        (closes_for_lunch, {"lunch", "open", "closed"}),
        (asks_for_the_hour_behind_a_menu, {"late", "early"}),
        (asks_first_and_compares_later, {"evening", "day"}),
        (closes_at_christmas, {"christmas-eve", "holiday"}),
        (closes_early_on_fridays, {"closed-on-friday", "closed"}),
        (is_in_vienna, {"minute", "any-time"}),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_calls_come_at_both_sides_of_a_time_in_the_code(
    handler: Callable[[Session], object], heard: set[str]
) -> None:
    exploration = explore(handler, keys="1")
    assert heard <= prompts(exploration)
    assert not exploration.findings, str(exploration)


def has_no_word_for_noon(session: Session) -> None:
    session.channel.answer()
    now = datetime.now()
    if (now.hour, now.minute) < (12, 0):
        greeting = "morning"
    elif now.hour > 12:
        greeting = "afternoon"
    session.channel.playback(greeting)
    session.channel.hangup()


def test_a_gap_between_two_times_is_found() -> None:
    [finding] = explore(has_no_word_for_noon, keys="1").findings
    assert finding.kind == "raises"
    assert finding.way is not None
    assert finding.way.call["start"] == "2026-01-05T12:00:00"


def says_the_day_of_tomorrow(session: Session) -> None:
    session.channel.answer()
    now = datetime.now()
    session.channel.playback(f"day-{now.replace(day=now.day + 1).day}")
    session.channel.hangup()


def test_calculations_with_days_are_tried_at_the_end_of_a_month() -> None:
    [finding] = explore(says_the_day_of_tomorrow, keys="").findings
    assert finding.kind == "raises"
    assert finding.way is not None
    assert finding.way.call["start"] == "2026-01-31T12:00:00"


def has_a_table_of_holidays(session: Session) -> None:
    session.channel.answer()
    now = datetime.now()
    holidays = {(12, 25): "christmas", (5, 1): "labour-day"}
    session.channel.playback(holidays.get((now.month, now.day), "hello"))
    session.channel.hangup()


def test_dates_in_a_table_of_months_and_days_are_tried() -> None:
    exploration = explore(has_a_table_of_holidays, keys="")
    assert {"christmas", "labour-day", "hello"} <= prompts(exploration)


def test_times_are_tried_once_for_each_place_that_asks() -> None:
    assert explore(closes_for_lunch, keys="").calls < 40
    fixed = [{"start": "2026-01-05T12:30:00"}]
    assert prompts(explore(closes_for_lunch, keys="", circumstances=fixed)) == {"lunch"}
