"""A handler that catches every Hangup and goes on is logged, and does not take a processor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import ChannelState, Disconnected, Execution, Hangup, Job, Session, Transferred
from eslsync.call.unheeded import LONGEST_PAUSE, PATIENCE
from simulator import FreeSwitch
from tests.support.peer import Watched, call
from tests.support.servers import messages


@pytest.mark.parametrize("how", ["hung up", "disconnected"])
def test_an_end_that_is_not_heeded_is_logged_once_and_raised_ever_later(
    how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Watched, "pause", lambda self, seconds: pauses.append(seconds))

    def handler(session: Session) -> None:
        for _ in range(PATIENCE + 20):
            try:
                session.channel.playback("x")
            except (Hangup, Disconnected):
                pass

    with call(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        if how == "hung up":
            peer.say(*peer.tail())
        else:
            peer.end()
        peer.await_handler()
    [text] = [each for each in messages(caplog, logging.WARNING) if "goes on" in each]
    assert f"it has met {PATIENCE} times, now at test_unheeded.py:" in text
    assert " in handler; except Exception" in text
    assert pauses[0] < 0.01
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


@pytest.mark.parametrize(
    "returns",
    [
        lambda session: session.channel.flush_digits(),
        lambda session: session.channel.wait("CHANNEL_HANGUP"),
        lambda session: session.channel.wait(["DTMF", "CHANNEL_HANGUP_COMPLETE"]),
        lambda session: session.wait(ChannelState.HANGUP),
        lambda session: [*session.events("DTMF")],
    ],
    ids=["flush_digits", "event", "several", "state", "events"],
)
@pytest.mark.parametrize("complete", [True, False])
def test_a_loop_of_what_returns_at_once_after_the_end_does_not_spin(
    returns: Callable[[Session], object], complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Watched, "pause", lambda self, seconds: pauses.append(seconds))

    def handler(session: Session) -> None:
        session.channel.wait("CHANNEL_HANGUP")
        if complete:
            session.channel.wait("CHANNEL_HANGUP_COMPLETE")
        for _ in range(PATIENCE + 20):
            returns(session)

    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        peer.say(*peer.tail())
        peer.await_handler()
    assert pauses[-1] == LONGEST_PAUSE


def test_what_was_posted_can_be_taken_after_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Watched, "pause", lambda self, seconds: pauses.append(seconds))

    def handler(session: Session) -> list[int]:
        for each in range(3 * PATIENCE):
            session.post(each)
        session.channel.wait("CHANNEL_HANGUP_COMPLETE")
        return [session.wait("POSTED").value for _ in range(3 * PATIENCE)]

    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        peer.say(*peer.tail())
        peer.await_handler()
    assert peer.returned == list(range(3 * PATIENCE))
    assert not pauses
    assert "goes on" not in caplog.text


def test_simulated_time_does_not_pass_for_it() -> None:
    times: set[str] = set()

    def handler(session: Session) -> None:
        session.channel.answer()
        for _ in range(PATIENCE + 5):
            try:
                session.channel.playback("ivr/ivr-welcome")
            except Hangup:
                times.add(str(caller.duration))

    with FreeSwitch() as switch:
        caller = switch.call(handler)
        caller.hear("ivr/ivr-welcome", start=True)
        caller.hangup()
    assert len(times) == 1


def how_it_ends(started: Execution[Any] | Job) -> str:
    """How a loop until it is done ends."""
    try:
        for _ in range(100):
            if started.done:
                return "done"
    except (Hangup, Disconnected) as error:
        return type(error).__name__
    return "never"


@pytest.mark.parametrize("end", ["hangup", "transfer"])
def test_what_is_done_says_so_also_after_the_end_of_the_call(end: str) -> None:
    told: list[list[str]] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        quick = session.bgapi("status")
        short = channel.playback("ivr/ivr-welcome", block=False)
        assert how_it_ends(short) == "never"
        channel.playback("ivr/ivr-welcome")
        short.wait()
        slow = session.bgapi("originate user/1000 &park")
        cut = channel.playback("ivr/long", block=False)
        with pytest.raises((Hangup, Transferred)):
            channel.wait("DTMF")
        told.append([how_it_ends(each) for each in (quick, short, cut, slow)])

    with FreeSwitch(prompts={"ivr/long": 600.0}, extensions={"^2000$": [("park", "")]}) as switch:
        switch.endpoint("user/1000", answers_after=None)
        caller = switch.call(handler)
        caller.hear("ivr/long", start=True)
        if end == "transfer":
            caller.transfer("2000")
        caller.hangup()
    assert told == [["done", "done", "done", "Hangup"]]


@pytest.mark.parametrize("end", ["Hangup", "Disconnected"])
def test_what_can_not_be_done_any_more_raises_the_end(end: str) -> None:
    def handler(session: Session) -> str:
        playing = session.channel.playback("x", block=False)
        with pytest.raises((Hangup, Disconnected)):
            session.channel.wait("DTMF")
        return how_it_ends(playing)

    with call(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        if end == "Hangup":
            peer.say(*peer.tail())
        else:
            peer.end()
        peer.await_handler()
    assert peer.returned == end
