"""Keys that change nothing."""

from __future__ import annotations

import pytest

from eslsync import Session, TimeoutError
from simulator import explore
from tests.support.explored import (
    KEYS,
    found,
    takes_no_notice_of_others,
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
    for _ in range(5):
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


@pytest.mark.parametrize(
    "handler", [can_be_heard_again, takes_no_notice_of_others], ids=lambda each: each.__name__
)
def test_keys_with_an_effect_or_without_a_taker_are_not_reported(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert exploration.complete
    assert not exploration.findings, str(exploration)
