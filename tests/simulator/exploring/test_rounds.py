"""Loops in which the handler goes round, and hardly any time passes."""

from __future__ import annotations

import time

import pytest

from eslsync import Session
from simulator import explore

BUSY = {"endpoints": {"user/2000": {"rejects": "USER_BUSY"}}}


def calls_nobody(session: Session) -> None:
    session.channel.answer()
    while not session.channel.bridge("user/2000").answered:
        pass


def sleeps(session: Session) -> None:
    session.channel.answer()
    while True:
        time.sleep(0.05)


@pytest.mark.parametrize("handler", [calls_nobody, sleeps])
def test_a_loop_without_an_exit_is_told_although_no_situation_lasts(handler: object) -> None:
    exploration = explore(handler, keys="", circumstances=[BUSY])  # type: ignore[arg-type]
    [found] = [each for each in exploration.findings if each.kind == "no-exit"]
    assert found.place is not None
    assert found.place.function == getattr(handler, "__name__", "")
    assert exploration.calls < 10


def calls_thirty_times(session: Session) -> None:
    session.channel.answer()
    for _ in range(30):
        session.channel.bridge("user/2000")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_a_loop_that_counts_is_followed_to_its_end() -> None:
    exploration = explore(calls_thirty_times, keys="", circumstances=[BUSY])
    assert not exploration.findings
    assert "goodbye" in {node.situation.prompt for node in exploration.nodes}
