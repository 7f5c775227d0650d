"""Recordings that are lost if the caller ends them by hanging up."""

from __future__ import annotations

import logging
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


ACTIVE: set[str] = set()
REPORTS: dict[str, str] = {}


def counts_the_call_in_finally(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    ACTIVE.add(session.uuid)
    try:
        session.channel.answer()
        session.channel.record(file, limit=30)
        deliver(file)
        session.channel.hangup()
    finally:
        ACTIVE.discard(session.uuid)
        logging.info("over: %s", session.uuid)


def delivers_at_a_hangup_from_then_on(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    session.channel.record(file, limit=30)

    @session.on_hangup
    def over(hangup: Hangup) -> None:
        deliver(file)

    session.channel.hangup()


def looks_at_the_cause_of_a_hangup(session: Session) -> None:
    @session.on_hangup
    def over(hangup: Hangup) -> None:
        ACTIVE.add(str(hangup.cause))

    session.channel.answer()
    recorded = session.channel.record(f"/tmp/{session.uuid}.wav", limit=30)
    session.channel.playback("thanks")
    session.channel.hangup()
    deliver(recorded.file)


def counts_in_a_function(session: Session) -> None:
    def over(_: Hangup) -> None:
        count_another()

    session.on_hangup(over)
    session.channel.answer()
    session.channel.record(f"/tmp/{session.uuid}.wav", limit=30)
    session.channel.playback("thanks")
    deliver(f"/tmp/{session.uuid}.wav")
    session.channel.hangup()


def puts_it_into_a_table(session: Session) -> None:
    file = f"/tmp/{session.uuid}.wav"
    session.channel.answer()
    session.channel.record(file, limit=30)
    session.channel.playback("thanks")
    REPORTS["last"] = file
    session.channel.hangup()


def count_another() -> None:
    ACTIVE.clear()


@pytest.mark.parametrize(
    "handler",
    [
        tells_somebody_about_it,
        delivers_behind_it,
        delivers_behind_the_function_that_records,
        counts_the_call_in_finally,
        delivers_at_a_hangup_from_then_on,
        looks_at_the_cause_of_a_hangup,
        counts_in_a_function,
        puts_it_into_a_table,
    ],
    ids=lambda each: each.__name__,
)
def test_a_recording_that_is_used_only_behind_it_is_reported(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
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


def delivers_what_the_hangup_says(session: Session) -> None:
    @session.on_hangup
    def over(hangup: Hangup) -> None:
        if hangup.recorded is not None:
            deliver(hangup.recorded.file)

    session.channel.answer()
    recorded = session.channel.record(f"/tmp/{session.uuid}.wav", limit=30)
    deliver(recorded.file)
    session.channel.hangup()


class Message:
    def __init__(self, session: Session) -> None:
        self.channel = session.channel
        self.file = f"/tmp/{session.uuid}.wav"

    def take(self) -> None:
        try:
            self.channel.record(self.file, limit=30)
            deliver(self.file)
        finally:
            self.keep()

    def keep(self) -> None:
        deliver(self.file)


def delivers_in_a_method(session: Session) -> None:
    session.channel.answer()
    Message(session).take()
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [
        delivers_what_the_hangup_says,
        delivers_in_a_method,
        delivers_whoever_hangs_up,
        delivers_after_a_hangup_too,
        only_removes_it,
        says_thanks_and_writes_a_line,
    ],
    ids=lambda each: each.__name__,
)
def test_one_that_a_hangup_does_not_lose_is_not(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert not exploration.findings, str(exploration)
