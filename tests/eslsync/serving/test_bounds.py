"""Bounds: calls at a time, how long they last, what waits to be taken or sent."""

from __future__ import annotations

import errno
import itertools
import logging
import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eslsync import Disconnected, Hangup, Outbound, Session, TimeoutError
from eslsync.call import connection, conversation
from eslsync.serving.server import Server
from simulator import FreeSwitch
from tests.eslsync.serving.test_access import is_turned_away
from tests.support.peer import PATIENCE, Peer, call, event, quiet_call, reply, response
from tests.support.servers import Beside, dialled, messages, refused, serving


def wait_for_a_digit(session: Session) -> None:
    session.wait("DTMF")


def hang_up(peer: Peer) -> None:
    peer.say(*peer.tail())
    peer.end()
    peer.hear_end()


def take(peer: Peer) -> None:
    peer.handshake()
    peer.settle()


# Calls at a time


def test_a_caller_beyond_max_calls_is_hung_up_with_the_cause_that_was_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        serving(wait_for_a_digit, max_calls=2, when_full="SWITCH_CONGESTION") as app,
        dialled(app) as first,
        dialled(app) as second,
    ):
        take(first)
        take(second)
        for _ in range(2):
            with dialled(app, name="04a") as late:
                is_turned_away(late, "SWITCH_CONGESTION")
        assert len(app.calls) == 2
        hang_up(first)
        until(lambda: len(app.calls) == 1)
        with dialled(app) as third:
            take(third)
            hang_up(third)
        hang_up(second)
    [told] = messages(caplog, logging.WARNING)
    assert "turned away a call from ('127.0.0.1'" in told
    assert "there are max_calls=2" in told


def until(condition: Callable[[], bool]) -> None:
    """What comes to be by itself, once other threads have got so far."""
    while not condition():
        threading.Event().wait(0.001)


@contextmanager
def first_that_connects(app: Outbound) -> Iterator[Peer]:
    while True:
        try:
            peer = Peer(app, clock=app.clock)  # type: ignore[arg-type]
            break
        except ConnectionError:
            continue
    with peer.sock:
        yield peer


def test_while_it_is_full_nobody_listens_so_that_freeswitch_tries_the_next_host() -> None:
    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app:
        port = app.port
        for _ in range(3):
            with first_that_connects(app) as peer:
                take(peer)
                until(lambda: refused(app))
                hang_up(peer)
        until(lambda: not refused(app))
        assert app.port == port


@pytest.mark.parametrize("fails", [[], [1], [2], [3], [1, 2, 3]], ids=str)
@pytest.mark.parametrize("knocking", [256, 1])
def test_calls_that_had_connected_when_it_became_full_are_given_back(
    fails: list[int], knocking: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never just closed: that would park the caller for ever (14b).

    Not even where one of them could not be accepted at once, or there are many.
    """

    def held(self: Server) -> Any:
        assert go.wait(PATIENCE)
        if next(attempts) in fails:
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(self)

    go, accept, attempts = threading.Event(), Server.get_request, itertools.count(1)
    monkeypatch.setattr(Server, "get_request", held)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.001)
    monkeypatch.setattr("eslsync.serving.server.MAX_KNOCKING", knocking)
    with (
        serving(wait_for_a_digit, max_calls=1, when_full="close") as app,
        dialled(app) as peer,
        dialled(app) as second,
        dialled(app) as third,
    ):
        go.set()
        take(peer)
        second.is_given_back()
        third.is_given_back()
        hang_up(peer)


def test_the_port_is_listened_on_again_once_it_can_be_had(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.001)
    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app:
        with dialled(app) as peer:
            take(peer)
            until(lambda: refused(app))
            # Somebody else has it meanwhile.
            taken = socket.create_server((app.host, app.port))
            hang_up(peer)
        until(lambda: "listened on again" in messages(caplog, logging.WARNING)[-1])
        taken.close()
        until(lambda: not refused(app))


def test_stop_while_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app, dialled(app) as peer:
        take(peer)
        until(lambda: refused(app))
        stopping = Beside(app.stop)
        hang_up(peer)
        stopping.join()
    assert refused(app)


def test_a_probe_is_no_call_and_makes_nobody_wait(caplog: pytest.LogCaptureFixture) -> None:
    with serving(wait_for_a_digit, max_calls=2, when_full="close") as app, dialled(app) as peer:
        take(peer)
        for _ in range(100):
            until(lambda: not refused(app))
        hang_up(peer)
    assert {record.levelno for record in caplog.records} <= {logging.INFO, logging.WARNING}
    assert set(messages(caplog, logging.WARNING)) <= {"full: not listening until a call has ended"}


def test_connections_that_are_no_calls_yet_are_bounded_and_the_next_wait_unaccepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.serving.server.MAX_KNOCKING", 1)
    options = {"max_calls": 1, "when_full": "USER_BUSY"}
    with serving(wait_for_a_digit, **options) as app, dialled(app) as peer:
        take(peer)
        with dialled(app, name="04a") as second, dialled(app, name="04a") as third:
            second.hear("connect")
            third.hear_nothing()
            second.say(second._said[0][1])
            second.serve("sendmsg")
            second.say(second.notice(lingers=False))
            second.end()
            second.hear_end()
            is_turned_away(third, "USER_BUSY")
        hang_up(peer)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_calls": 0}, "max_calls is 1 or more"),
        ({"when_full": "GO_AWAY"}, "when_full is"),
        ({"when_full": "USER_BUSY\n\nexit"}, "when_full is"),
        ({"max_call_duration": 0}, "max_call_duration is"),
        ({"max_call_duration": -1}, "max_call_duration is"),
        ({"max_call_duration": math.nan}, "max_call_duration is"),
        ({"max_call_duration": math.inf}, "max_call_duration is"),
    ],
)
def test_a_bound_that_can_not_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Outbound(wait_for_a_digit, **options)


# How long a call lasts


@pytest.mark.parametrize("socket", ["async full", "full", "async", ""])
def test_a_handler_that_overruns_is_ended_by_the_hangup_of_its_call(socket: str) -> None:
    with FreeSwitch(prompts={"long": 600.0}) as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            session.channel.playback("long")

        call = switch.call(Outbound(handler, max_call_duration=60), socket=socket)
        call.wait()
    assert call.cause == "ALLOTTED_TIMEOUT"
    assert 60 <= call.duration <= 61.6
    assert isinstance(call.outcome, Hangup)


def test_not_even_a_handler_that_is_stuck_elsewhere_holds_its_caller() -> None:
    import time

    with FreeSwitch() as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            time.sleep(3600)  # of virtual time

        call = switch.call(Outbound(handler, max_call_duration=60))
        call.say_nothing(62)
        assert call.cause == "ALLOTTED_TIMEOUT"


def test_what_the_dialplan_does_afterwards_has_no_limit() -> None:
    with FreeSwitch(prompts={"queue": 600.0}) as switch:
        call = switch.call(
            Outbound(lambda session: session.channel.answer(), max_call_duration=60),
            after=[("playback", "queue")],
        )
        call.hear("queue", timeout=700)
        call.wait()
    assert call.duration > 600


def test_a_schedule_of_the_handler_s_own_is_not_taken_back() -> None:
    with FreeSwitch(prompts={"queue": 600.0}) as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            session.channel.sched_hangup(100, "NORMAL_TEMPORARY_FAILURE")

        call = switch.call(Outbound(handler, max_call_duration=500), after=[("playback", "queue")])
        call.wait()
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"


# What waits to be taken


def test_a_flood_of_tiny_messages_holds_the_switch_back_too() -> None:
    """What a message costs beside its bytes counts as well."""
    tiny = b"Content-Type: log/data\n\n"
    with call(lambda session: full.wait(PATIENCE)) as peer:
        full = threading.Event()
        peer.handshake()
        queued = 0
        connection_of = peer.app.calls[0].session._connection
        while not connection_of.paused:
            peer.say(tiny * 100)
            peer.arrived()
            queued += 100
        assert queued * (len(tiny) + connection.MESSAGE_WEIGHT) < 2 * connection.HIGH_WATER
        full.set()
        peer.await_handler()


def test_events_that_wait_for_a_callback_are_bounded_in_bytes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(conversation, "MAX_BACKLOG_BYTES", 500_000)

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


def test_digits_typed_ahead_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MAX_DIGITS_BYTES", 2_000)

    def handler(session: Session) -> tuple[str, int]:
        session.channel.wait("CHANNEL_PARK")
        return session.channel.wait("DTMF")["DTMF-Digit"], session.dropped

    with call(handler) as peer:
        peer.handshake()
        for digit in "123":
            headers = {"Event-Name": "DTMF", "Unique-ID": peer.uuid, "DTMF-Digit": digit}
            peer.say(event({**headers, "Padding": "x" * 900}))
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))
    assert peer.returned == ("2", 1)


@contextmanager
def another_thread_waits(
    first: str, then: list[str]
) -> Iterator[tuple[Peer, list[Any], threading.Event]]:
    """The handler takes nothing, and another thread has asked; what it was told."""

    def handler(session: Session) -> None:
        def ask() -> None:
            for command in [first, *then]:
                try:
                    told.append(session.api(command))
                except Disconnected as error:
                    told.append(error)

        asking = Beside(ask)
        asking.join()

    told: list[Any] = []
    with call(handler) as peer:
        peer.handshake()
        peer.hear(f"api {first}")
        yield peer, told, peer.ended


def test_a_reply_to_another_thread_comes_through_a_flood_that_the_handler_does_not_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 10_000)
    with another_thread_waits("status", ["again"]) as (peer, told, _):
        flood = peer.event("PLAYBACK_START")
        peer.say(*[flood] * 10, response("UP"))
        peer.hear("api again")
        peer.say(*[flood] * 10, response("UP"))
        peer.await_handler()
    assert told == ["UP", "UP"]


def test_a_reply_behind_a_flood_that_is_too_much_is_no_longer_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 10_000)
    monkeypatch.setattr(connection, "FLOOD_WATER", 50_000)
    with another_thread_waits("status", ["again"]) as (peer, told, _):
        peer.say(*[peer.event("PLAYBACK_START")] * 30)
        peer.await_handler()
    assert [type(each) for each in told] == [Disconnected] * 2
    assert "the handler has not taken what has arrived" in str(told[1])


# What waits to be sent


def test_a_switch_that_takes_nothing_holds_no_command_longer_than_its_timeout() -> None:
    large = "x" * 12_000_000

    def handler(session: Session) -> None:
        for said in ("no reply to", "have not been taken by the switch"):
            try:
                session.sendevent("CUSTOM", body=large, timeout=0.01)
            except (TimeoutError, Disconnected) as error:
                told.append((said, str(error)))

    told: list[tuple[str, str]] = []
    with quiet_call(handler) as peer:
        peer.connect()
        peer.await_handler()
        peer.reset()
    assert len(told) == 2
    assert all(said in error for said, error in told)


def test_a_large_command_goes_out_as_the_switch_takes_it() -> None:
    large = "x" * 12_000_000
    with quiet_call(lambda session: session.sendevent("CUSTOM", body=large)) as peer:
        peer.connect()
        assert peer.serve("sendevent CUSTOM").body == large.encode()
    assert peer.raised is None


def test_a_switch_that_takes_nothing_for_too_long_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "SEND_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.call.reader.CHECK_INTERVAL", 0.01)
    large = "x" * 12_000_000
    with quiet_call(lambda session: session.sendevent("CUSTOM", body=large)) as peer:
        peer.connect()
        peer.await_handler()
        peer.reset()
    assert type(peer.raised) is Disconnected
    assert "has taken nothing" in str(peer.raised)


def test_what_is_unsent_when_the_handler_ends_is_sent_before_the_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.session.GIVE_BACK_TIMEOUT", 0.1)  # nobody answers
    large = "x" * 12_000_000

    def handler(session: Session) -> None:
        with pytest.raises(TimeoutError):
            session.sendevent("CUSTOM", body=large, timeout=0.01)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.await_handler()
        [command, *_] = peer.hear_end()
    assert command.body == large.encode()


def test_commands_that_nobody_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_UNANSWERED", 3)

    def handler(session: Session) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                session.send("getvar x", timeout=0)
        with pytest.raises(Disconnected, match="3 commands have not been answered"):
            session.send("getvar x", timeout=0)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.await_handler()
    assert peer.raised is None


def test_no_descriptor_for_the_port_of_a_full_server_is_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.001)
    failed = threading.Event()
    make = socket.socket

    def none_left(*args: Any, **options: Any) -> socket.socket:
        if threading.current_thread().name.startswith("eslsync-accept") and not failed.is_set():
            if not (args and "fileno" not in options and len(args) < 4):
                return make(*args, **options)
            failed.set()
            raise OSError(errno.EMFILE, "Too many open files")
        return make(*args, **options)

    with serving(wait_for_a_digit, max_calls=1, when_full="close") as app:
        with dialled(app) as peer:
            take(peer)
            until(lambda: refused(app))
            monkeypatch.setattr("socket.socket", none_left)
            hang_up(peer)
            assert failed.wait(PATIENCE)
        monkeypatch.undo()
        until(lambda: not refused(app))


def test_large_messages_that_nobody_takes_hold_the_switch_back() -> None:
    """A message counts with all its bytes, however many reads they took."""
    size = 1024 * 1024
    large = event({"Event-Name": "CUSTOM", "Event-Subclass": "large::one"}, "x" * size)
    with call(lambda session: full.wait(PATIENCE)) as peer:
        full = threading.Event()
        peer.handshake()
        connection = peer.app.calls[0].session._connection
        untaken = 0
        while not connection.paused and untaken < 20 * size:
            peer.say(large[:-1])
            peer.arrived()
            peer.say(large[-1:])
            peer.arrived()
            untaken += len(large)
        full.set()
        peer.await_handler()
    assert untaken < 3 * size
