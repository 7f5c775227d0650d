"""Keys that change nothing."""

from __future__ import annotations

import pytest

from eslsync import Session, TimeoutError
from simulator import explore
from tests.support.explored import (
    KEYS,
    found,
)


def compares_with_a_number(session: Session) -> None:
    session.channel.answer()
    for _ in range(3):
        if session.channel.get_digits("menu") == 1:  # type: ignore[comparison-overlap]
            break
    session.channel.playback("goodbye")
    session.channel.hangup()


def has_a_callback_for_nothing(session: Session) -> None:
    session.channel.answer()

    @session.channel.on_dtmf("1")
    def one(digit: str) -> None:
        pass

    while True:
        try:
            if session.channel.wait("DTMF", timeout=5.0).digit == "2":
                break
        except TimeoutError:
            break
    session.channel.hangup()


def can_be_heard_again(session: Session) -> None:
    session.channel.answer()
    for _ in range(2):
        key = session.channel.get_digits("menu")
        if key == "*":
            continue
        if key == "1":
            break
        session.channel.playback("wrong")
    session.channel.hangup()


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (compares_with_a_number, "dead-key"),
        (has_a_callback_for_nothing, "dead-key"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_key_that_changes_nothing_is_reported(handler: object, kind: str) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == [kind], str(exploration)


def asks_twice_at_most(session: Session) -> None:
    channel = session.channel
    channel.answer()
    for _ in range(2):
        key = channel.get_digits("menu", regexp="[12]", tries=2)
        if key == "1":
            channel.playback("opening-hours")
        elif key == "2":
            channel.playback("address")
        else:
            break
    channel.playback("goodbye")
    channel.hangup()


def repeats_at_9(session: Session) -> None:
    silent = 0
    session.channel.answer()
    while silent < 2:
        key = session.channel.get_digits("menu-press-9-to-hear-it-again")
        if key == "9":
            continue
        if key == "1":
            session.channel.playback("opening-hours")
        elif key:
            session.channel.playback("invalid")
        else:
            silent += 1
    session.channel.hangup()


def repeats_at_0_by_its_condition(session: Session) -> None:
    session.channel.answer()
    key: str | None = "0"
    while key == "0":
        key = session.channel.get_digits("menu-press-0-to-hear-it-again")
    session.channel.playback("one" if key == "1" else "wrong")
    session.channel.hangup()


def repeats_at_9_by_calling_itself(session: Session) -> None:
    session.channel.answer()
    asks_again(session)


def asks_again(session: Session) -> None:
    key = session.channel.get_digits("menu", regexp="[129]")
    match key:
        case "9":
            return asks_again(session)
        case "1" | "2":
            session.channel.playback("chosen")
    session.channel.hangup()


def asks_again_without_a_prompt(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.get_digits("menu", regexp="[1-3]")
    digits = str(channel.get_digits(timeout=3))
    if not digits:
        try:
            digits = channel.wait("DTMF", timeout=2).digit or ""
        except TimeoutError:
            digits = "none"
    channel.playback(f"got-{digits}")
    channel.hangup()


def test_a_key_is_pressed_at_the_question_that_it_is_for_also_after_others_passed() -> None:
    exploration = explore(asks_again_without_a_prompt, keys="17")
    exploration.check()
    assert {node.title for node in exploration.nodes} == {
        "menu", "get_digits", "waits for a key", "got-1", "got-7", "got-none",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("handler", "keys"),
    [
        (can_be_heard_again, "12*"),
        (asks_twice_at_most, "120"),
        (repeats_at_9, "129"),
        (repeats_at_0_by_its_condition, "012"),
        (repeats_at_9_by_calling_itself, "1290"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_keys_with_an_effect_or_without_a_taker_are_not_reported(
    handler: object, keys: str
) -> None:
    exploration = explore(handler, keys=keys)  # type: ignore[arg-type]
    assert exploration.complete
    assert not exploration.findings, str(exploration)
