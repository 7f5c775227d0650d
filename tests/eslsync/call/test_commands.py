"""Each reply reaches the thread that sent its command."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import ChannelState, CommandError, Disconnected, ProtocolError, Session, TimeoutError
from eslsync.call import connection
from tests.support.cases import for_each
from tests.support.peer import PATIENCE, call, quiet_call, reply, response
from tests.support.servers import in_another_thread


def test_commands_work_in_another_thread() -> None:
    def handler(session: Session) -> list[Any]:
        def work() -> list[Any]:
            execution = session.channel.playback("x", terminators="1", block=False)
            return [
                session.send("getvar x").text,
                session.api("status"),
                session.sendmsg("execute").text,
                execution.application,
            ]

        return in_another_thread(work)  # type: ignore[no-any-return]

    with call(handler) as peer:
        peer.handshake()
        peer.execute("set", "playback_terminators=1")
        peer.execute("playback")
        peer.serve("getvar x", "1")
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("api status")
        peer.say(response("UP"))
        peer.serve("sendmsg")
    assert peer.returned == ["1", "UP", "+OK", "playback"]


@for_each(
    "wait",
    [
        lambda session: session.wait("DTMF"),
        lambda session: session.channel.wait(ChannelState.EXECUTE),
        lambda session: session.channel.execute("answer"),
        lambda session: session.channel.hangup(),
        lambda session: session.channel.flush_digits(),
        lambda session: next(session.events()),
        lambda session: session.exit(),
    ],
)
@for_each("ended", [False, True])
def test_waiting_for_events_in_another_thread_is_refused(
    ended: bool, wait: Callable[[Session], Any]
) -> None:
    def handler(session: Session) -> Any:
        session.send("getvar begun")
        return in_another_thread(lambda: wait(session))

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar begun")
        peer.say(*(peer.tail() if ended else ()), reply("1"))
        peer.await_handler()
    assert isinstance(peer.returned, RuntimeError)
    assert "the handler's thread" in str(peer.returned)


def test_each_reply_reaches_the_thread_that_sent_the_command() -> None:
    def handler(session: Session) -> list[str]:
        theirs: list[str] = []
        thread = threading.Thread(target=lambda: theirs.append(session.send("getvar theirs").text))
        thread.start()
        session.send("getvar sent_by_now")
        ours = session.send("getvar ours").text
        thread.join(PATIENCE)
        return [ours, *theirs]

    with quiet_call(handler) as peer:
        peer.connect()
        for _ in range(3):  # theirs may come before, between or after ours
            command = peer.hear()
            peer.say(reply(command.line.removeprefix("getvar ")))
    assert peer.returned == ["ours", "theirs"]


def test_a_late_reply_is_dropped_and_the_next_one_reaches_its_sender() -> None:
    def handler(session: Session) -> list[Any]:
        with pytest.raises(TimeoutError, match="getvar slow"):
            session.send("getvar slow", timeout=0.01)
        theirs = in_another_thread(lambda: session.send("getvar theirs", timeout=0.01))
        return [
            theirs,
            session.send("getvar next").text,
            in_another_thread(lambda: session.send("getvar last").text),
        ]

    with quiet_call(handler) as peer:
        peer.connect()
        for name in ("slow", "theirs", "next"):
            peer.hear(f"getvar {name}")
        peer.say(reply("slow"), reply("theirs"), reply("next"))
        peer.serve("getvar last", "last")
    theirs, *others = peer.returned
    assert isinstance(theirs, TimeoutError)
    assert others == ["next", "last"]


def test_a_large_reply_to_another_thread_is_not_held_back_by_the_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 1000)
    printed = "x" * 300_000

    # The handler takes nothing while it waits for its thread.
    with quiet_call(lambda session: in_another_thread(lambda: session.api("show"))) as peer:
        peer.connect()
        peer.hear("api show")
        peer.say(response(printed))
    assert peer.returned == printed


def test_a_refusal_ends_one_command_and_not_the_call() -> None:
    def handler(session: Session) -> str:
        with pytest.raises(CommandError, match="invalid session id"):
            session.channel.playback("x")
        assert not session.channel.leg.under_way
        return session.send("getvar x").text

    with call(handler) as peer:
        peer.handshake()
        peer.serve("sendmsg", "-ERR invalid session id")
        peer.serve("getvar x", "1")
    assert peer.returned == "1"


def test_a_reply_of_the_wrong_kind_is_a_protocol_error() -> None:
    with quiet_call(lambda session: session.sendmsg("execute")) as peer:
        peer.connect()
        peer.hear("sendmsg")
        peer.say(response("+OK"))
    assert type(peer.raised) is ProtocolError


def test_unanswered_commands_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
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
