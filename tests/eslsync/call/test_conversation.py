"""A handler is woken only by what it waits for, and still misses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import (
    CommandError,
    Event,
    Hangup,
    ProtocolError,
    Session,
    TimeoutError,
)
from eslsync.call.ending import HANGUP_COMPLETE_TIMEOUT
from eslsync.protocol import ConnectReply
from tests.support.peer import Peer, Watched, call, event, reply, response


def wait_in_vain(session: Session) -> None:
    with pytest.raises(TimeoutError):
        session.channel.wait("DTMF", timeout=1.0)


def answered_during_that_wait(handler: Callable[[Session], object]) -> Peer:
    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.arrived()
        peer.clock.pass_time(2.0)
        peer.await_handler()
    return peer


def test_events_during_a_wait_that_timed_out_satisfy_no_later_wait() -> None:
    def handler(session: Session) -> None:
        wait_in_vain(session)
        session.on("CHANNEL_ANSWER", lambda event: pytest.fail("it came before"))
        with pytest.raises(TimeoutError):
            session.channel.wait("CHANNEL_ANSWER", timeout=0)

    assert answered_during_that_wait(handler).raised is None


@pytest.mark.parametrize("waits", ["for an event", "for a reply"])
def test_a_hangup_completed_in_the_moment_of_a_timeout_ends_the_call(
    waits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHANNEL_HANGUP_COMPLETE never comes, and is given up at the very moment of a timeout."""

    def wait(session: Session) -> object:
        if waits == "for an event":
            return session.channel.wait("DTMF", timeout=HANGUP_COMPLETE_TIMEOUT)
        return session.send("getvar y", timeout=HANGUP_COMPLETE_TIMEOUT)

    def handler(session: Session) -> str:
        session.send("getvar x")
        with pytest.raises((Hangup, TimeoutError)):  # both are true
            wait(session)
        with pytest.raises(Hangup):
            session.channel.wait("DTMF")
        assert session.hangup_event is not None
        return session.hangup_event.name

    monkeypatch.setattr(Watched, "now", lambda self: self.ahead)
    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.say(peer.event("CHANNEL_HANGUP"), reply("1"))
        if waits == "for a reply":
            peer.hear("getvar y")
        peer.settle()
        peer.clock.pass_time(HANGUP_COMPLETE_TIMEOUT)
        peer.await_handler()
    assert peer.returned == "CHANNEL_HANGUP"


def test_a_leg_that_ended_before_it_was_looked_up_is_no_leg() -> None:
    def handler(session: Session) -> None:
        session.filter("Unique-ID", "b-leg")
        session.wait("CHANNEL_DESTROY")
        session.leg("b-leg")

    with call(handler) as peer:
        peer.handshake()
        peer.serve("filter Unique-ID b-leg")
        for name, state in (
            ("CHANNEL_HANGUP_COMPLETE", "CS_REPORTING"),
            ("CHANNEL_DESTROY", "CS_DESTROY"),
        ):
            headers = {"Event-Name": name, "Unique-ID": "b-leg", "Channel-State": state}
            peer.say(event(headers))
        peer.serve("filter Unique-ID b-leg")
        peer.hear("api uuid_dump b-leg")
        peer.say(response("-ERR No such channel!\n"))
        peer.serve("filter delete Unique-ID b-leg")
        peer.await_handler()
    assert isinstance(peer.raised, CommandError)


def test_an_api_response_is_no_reply_to_an_unawaited_application() -> None:
    with call(lambda session: session.channel.execute("echo", block=False)) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(response("+OK\n"))
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)


def test_the_first_header_is_found_in_any_letter_case() -> None:
    assert Event(b"Event-Name: DTMF\nDTMF-Digit: 1\n\n")["event-name"] == "DTMF"
    context = ConnectReply(b"Event-Name: CHANNEL_DATA\nUnique-ID: x")
    assert "event-name" in context
    assert context.get("EVENT-NAME") == "CHANNEL_DATA"
    assert Event(b"Event-Name: DTMF").name == "DTMF"
