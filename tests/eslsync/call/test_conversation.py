"""A handler is woken only by what it waits for, and still misses nothing."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from eslsync import (
    CommandError,
    Event,
    Hangup,
    ProtocolError,
    Session,
    TimeoutError,
)
from eslsync.call.connection import Connection
from eslsync.call.conversation import Conversation
from eslsync.call.ending import HANGUP_COMPLETE_TIMEOUT
from eslsync.call.watching import Wait
from eslsync.protocol import ConnectReply
from tests.support.peer import PATIENCE, Peer, Watched, call, event, reply, response
from tests.support.servers import Beside, dialled, serving


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


def test_events_during_a_wait_that_timed_out_satisfy_one_later_wait_and_no_callback() -> None:
    def handler(session: Session) -> None:
        wait_in_vain(session)
        session.on("CHANNEL_ANSWER", lambda event: pytest.fail("it came before"))
        session.channel.wait("CHANNEL_ANSWER", timeout=0)
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


# What is left in memory


def given_back(session: Session) -> None:
    session.channel.playback("x")


def fails(session: Session) -> None:
    raise ValueError("the handler's own")


def hangs_up(session: Session) -> None:
    session.channel.hangup()
    session.channel.playback("x")


def fails_behind_its_hangup(session: Session) -> None:
    try:
        session.channel.hangup()
        session.channel.playback("x")
    except Hangup as hangup:
        raise ValueError("the handler's own") from hangup


def says_goodbye(session: Session) -> None:
    try:
        session.channel.hangup()
        session.channel.playback("x")
    finally:
        session.channel.playback("y")


def leaves_callbacks(session: Session) -> None:
    @session.channel.on_dtmf("1")
    def pressed(digit: str) -> None:
        session.channel.playback("x")

    @session.on("CHANNEL_ANSWER")
    def answered(event: Event) -> None:
        session.post(event)

    @session.on_hangup
    def gone(hangup: Hangup) -> None:
        session.api("status")


def callback_fails(session: Session) -> None:
    @session.on_hangup
    def gone(hangup: Hangup) -> None:
        raise ValueError(session)

    session.channel.hangup()
    session.channel.playback("x")


def leaves_work(session: Session) -> None:
    session.bgapi("status")
    session.channel.playback("unheard", block=False)
    session.post(session)


def times_out(session: Session) -> None:
    with pytest.raises(TimeoutError):
        session.channel.wait("DTMF", timeout=0.1)
    with pytest.raises(TimeoutError):
        session.channel.playback("unheard", timeout=0.1)


class Watching:
    def __init__(self, session: Session) -> None:
        self.session = session

    def begins(self, wait: Wait) -> None:
        pass

    def ends(self, wait: Wait) -> None:
        pass


def watches(session: Session) -> None:
    session.watch(Watching(session))
    session.channel.playback("x")


reached = threading.Event()


def is_cut(session: Session) -> None:
    reached.set()
    session.channel.wait("POSTED")


WAYS = [
    given_back,
    fails,
    hangs_up,
    fails_behind_its_hangup,
    says_goodbye,
    leaves_callbacks,
    callback_fails,
    leaves_work,
    times_out,
    watches,
    is_cut,
]


@pytest.fixture
def uncollected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.CRITICAL, "eslsync")  # pytest would keep what is logged
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def parts_of(session: Session) -> dict[str, weakref.ref[object]]:
    conversation = session.channel.leg.conversation
    parts = (session, session.channel, session.channel.leg, conversation, conversation.connection)
    return {type(each).__name__: weakref.ref(each) for each in parts}


def serve_all(peer: Peer) -> None:
    """Answer whatever the app sends, to its end; have the caller hang up when it hangs up."""
    while data := peer.sock.recv(65536):
        for command in peer.commands(data):
            application = command.get("execute-app-name", "")
            if command.line == "connect":
                peer.say(peer.connect_reply)
            elif command.line.startswith("api "):
                peer.say(response("+OK"))
            else:
                peer.say(reply("+OK"))
            if "hangup" in (application, command.get("call-command")):
                peer.say(*peer.tail())
                peer.end()
            elif application and command.get("execute-app-arg") != "unheard":
                peer.say(peer.completed(application, command.get("Event-UUID") or ""))
    peer.end()


@pytest.mark.parametrize("record", [False, True], ids=["", "recorded"])
@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_has_ended_is_freed_without_the_cyclic_collector(
    way: Callable[[Session], None], record: bool, uncollected: None, tmp_path: Path
) -> None:
    parts: dict[str, weakref.ref[object]] = {}
    thread: list[threading.Thread] = []

    def handler(session: Session) -> None:
        thread.append(threading.current_thread())
        parts.update(parts_of(session))
        session.channel.answer()
        way(session)

    folder = tmp_path if record else None
    with serving(handler, record=folder) as app, dialled(app) as peer:
        if way is is_cut:
            reached.clear()
            serving_all = Beside(lambda: serve_all(peer))
            assert reached.wait(PATIENCE)
            app.stop(0.0)
            serving_all.join()
        else:
            serve_all(peer)
        thread[0].join(PATIENCE)
        assert len(parts) == 5
        assert [name for name, part in parts.items() if part() is not None] == []


@pytest.mark.parametrize("way", ["a stranger", "too many", "no call", "garbage"])
def test_a_connection_that_becomes_no_call_is_freed_without_the_cyclic_collector(
    way: str, uncollected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[weakref.ref[object]] = []
    init = Conversation.__init__

    def begin(self: Conversation, connection: Connection, *others: Any) -> None:
        init(self, connection, *others)
        parts.extend((weakref.ref(self), weakref.ref(connection), weakref.ref(self.own)))

    options: dict[str, dict[str, Any]] = {
        "a stranger": {"allow": []},
        "too many": {"max_calls": 1},
    }
    with (
        serving(lambda session: session.wait("POSTED"), **options.get(way, {})) as app,
        ExitStack() as first,
    ):
        if way == "too many":
            peer = first.enter_context(dialled(app))
            peer.handshake()
            peer.settle()
        monkeypatch.setattr(Conversation, "__init__", begin)
        with dialled(app) as peer:
            peer.hear("connect")
            [thread] = [
                each for each in threading.enumerate() if each.name.endswith(str(peer.address[1]))
            ]
            if way == "no call":
                peer.end()
            elif way == "garbage":
                peer.say(b"GET / HTTP/1.0\n\n")
                peer.end()
            else:
                peer.say(peer.connect_reply)
                serve_all(peer)
            thread.join(PATIENCE)
            assert len(parts) == 3
            assert [part() for part in parts if part() is not None] == []
