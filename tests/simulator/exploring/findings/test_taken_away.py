"""Callers whom the far end transfers, and handlers that go on all the same."""

from __future__ import annotations

from eslsync import Disconnected, Session, Transferred
from simulator import explore
from tests.support.explored import found


def goes_on(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.bridge("user/1000")
    except Disconnected:
        pass
    session.channel.playback("goodbye")
    session.channel.hangup()


def lets_go(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.bridge("user/1000")
    except Transferred:
        return
    session.channel.playback("goodbye")
    session.channel.hangup()


def knows_nothing_of_it(session: Session) -> None:
    session.channel.answer()
    session.channel.bridge("user/1000")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_a_handler_that_goes_on_after_a_transfer_is_reported() -> None:
    exploration = explore(goes_on, keys="1")
    [finding] = [each for each in exploration.findings if each.kind == "taken-away"]
    assert finding.text.startswith("a Transferred is caught: the handler goes on")
    assert finding.way is not None
    assert "transfers" in str(finding.way.call)


def test_a_handler_that_lets_go_is_not() -> None:
    for handler in (lets_go, knows_nothing_of_it):
        assert "taken-away" not in found(explore(handler, keys="1"))
