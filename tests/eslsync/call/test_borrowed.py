"""Variables that methods set for themselves are restored, and no others."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from eslsync import Channel, CommandError, Session
from eslsync.call.execution import UnderWay
from eslsync.call.leg import Leg
from tests.support.asking import ORIGINATED, ask, session_of
from tests.support.evidence import stands_on
from tests.support.peer import PATIENCE, call
from tests.support.servers import Beside


@stands_on(ORIGINATED, "originate")
def test_variables_set_for_one_bridge_are_not_left_for_the_next() -> None:
    def question(channel: Channel) -> list[object]:
        channel.bridge(session_of(channel).originate("user/1000"))
        second = channel.bridge("user/1001")
        return [second.answered, channel.playback("ivr/goodbye").response]

    ends = {"answers_after": 1.0, "hangs_up_after": 5.0}
    asked = ask(question, endpoints={"user/1000": ends, "user/1001": ends})
    assert asked.value == [True, "FILE PLAYED"]


def test_a_variable_that_another_thread_has_set_is_not_restored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another thread may set the variable between a method's reading and writing it."""

    def handler(session: Session) -> None:
        channel = session.channel
        borrowed = channel.leg.borrowed
        borrowed.set(None, one="ours", two="ours")
        go = threading.Event()

        def other() -> None:
            go.wait(PATIENCE)
            channel.execute("set", "one=theirs", block=False)

        beside = Beside(other)
        session.on("CODEC", lambda event: None)
        start = Leg.start

        def start_and_let_the_other_set(self: Leg, *arguments: Any) -> UnderWay:
            sent = start(self, *arguments)
            go.set()
            beside.join()
            return sent

        with monkeypatch.context() as patched:
            patched.setattr(Leg, "start", start_and_let_the_other_set)
            borrowed.set(None, two="again")
        kept.update(borrowed.ours)

    kept: set[str] = set()
    with call(handler) as peer:
        peer.handshake()
        for _ in range(3):
            command = peer.serve("sendmsg")
            assert command.get("execute-app-name") in ("set", "multiset")
        peer.await_handler()
        peer.end()
        peer.hear_end()
    assert "one" not in kept


def test_terminators_are_set_only_when_they_change_and_not_awaited() -> None:
    def handler(session: Session) -> None:
        for terminators in ("12", "12", "", None, None):
            session.channel.playback("x", terminators=terminators)

    with call(handler) as peer:
        peer.handshake()
        peer.execute("set", "playback_terminators=12")
        peer.run("playback")
        peer.run("playback")
        peer.execute("set", "playback_terminators=none")
        peer.run("playback")
        peer.execute("unset", "playback_terminators")
        peer.run("playback")
        peer.run("playback")
    assert peer.raised is None


def test_a_variable_that_was_unset_before_a_refusal_is_set_again() -> None:
    def handler(session: Session) -> None:
        borrowed = session.channel.leg.borrowed
        borrowed.set(None, one="ours")
        with pytest.raises(CommandError):
            borrowed.set(None, one=None, two="ours")
        borrowed.set(None, one="ours")

    told: list[tuple[str | None, str | None]] = []
    with call(handler) as peer:
        peer.handshake()
        for answer in ("+OK", "+OK", "-ERR no", "+OK"):
            command = peer.serve("sendmsg", answer)
            told.append((command.get("execute-app-name"), command.get("execute-app-arg")))
        peer.await_handler()
        peer.end()
        peer.hear_end()
    assert told == [("set", "one=ours"), ("unset", "one"), ("set", "two=ours"), ("set", "one=ours")]
