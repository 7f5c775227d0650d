"""Recordings that the next caller's replace."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import found


def records_into(name: str, session: Session) -> None:
    session.channel.answer()
    session.channel.record(name, limit=10, terminators="any")
    session.channel.hangup()


def one_file(session: Session) -> None:
    records_into("/tmp/message.wav", session)


def one_session(session: Session) -> None:
    session.channel.answer()
    session.channel.record_session("/tmp/call.wav")
    session.channel.playback("hello")
    session.channel.hangup()


@pytest.mark.parametrize("handler", [one_file, one_session])
def test_a_file_that_every_call_records_into_is_reported(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert found(exploration) == ["overwritten"], str(exploration)
    [finding] = exploration.findings
    assert finding.place is not None
    assert finding.place.function in ("records_into", "one_session")


def by_uuid(session: Session) -> None:
    records_into(f"/tmp/{session.uuid}.wav", session)


def by_caller(session: Session) -> None:
    records_into(f"/tmp/{session.caller_number}.wav", session)


def by_time(session: Session) -> None:
    from datetime import datetime

    records_into(f"/tmp/{datetime.now():%Y%m%d-%H%M}.wav", session)


@pytest.mark.parametrize("handler", [by_uuid, by_caller, by_time])
def test_a_file_named_after_the_call_is_fine(handler: object) -> None:
    nine = [{"start": "2026-01-05T09:00:00"}]
    exploration = explore(handler, keys="1", circumstances=nine)  # type: ignore[arg-type]
    assert "overwritten" not in found(exploration), str(exploration)
