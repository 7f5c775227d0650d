"""How the calls of an exploration end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.attempts import CallEnd


def hangs_up(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.hangup()


def raises(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    raise KeyError("account")


def returns(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")


def leaves_on_purpose(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.exit()


def never_ends(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("CHANNEL_HANGUP")


@pytest.mark.parametrize(
    ("handler", "ends"),
    [
        (hangs_up, {"hangup"}),
        (raises, {"raised"}),
        (returns, {"left"}),
        (leaves_on_purpose, {"given back"}),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_an_edge_tells_how_the_handler_ended_the_call(
    handler: Callable[[Session], object], ends: set[str]
) -> None:
    exploration = explore(handler, keys="1")
    edges = [edge for node in exploration.nodes for edge in node.edges]
    assert {edge.target.how for edge in edges if isinstance(edge.target, CallEnd)} == ends


def test_a_call_that_nobody_ends_is_marked_as_waiting_for_ever() -> None:
    exploration = explore(never_ends, keys="1")
    assert [node.waits_for_ever for node in exploration.nodes] == [True]
