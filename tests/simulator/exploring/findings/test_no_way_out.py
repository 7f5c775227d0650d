"""Parts that a caller can leave only by hanging up."""

from __future__ import annotations

import time

import pytest

from eslsync import Session
from simulator import Exploration, explore
from tests.support.explored import KEYS, found


def plays_for_ever(session: Session) -> None:
    session.channel.answer()
    while True:
        session.channel.playback("all-busy")


def says_nothing_more(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("CHANNEL_HANGUP")


def plays_for_a_minute(session: Session) -> None:
    session.channel.answer()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        session.channel.playback("music")
    session.channel.hangup()


def meets_others(session: Session) -> None:
    session.channel.answer()
    session.channel.conference("3000")
    session.channel.hangup()


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (plays_for_ever, "no-exit"),
        (says_nothing_more, "no-exit"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_part_without_a_way_out_is_reported(handler: object, kind: str) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == [kind], str(exploration)


def test_so_is_one_whose_keys_lead_round(trap: Exploration) -> None:
    assert found(trap) == ["no-end"], str(trap)


@pytest.mark.parametrize(
    "handler", [plays_for_a_minute, meets_others], ids=lambda each: each.__name__
)
def test_what_ends_by_itself_or_by_others_is_no_trap(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert exploration.complete
    assert not exploration.findings, str(exploration)
