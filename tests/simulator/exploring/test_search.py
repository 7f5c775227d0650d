"""How far `explore` goes, and its limits."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from eslsync import Channel, CommandError, Session
from simulator import Exploration, explore
from simulator.exploring import search
from tests.support.explored import KEYS, found, has_three_tries, prompts


def test_tries_are_told_apart_and_menus_that_loop_are_explored_once(tries: Exploration) -> None:
    assert prompts(tries) == {"menu", "thanks", "too-often"}
    asked = [node for node in tries.nodes if node.situation.asks]
    assert len(asked) == 3
    assert len(tries.map.spots) == 3  # on the map, the menu is one


def calls_itself(session: Session) -> None:
    session.channel.answer()
    first_menu(session.channel)


def first_menu(channel: Channel) -> None:
    key = channel.get_digits("first")
    if key == "1":
        second_menu(channel)
    elif key == "2":
        channel.hangup()
    else:
        first_menu(channel)


def second_menu(channel: Channel) -> None:
    channel.get_digits("second")
    first_menu(channel)


def test_menus_that_call_each_other_are_explored_once() -> None:
    exploration = explore(calls_itself, keys=KEYS)
    assert len(exploration.nodes) == 2
    assert found(exploration) == ["silence"]  # who presses nothing hears the first for ever


def knows_a_number(session: Session) -> None:
    channel = session.channel
    channel.answer()
    number = channel.get_digits("number", min=3, max=5, valid=lambda each: each[::-1] == "51413")
    channel.playback("right" if number else "wrong")
    channel.hangup()


def test_given_entries_are_tried() -> None:
    assert "right" not in prompts(explore(knows_a_number, keys="12"))
    assert "right" in prompts(explore(knows_a_number, keys="12", entries=["31415"]))


def test_ctrl_c_returns_what_was_found_so_far() -> None:
    calls = 0

    def interrupt(progress: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    exploration = explore(has_three_tries, keys=KEYS, progress=interrupt)
    assert exploration.calls == 4
    assert exploration.stopped == "interrupted"
    assert "menu" in str(exploration)


def knows_many_numbers(session: Session) -> None:
    number = session.channel.play_and_get_digits("number", min=2, max=2, tries=1)
    if number in "10 11 12 13 14 15 16 17 18 19 20 21".split():
        session.channel.hangup()
    if number == "79":
        session.channel.playback("special")


def test_all_of_many_numbers_are_entered_where_callers_first_are() -> None:
    numbers = [*(str(number) for number in range(10, 22)), "79"]
    exploration = explore(knows_many_numbers, keys="1", entries=numbers)
    assert "special" in {node.situation.prompt for node in exploration.nodes}, str(exploration)


def offers_a_menu_three_times(session: Session) -> None:
    """Whatever the account is, callers go on alike; but with 14, a key does more."""
    channel = session.channel
    account = channel.play_and_get_digits("account", min=2, max=2, regexp="1[0-4]", tries=1)
    for _ in range(3):
        key = channel.play_and_get_digits("menu", regexp="[12]", tries=1)
        if key == "1":
            return
        if account == "14" and key == "2":
            channel.playback("two")
    channel.playback("goodbye")
    channel.set("account", account or "none")


def test_what_follows_situations_that_are_alike_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, situations in (("SOME", 3), ("ENOUGH_ALIKE", 4)):
        monkeypatch.setattr(search, limit, situations)
    accounts = ["10", "11", "12", "13", "14"]
    exploration = explore(offers_a_menu_three_times, keys="123", entries=accounts)
    assert exploration.complete
    assert "unplayed" not in {each.kind for each in exploration.findings}, str(exploration)
    assert "goodbye" in {node.situation.prompt for node in exploration.nodes}


def waits_for_five_minutes(session: Session) -> None:
    channel = session.channel
    channel.answer()
    began = time.monotonic()
    while time.monotonic() - began < 300:
        channel.playback("please-hold")
    raise KeyError("late")


def waits_for_half_an_hour(session: Session) -> None:
    channel = session.channel
    channel.answer()
    until = datetime.now() + timedelta(minutes=30)
    while datetime.now() < until:
        channel.playback("please-hold")
        channel.sleep(60)
    raise KeyError("late")


@pytest.mark.parametrize("handler", [waits_for_five_minutes, waits_for_half_an_hour])
def test_what_comes_behind_a_loop_by_the_clock_is_explored(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert found(exploration) == ["raises"], str(exploration)


# What it can't see: docs/guides/explore.md has the list


def says_nothing_when_nobody_answers(session: Session) -> None:
    channel = session.channel
    channel.answer()
    try:
        channel.bridge(session.originate("user/1000", ring_timeout=20))
    except CommandError:
        pass
    channel.hangup()


def takes_any_pin(session: Session) -> None:
    channel = session.channel
    channel.answer()
    pin = channel.get_digits("pin", min=4, max=4, tries=5)
    channel.playback("balance" if pin[:2] == "47" or pin else "goodbye")
    channel.hangup()


calls: list[str] = []


def keeps_a_count(session: Session) -> None:
    session.channel.answer()
    calls.append(session.uuid)
    session.channel.playback("welcome")
    end = "hangup" if len(calls) < 100_000 else "park"
    getattr(session.channel, end)()


def tells_only_the_terminal(session: Session) -> None:
    session.channel.answer()
    key = session.channel.get_digits("menu", min=1, max=1, tries=1)
    try:
        session.channel.playback({"1": "one"}[key])
    except KeyError as error:
        print(error)
    session.channel.hangup()


def has_it_the_wrong_way_round(session: Session) -> None:
    session.channel.answer()
    bridged = session.channel.bridge("user/1000", ring_timeout=20)
    session.channel.playback("nobody-there" if bridged.answered else "how-was-it")
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [
        says_nothing_when_nobody_answers,
        takes_any_pin,
        keeps_a_count,
        tells_only_the_terminal,
        has_it_the_wrong_way_round,
    ],
    ids=lambda each: each.__name__,
)
def test_what_it_cannot_see_is_in_the_docs(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert not exploration.findings, (
        f"take it off the list in docs/guides/explore.md:\n{exploration}"
    )


def test_a_rule_finds_an_outcome_that_is_used_the_wrong_way_round() -> None:
    rules = ["no call that is bridged hears nobody-there"]
    assert found(explore(has_it_the_wrong_way_round, keys="1", expect=rules)) == ["expected"]
