"""Hostile and broken peers against a real `Outbound`, over real sockets."""

from __future__ import annotations

import logging
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eslsync import CommandError, Disconnected, Hangup, Outbound, ProtocolError, Session
from eslsync.protocol import MAX_HEADERS, CommandParser, encode_message, quote
from tests.support.cases import for_each
from tests.support.peer import Peer, Watched, call, changed, event, quiet_call, reply, response

OTHER = "00000000-0000-4000-8000-000000000001"


def answering(session: Session) -> None:
    session.channel.answer()


def waiting(session: Session) -> None:
    session.wait("CODEC")  # which never comes


@contextmanager
def at_most(megabytes: int) -> Iterator[None]:
    """Check that the block allocates a bounded amount of memory."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 1024 * 1024


@contextmanager
def no_call(clock: Watched | None = None) -> Iterator[Outbound]:
    """A server whose handler is not called."""
    called: list[Session] = []
    with Outbound(called.append, port=0, clock=clock or Watched()) as app:
        yield app
    assert called == []


@contextmanager
def knocking(clock: Watched | None = None) -> Iterator[Peer]:
    """A peer that never gets as far as a call."""
    clock = clock or Watched()
    with no_call(clock) as app:
        peer = Peer(app, clock=clock)
        peer.hear("connect")
        try:
            yield peer
            if peer.sock.fileno() >= 0:
                peer.end()
                assert peer.hear_end() == []
        finally:
            peer.sock.close()


# Endless input


def test_a_body_of_a_gigabyte_is_refused_at_its_header() -> None:
    with at_most(20), call(answering) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(b"Content-Type: api/response\nContent-Length: 1073741824\n\n")
        peer.await_handler()
        for _ in range(200):  # and what comes of it is not kept
            peer.say(b"x" * 100_000)
    assert isinstance(peer.raised, ProtocolError)
    assert "a Content-Length of 1073741824, over 16777216" in str(peer.raised)


def test_a_header_without_an_end_is_refused_at_a_megabyte() -> None:
    with at_most(20), call(answering) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(b"Content-Type: command/reply\nReply-Text: ")
        for _ in range(200):
            peer.say(b"x" * 100_000)
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)
    assert f"more than {MAX_HEADERS} bytes of headers" in str(peer.raised)


def test_blank_lines_without_an_end_are_no_message_and_are_not_kept() -> None:
    with at_most(20), call(answering) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        for _ in range(200):
            peer.say(b"\n" * 50_000, b"\r\n" * 25_000)
        peer.say(reply("+OK"))
        peer.end()
        peer.await_handler()
    assert isinstance(peer.raised, Disconnected)  # the reply was taken; its completion never came


def test_unread_events_are_bounded_by_tcp() -> None:
    """While the handler is busy elsewhere, its call is not read and the switch is held back."""
    with at_most(40), call(lambda session: peer.ended.wait()) as peer:
        peer.handshake()
        packet = peer.digit("1")
        peer.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.sock.sendall(packet * 10_000)
        peer.ended.set()
        peer.sock.close()


# Slow or silent peers


def test_a_peer_that_answers_connect_byte_by_byte_is_given_up_at_the_timeout() -> None:
    clock = Watched()
    with knocking(clock) as peer:
        for byte in b"Event-Name: CHANNEL_DATA\nUnique-ID: ":
            peer.say(bytes([byte]))
        peer.settle()
        clock.ahead += 10.0
        peer.say(b"a")  # which wakes the clock, and comes too late
        assert peer.hear_end() == []


def test_a_peer_that_connects_and_says_nothing_is_given_up_at_the_timeout() -> None:
    clock = Watched()
    with knocking(clock) as peer:
        peer.settle()
        clock.ahead += 10.0
        peer.say(b"\n")
        assert peer.hear_end() == []


@pytest.mark.parametrize("stage", ["connect", "linger", "filter", "event"])
def test_a_peer_that_stops_answering_is_given_up_at_the_timeout(stage: str) -> None:
    clock = Watched()
    stages = ["connect", "linger", "filter", "event"]
    with no_call(clock) as app:
        peer = Peer(app, clock=clock)
        for each in stages[: stages.index(stage)]:
            peer.hear()
            peer.say(peer.connect_reply if each == "connect" else reply("+OK"))
        peer.hear()
        peer.settle()
        clock.ahead += 10.0
        peer.say(b"\n")
        peer.settle()  # it closes, or tries to give the call back
        peer.end()
        peer.hear_end()
        peer.sock.close()


@pytest.mark.parametrize("handler", [answering, waiting])
@pytest.mark.parametrize("ending", ["end", "reset"])
def test_a_peer_that_disconnects_ends_the_handlers_wait(handler: object, ending: str) -> None:
    assert callable(handler)
    with call(handler) as peer:
        peer.handshake()
        peer.settle() if handler is waiting else peer.hear("sendmsg")
        peer.end() if ending == "end" else peer.reset()
        peer.await_handler()
    assert isinstance(peer.raised, Disconnected)


@pytest.mark.parametrize("answered", range(4))
@pytest.mark.parametrize("ending", ["end", "reset"])
def test_a_peer_that_disconnects_during_the_handshake_is_no_call(
    answered: int, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    with no_call() as app:
        peer = Peer(app)
        for number in range(answered):
            peer.hear()
            peer.say(peer.connect_reply if number == 0 else reply("+OK"))
        peer.hear()
        peer.end() if ending == "end" else peer.reset()
        if ending == "end":
            peer.hear_end()
            peer.sock.close()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_peer_that_vanished_is_noticed_by_keep_alive() -> None:
    """Only the socket's options can be checked here."""
    settings: list[int] = []

    def handler(session: Session) -> None:
        sock = session.channel.leg.conversation.connection._sock
        settings.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        if hasattr(socket, "TCP_KEEPIDLE"):
            settings.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE))

    with quiet_call(handler) as peer:
        peer.connect()
        peer.await_handler()
        peer.end()
    assert settings[0] == 1
    assert settings[1:] in ([], [60])


# Replies


@pytest.mark.parametrize("unasked", [reply("+OK"), reply("-ERR no"), response("+OK\n")])
def test_a_reply_that_no_command_asked_for_is_a_protocol_error(unasked: bytes) -> None:
    with call(waiting) as peer:
        peer.handshake()
        peer.settle()
        peer.say(unasked)
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)
    assert "no command asked for" in str(peer.raised)


def test_a_second_connect_reply_that_nobody_asked_for_is_a_protocol_error() -> None:
    with call(waiting) as peer:
        peer.handshake()
        peer.settle()
        peer.say(peer.connect_reply)
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)


def test_a_second_connect_reply_in_place_of_another_does_not_change_the_call() -> None:
    def handler(session: Session) -> tuple[str, str]:
        session.send("nolinger")
        return session.uuid, session.context["Unique-ID"]

    with quiet_call(handler) as peer:
        peer.connect()
        peer.hear("nolinger")
        peer.say(changed_context(peer, OTHER))
        peer.await_handler()
        peer.end()
    assert peer.returned == (peer.uuid, peer.uuid)


def changed_context(peer: Peer, uuid: str) -> bytes:
    return peer.connect_reply.replace(peer.uuid.encode(), uuid.encode())


def test_an_api_response_where_a_reply_is_due_is_a_protocol_error() -> None:
    with call(answering) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(response("+OK\n"))
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)


def test_replies_are_matched_to_commands_by_order() -> None:
    """Only the order tells which command a reply belongs to."""

    def handler(session: Session) -> list[str]:
        return [session.send("getvar one").text, session.send("getvar two").text]

    with quiet_call(handler) as peer:
        peer.connect()
        peer.hear("getvar one")
        peer.say(reply("2"))
        peer.hear("getvar two")
        peer.say(reply("1"))
        peer.await_handler()
        peer.end()
    assert peer.returned == ["2", "1"]


def test_a_peer_that_refuses_everything_gets_its_call_back() -> None:
    with no_call() as app:
        peer = Peer(app)
        peer.connect()
        for line in ("linger 60", f"filter Unique-ID {peer.uuid}", "event plain all"):
            peer.serve(line, "-ERR no")
        commands = CommandParser()  # those that give the call back, however many they are
        while data := peer.sock.recv(65536):
            for _ in commands.feed(data):
                peer.say(reply("-ERR no"))
        peer.sock.close()


def test_a_refused_command_raises_in_the_handler() -> None:
    with call(answering) as peer:
        peer.handshake()
        peer.serve("sendmsg", "-ERR no")
        peer.await_handler()
    assert isinstance(peer.raised, CommandError)


def test_a_refusal_of_connect_is_no_call(caplog: pytest.LogCaptureFixture) -> None:
    with knocking() as peer:
        peer.say(reply("-ERR no"))
    assert [record.levelno for record in caplog.records if record.exc_info] == []


# Events


def test_events_before_the_connect_reply_are_ignored() -> None:
    with call(waiting) as peer:
        peer.hear("connect")
        peer.say(peer.digit("1"), event({"Event-Name": "HEARTBEAT"}), peer.connect_reply)
        peer.serve("linger 60")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain all")
        peer.settle()
        peer.end()
        peer.await_handler()
    assert isinstance(peer.raised, Disconnected)


def test_a_hangup_of_another_channel_does_not_end_the_call() -> None:
    def handler(session: Session) -> str:
        session.channel.answer()
        assert session.channel.is_up
        return session.wait("CODEC").name

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("answer")
        for name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            peer.say(changed(peer.event(name), {"Unique-ID": OTHER}))
        peer.say(peer.completed("answer", uuid))
        peer.settle()
        peer.say(event({"Event-Name": "CODEC"}))
        peer.await_handler()
        peer.end()
    assert peer.returned == "CODEC"


def test_a_completion_of_an_unknown_execution_completes_nothing() -> None:
    with call(answering) as peer:
        peer.handshake()
        peer.say(peer.completed("answer", "nobody's"))
        peer.execute("answer")
        peer.say(peer.completed("answer", OTHER))
        peer.settle()
        peer.end()
        peer.await_handler()
    assert isinstance(peer.raised, Disconnected)


def test_events_after_a_disconnect_notice_do_not_revive_the_call() -> None:
    seen: list[str] = []

    def handler(session: Session) -> None:
        session.on("DTMF", lambda event: seen.append(event["DTMF-Digit"]))
        waiting(session)

    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        peer.say(peer.notice(lingers=False), peer.digit("1"), peer.digit("2"))
        peer.end()
        peer.await_handler()
    assert isinstance(peer.raised, Hangup)
    assert seen == []


@for_each(
    ("kind", "content"),
    [
        ("json", b'{"Event-Name": "DTMF"'),
        ("json", b"[]"),
        ("json", rb'{"Event-Name": "\ud800"}'),
        ("xml", b"<event><headers>"),
        ("xml", b"<!DOCTYPE a><event/>"),
    ],
)
def test_a_malformed_event_is_a_protocol_error_and_the_connection_goes_on(
    kind: str, content: bytes
) -> None:
    heard: list[str] = []

    def handler(session: Session) -> None:
        try:
            waiting(session)
        except ProtocolError as error:
            heard.append(str(error))
        heard.append(session.send("getvar name").text)

    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        head = [("Content-Length", str(len(content))), ("Content-Type", f"text/event-{kind}")]
        peer.say(encode_message(head, content))
        peer.serve("getvar name", "value")
        peer.await_handler()
        peer.end()
    assert heard[0].startswith(("an event is not", "an event's"))
    assert heard[1] == "value"


def test_impossible_numbers_in_headers_are_none() -> None:
    def handler(session: Session) -> object:
        return session.channel.playback("a.wav").seconds

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        about = {
            "Event-Name": "CHANNEL_EXECUTE_COMPLETE",
            "Unique-ID": peer.uuid,
            "Application-UUID": uuid,
            "Application-Response": "FILE PLAYED",
            "variable_playback_ms": "9" * 5000,
        }
        peer.say(event(about))
        peer.await_handler()
        peer.end()
    assert peer.raised is None
    assert peer.returned is None


# Conversations that end in unusual ways


def test_connect_refused_as_an_unknown_command_is_no_call() -> None:
    with knocking() as peer:
        peer.say(reply("-ERR command not found"))


def test_a_reply_that_never_comes_is_awaited_until_the_call_ends() -> None:
    """All has been said of the call, and the switch lingers."""
    with call(lambda session: session.send("getvar name")) as peer:
        peer.handshake()
        peer.hear("getvar name")
        peer.say(*peer.tail())
        peer.settle()
        peer.clock.ahead += 10.0
        peer.say(b"\n")  # the clock is looked at
        peer.await_handler()
    assert isinstance(peer.raised, Hangup)


@pytest.mark.parametrize("broken", ["silent", "no event socket"])
def test_a_handshake_that_fails_after_connect_is_one_line_in_the_log(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Watched()
    with no_call(clock) as app:
        peer = Peer(app, clock=clock)
        peer.connect()
        peer.hear("linger 60")
        peer.settle()
        if broken == "silent":
            clock.ahead += 10.0
            peer.say(b"\n")
            peer.settle()  # it tries to give the call back
        else:
            peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.end()
        peer.hear_end()
        peer.sock.close()
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("uuid", ["", "a\nb", "a b", "/x"])
def test_an_invalid_uuid_for_a_new_leg_is_a_protocol_error(uuid: str) -> None:
    with call(lambda session: session.originate("user/1001")) as peer:
        peer.handshake()
        peer.hear("api create_uuid")
        peer.say(response(uuid))
        peer.end()
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)


@pytest.mark.parametrize("number", ["1\nERROR all is lost", "\udcff"])
def test_a_callers_number_can_neither_write_lines_into_the_log_nor_break_it(
    number: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with call(lambda session: None) as peer:
        peer.hear("connect")
        line = f"\nCaller-Caller-ID-Number: {quote(number)}\n".encode()
        before = f"\nCaller-Caller-ID-Number: {quote(peer.context['Caller-Caller-ID-Number'])}\n"
        assert before.encode() in peer.connect_reply
        peer.say(peer.connect_reply.replace(before.encode(), line))
        peer.serve("linger 60")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain all")
        peer.end()
    [said] = [each.getMessage() for each in caplog.records if "call from" in each.getMessage()]
    assert "\n" not in said
    said.encode()  # as a log file does
