"""Digits that are looked for among keys, and that may be none."""

from __future__ import annotations

import string

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import found

KEYS = "12"


def looks_in_a_literal(session: Session) -> None:
    channel = session.channel
    channel.answer()
    digit = channel.get_digits("menu", min=1, max=1, tries=1)
    channel.playback("sales" if digit in "12" else "bye")
    channel.hangup()


def asks_for_what_is_in_no_text(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if channel.get_digits("menu", min=1, max=1, tries=1) not in KEYS:
        channel.playback("wrong")
    else:
        channel.playback("sales")
    channel.hangup()


def looks_for_the_place(session: Session) -> None:
    channel = session.channel
    channel.answer()
    digit = channel.get_digits("menu", min=1, max=1, tries=1, regexp="[12]")
    channel.playback(("sales", "support")["12".index(digit)])
    channel.hangup()


def looks_in_all_digits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    digit = channel.get_digits("menu", min=1, max=1, tries=1)
    channel.playback("a-digit" if digit in string.digits else "another-key")
    channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [looks_in_a_literal, asks_for_what_is_in_no_text, looks_for_the_place, looks_in_all_digits],
    ids=lambda each: each.__name__,
)
def test_silence_that_is_found_among_keys_is_reported(handler: object) -> None:
    exploration = explore(handler, keys="12*")  # type: ignore[arg-type]
    assert found(exploration) == ["silence-as-key"], str(exploration)
    [finding] = exploration.findings
    assert finding.place is not None
    assert finding.place.function == handler.__name__  # type: ignore[attr-defined]
    assert exploration.script(finding) is not None


def looks_when_there_are_digits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    digit = channel.get_digits("menu", min=1, max=1, tries=1)
    if digit and digit in "12":
        channel.playback("sales")
    elif digit in ("3", "4") or digit in {"5": "", "": ""}:
        channel.playback("bye")
    else:
        channel.playback("wrong")
    channel.hangup()


def test_digits_that_are_there_or_looked_for_elsewhere_are_not() -> None:
    assert not explore(looks_when_there_are_digits, keys="12345*").findings
