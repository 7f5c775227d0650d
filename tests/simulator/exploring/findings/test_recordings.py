"""Recordings that are lost if the caller ends them by hanging up."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Channel, Hangup, Session
from simulator import explore
from tests.support.explored import found


def deliver(file: str) -> None:
    """Send it to somebody."""


def delivers_behind_it(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    session.channel.record(file, limit=30)
    deliver(file)
    session.channel.hangup()


def delivers_behind_the_function_that_records(session: Session) -> None:
    message = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    take(session.channel, message)
    deliver(message)
    session.channel.hangup()


def take(channel: Channel, file: str) -> None:
    channel.record(file, limit=30)


def tells_somebody_about_it(session: Session) -> None:
    leg = session.channel
    leg.answer()
    leg.record(f"/tmp/{session.uuid}.wav", limit=30)
    deliver("a message of " + session.uuid)
    leg.hangup()


@pytest.mark.parametrize(
    "handler",
    [tells_somebody_about_it, delivers_behind_it, delivers_behind_the_function_that_records],
    ids=lambda each: each.__name__,
)
def test_a_recording_that_is_used_only_behind_it_is_reported(handler: object) -> None:
    exploration = explore(handler, keys="1#")  # type: ignore[arg-type]
    assert found(exploration) == ["recording-lost"], str(exploration)


def delivers_whoever_hangs_up(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    try:
        session.channel.record(file, limit=30)
    finally:
        deliver(file)
    session.channel.hangup()


def delivers_after_a_hangup_too(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    try:
        take(session.channel, file)
    except Hangup:
        deliver(file)
        return
    deliver(file)
    session.channel.hangup()


def says_thanks_and_writes_a_line(session: Session) -> None:
    leg = session.channel
    leg.answer()
    leg.record(f"/tmp/{session.uuid}.wav", limit=30)
    print("recorded")
    leg.playback("thanks")
    leg.hangup()


def only_removes_it(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    session.channel.record(file, limit=30)
    Path(file).unlink(missing_ok=True)
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [
        delivers_whoever_hangs_up,
        delivers_after_a_hangup_too,
        only_removes_it,
        says_thanks_and_writes_a_line,
    ],
    ids=lambda each: each.__name__,
)
def test_one_that_a_hangup_does_not_lose_is_not(handler: object) -> None:
    exploration = explore(handler, keys="1#")  # type: ignore[arg-type]
    assert not exploration.findings, str(exploration)
