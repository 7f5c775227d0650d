"""What a call's bounds drop is counted, and each kind is logged once."""

from __future__ import annotations

import logging

import pytest

from eslsync import Hangup, Session
from eslsync.bounds import APPLICATIONS, DIGITS, JOBS
from eslsync.call import conversation, job, typeahead
from simulator import FreeSwitch
from tests.support.peer import call
from tests.support.servers import messages


def test_each_kind_of_loss_is_counted_and_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(typeahead, "DIGITS", DIGITS._replace(most=2))
    monkeypatch.setattr(conversation, "APPLICATIONS", APPLICATIONS._replace(most=2))
    monkeypatch.setattr(job, "JOBS", JOBS._replace(most=2))

    def handler(session: Session) -> int:
        for _ in range(5):
            session.channel.execute("park", block=False)
            session.bgapi("status")
        session.channel.wait("CHANNEL_ANSWER")
        return session.dropped

    with call(handler) as peer:
        peer.handshake()
        for number in range(5):
            peer.serve("sendmsg")
            if not number:
                peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
                peer.serve("event plain BACKGROUND_JOB")
            peer.serve("bgapi status")
        peer.say(*map(peer.digit, "12345"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned == 9
    assert [text.partition(";")[0] for text in messages(caplog, logging.WARNING)] == [
        "more than 2 applications that have not completed",
        "more than 2 jobs whose result has not arrived",
        "more than 2 digits that nobody has asked for or 1048576 bytes of them",
    ]


def test_what_begins_after_the_hangup_is_not_kept() -> None:
    outcomes: list[int] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for _ in range(5):
            try:
                session.channel.get_digits(min=1)
            except Hangup as hangup:
                outcomes.append(len(hangup.outcomes))

    with FreeSwitch() as switch:
        simulated = switch.call(handler)
        simulated.expect("CHANNEL_ANSWER")
        simulated.hangup()
    assert max(outcomes) <= 2
