"""What callers hear when nobody takes the call, and when somebody has."""

from __future__ import annotations

import linecache
from collections.abc import Callable

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import found, takes_no_notice_of_others


def hangs_up_without_a_word(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("one-moment")
    session.channel.bridge("user/1000", ring_timeout=10.0)
    session.channel.hangup()


def has_a_word_for_busy_only(session: Session) -> None:
    channel = session.channel
    channel.answer()
    outcome = channel.bridge("user/1000", ring_timeout=10.0)
    if outcome.cause == "USER_BUSY":
        channel.playback("busy")
    channel.hangup()


def ignores_who_took_it(session: Session) -> None:
    session.channel.answer()
    session.channel.bridge("user/1000", ring_timeout=10.0)
    session.channel.playback("nobody-there")
    session.channel.hangup()


def says_more_to_busy_only(session: Session) -> None:
    session.channel.answer()
    if session.channel.bridge("user/1000", ring_timeout=10.0).cause == "USER_BUSY":
        session.channel.playback("busy")
    session.channel.playback("goodbye")
    session.channel.hangup()


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (says_more_to_busy_only, "bridge-ignored"),
        (hangs_up_without_a_word, "no-word"),
        (has_a_word_for_busy_only, "no-word"),
        (ignores_who_took_it, "bridge-ignored"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_bridge_whose_outcome_callers_do_not_hear_is_reported(
    handler: Callable[[Session], object], kind: str
) -> None:
    exploration = explore(handler, keys="12")
    assert found(exploration) == [kind], str(exploration)
    place = exploration.findings[0].place
    assert place is not None
    assert "bridge(" in linecache.getline(place.file, place.line)


def rings_before_it_answers(session: Session) -> None:
    """The far end's cause reaches the caller's phone, which says it: the call isn't answered."""
    if not session.channel.bridge("user/1000", ring_timeout=10.0).answered:
        session.channel.hangup("USER_BUSY")
    else:
        session.channel.hangup()


def tries_again(session: Session) -> None:
    session.channel.answer()
    for _ in range(3):
        if session.channel.bridge("user/1000", ring_timeout=10.0).answered:
            break
        session.channel.playback("still-busy")
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [rings_before_it_answers, tries_again, takes_no_notice_of_others],
    ids=lambda each: each.__name__,
)
def test_a_bridge_whose_outcome_callers_hear_is_not(handler: Callable[[Session], object]) -> None:
    exploration = explore(handler, keys="12")
    assert not exploration.findings, str(exploration)


def test_a_far_end_that_hangs_up_as_it_answers_is_tried() -> None:
    exploration = explore(takes_no_notice_of_others, keys="12")
    assert any("answers and hangs up" in edge.label for edge in exploration.edges)
