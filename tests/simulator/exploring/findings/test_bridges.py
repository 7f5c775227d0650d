"""What callers hear when nobody takes the call, and when somebody has."""

from __future__ import annotations

import linecache
from collections.abc import Callable

import pytest

from eslsync import Session
from simulator import Exploration, explore
from tests.support.explored import found


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
    exploration = explore(handler, keys="1")
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
    [rings_before_it_answers, tries_again],
    ids=lambda each: each.__name__,
)
def test_a_bridge_whose_outcome_callers_hear_is_not(handler: Callable[[Session], object]) -> None:
    exploration = explore(handler, keys="1")
    assert not exploration.findings, str(exploration)


def test_nor_is_one_in_which_keys_have_no_taker(calls_a_desk: Exploration) -> None:
    assert calls_a_desk.complete
    assert any(edge.what == "key" for edge in calls_a_desk.edges)
    assert not calls_a_desk.findings, str(calls_a_desk)


def test_a_far_end_that_hangs_up_as_it_answers_is_tried(calls_a_desk: Exploration) -> None:
    assert any("answers and hangs up" in edge.label for edge in calls_a_desk.edges)
