"""Unread events are bounded, and those that the bounds drop are counted."""

from __future__ import annotations

import logging

import pytest

from eslsync import Session
from eslsync.call import turns
from tests.support.peer import call, event, reply
from tests.support.servers import messages


def test_events_behind_a_slow_callback_are_bounded_and_dropped_ones_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turns, "MAX_BACKLOG", 10)

    def handler(session: Session) -> tuple[int, list[str]]:
        told: list[str] = []
        session.on("CHANNEL_ANSWER", lambda event: session.send("getvar x"))
        session.on("PLAYBACK_STOP", lambda event: told.append(event.name))
        session.channel.on_dtmf()(told.append)
        session.channel.wait("CHANNEL_ANSWER")
        session.channel.wait("CHANNEL_PARK")
        return session.dropped, told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("getvar x")
        # Digits, and events with a callback, are dropped last.
        peer.say(peer.digit("1"), peer.event("PLAYBACK_STOP"))
        peer.say(*[peer.event("PLAYBACK_START")] * 15, reply("1"))
        peer.settle()
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))
    assert peer.returned == (7, ["1", "PLAYBACK_STOP"])
    [record] = [each for each in caplog.records if "dropping the oldest" in each.message]
    assert record.levelno == logging.WARNING


def test_a_completion_is_noticed_even_if_its_event_was_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "MAX_BACKLOG", 3)

    def handler(session: Session) -> int:
        session.on("PLAYBACK_START", lambda event: None)
        execution = session.channel.execute("log", "x", block=False)
        session.send("getvar x")
        execution.wait()
        return session.dropped

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("log")
        peer.hear("getvar x")
        starts = [peer.event("PLAYBACK_START")] * 3
        peer.say(*starts, peer.completed("log", uuid), reply("1"))
    assert peer.returned == 1


def test_events_behind_a_callback_are_bounded_in_bytes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turns, "MAX_BACKLOG_BYTES", 500_000)

    def handler(session: Session) -> int:
        session.on("CHANNEL_ANSWER", lambda event: session.send("getvar x"))
        session.channel.wait("CHANNEL_PARK")
        return session.dropped

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("getvar x")
        large = event({"Event-Name": "CUSTOM", "Event-Subclass": "large::one"}, "x" * 200_000)
        peer.say(large * 5, reply("1"))
        peer.settle()
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))
    assert peer.returned == 3
    assert "or 500000 bytes" in messages(caplog, logging.WARNING)[0]
