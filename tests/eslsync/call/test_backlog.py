"""Unread events are bounded, and those that the bounds drop are counted."""

from __future__ import annotations

import logging

import pytest

from eslsync import Event, Session, session
from eslsync.bounds import BACKLOG, ITERATED
from eslsync.call import turns
from eslsync.call.backlog import Backlog
from tests.support.peer import Peer, call, event, reply
from tests.support.servers import messages


def test_events_behind_a_slow_callback_are_bounded_and_dropped_ones_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turns, "BACKLOG", BACKLOG._replace(most=10))

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
    monkeypatch.setattr(turns, "BACKLOG", BACKLOG._replace(most=3))

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
    monkeypatch.setattr(turns, "BACKLOG", BACKLOG._replace(most_bytes=500_000))

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


def test_dropping_an_event_costs_no_more_when_many_wait() -> None:
    """Each is examined once, though all have a callback; no timing: the examinations count."""
    examined: list[int] = []

    def worth_keeping(event: Event) -> bool:
        examined.append(event.serial)
        return event.serial != 500

    backlog = Backlog(BACKLOG._replace(most=100))
    dropped: list[int] = []
    for serial in range(1, 1001):
        each = Event(b"Event-Name: CUSTOM\n\n")
        each.serial = serial
        backlog.append(each)
        while backlog.overfull:
            dropped.append(backlog.drop(worth_keeping).serial)
    assert len(examined) <= 1000
    assert sorted(dropped) == [*range(1, 900), 900]
    assert dropped.index(500) < dropped.index(450)  # it is the one not worth keeping
    assert [each.serial for each in backlog] == [*range(901, 1001)]


def test_an_event_that_is_put_back_has_its_old_place() -> None:
    backlog = Backlog(BACKLOG)
    for serial in range(1, 5):
        each = Event(b"Event-Name: DTMF\n\n")
        each.serial = serial
        backlog.append(each)
    first, second = backlog.popleft(), backlog.popleft()
    backlog.put_back([second, first])
    assert [each.serial for each in backlog] == [1, 2, 3, 4]
    assert backlog.drop(lambda event: event.serial != 2) is second


def test_events_that_a_loop_has_not_taken_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "ITERATED", ITERATED._replace(most=10))

    def handler(session: Session) -> tuple[int, list[str]]:
        taken: list[str] = []
        for each in session.events("PLAYBACK_START"):
            taken.append(each["Event-Sequence"])
            if len(taken) == 1:
                session.channel.playback("x")
            if len(taken) == 11:
                break
        return session.dropped, taken

    def start(peer: Peer, number: int) -> bytes:
        headers = {"Event-Name": "PLAYBACK_START", "Unique-ID": peer.uuid}
        return event({**headers, "Event-Sequence": str(number)})

    with call(handler) as peer:
        peer.handshake()
        peer.say(start(peer, 0))
        uuid = peer.execute("playback")
        peer.say(*[start(peer, number) for number in range(1, 31)])
        peer.say(peer.completed("playback", uuid))
    assert peer.returned == (20, ["0", *map(str, range(21, 31))])
    [text] = messages(caplog, logging.WARNING)
    assert "more than 10 events that a loop over `session.events()` has not taken" in text
