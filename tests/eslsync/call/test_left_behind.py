"""Calls of handlers that are stuck in code of their own when the server stops."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Disconnected, Hangup, Session
from eslsync.observers import ObservedCall, Observer
from tests.support.peer import PATIENCE, Peer, response
from tests.support.servers import Beside, dialled, messages, serving


class Told(Observer):
    """Notes the moments that tell of the end."""

    def __init__(self) -> None:
        self.moments: list[str] = []

    def wait_ended(self, call: ObservedCall, wait: Any, outcome: str, at: float) -> None:
        self.moments.append(f"wait {outcome}")

    def hung_up(self, call: ObservedCall, cause: Any, at: float) -> None:
        self.moments.append(f"hung up {cause}")

    def failed(self, call: ObservedCall, error: BaseException, at: float) -> None:
        self.moments.append("failed")

    def given_back(self, call: ObservedCall, at: float) -> None:
        self.moments.append("given back")

    def ended(self, call: ObservedCall, how: str, at: float) -> None:
        self.moments.append(f"ended {how}")


class Stuck:
    """A server that stops while the handler of its one call is stuck in code of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, begin: Callable[[Session], Any]) -> None:
        monkeypatch.setattr("eslsync.serving.server.CUT_TIMEOUT", 0.01)
        monkeypatch.setattr("eslsync.serving.server.LAST_TIMEOUT", 0.01)
        self._begin = begin
        self.told = Told()
        self.stuck, self._released, self._over = (threading.Event() for _ in range(3))
        self.raised: list[str] = []

    def handle(self, session: Session) -> None:
        try:
            self._begin(session)
            self.be_stuck(session)
        finally:
            self._over.set()

    def be_stuck(self, session: Session) -> None:
        self.stuck.set()
        self._released.wait(PATIENCE)
        for later in (lambda: session.channel.playback("x"), lambda: session.api("status")):
            with pytest.raises((Disconnected, Hangup)) as caught:
                later()
            self.raised.append(str(caught.value))
        raise KeyError("later")

    def serve(
        self,
        talk: Callable[[Peer], object],
        heard: Callable[[Peer], object],
        name: str = "03a",
        **options: Any,
    ) -> None:
        with (
            serving(self.handle, observers=[self.told], **options) as app,
            dialled(app, name=name) as peer,
        ):
            peer.handshake()
            talk(peer)
            assert self.stuck.wait(PATIENCE)
            stopping = Beside(lambda: app.stop(timeout=0))
            heard(peer)
            assert peer.sock.recv(1) == b""  # in order: a reset would raise
            peer.end()
            stopping.join()
            assert self.told.moments[-1] == "ended stuck"
            self._released.set()
            assert self._over.wait(PATIENCE)
        assert len(self.raised) == 2


def hears_resume(peer: Peer) -> None:
    peer.hear("resume")
    unset = peer.hear("sendmsg")
    assert (unset.get("execute-app-name"), unset.get("execute-app-arg")) == (
        "unset",
        "socket_resume",
    )


def nothing(peer: Peer) -> None:
    pass


def last_line(caplog: pytest.LogCaptureFixture) -> Any:
    [line] = [each for each in caplog.records if hasattr(each, "became")]
    return line


def test_the_caller_of_a_stuck_handler_is_not_left_in_the_music(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    stuck = Stuck(
        monkeypatch, lambda session: session.channel.playback("local_stream://moh", block=False)
    )
    stuck.serve(lambda peer: peer.execute("playback"), hears_resume)
    assert stuck.told.moments == ["given back", "ended stuck"]
    line = last_line(caplog)
    assert (line.ended, line.became) == ("stuck", "given back")
    assert line.getMessage().startswith("the call was given back to the dialplan after ")
    assert line.getMessage().endswith("; the handler is stuck, and left behind")
    assert any("is stuck in its handler" in each for each in messages(caplog, logging.ERROR))


def test_what_has_completed_meanwhile_needs_no_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(peer: Peer) -> None:
        uuid = peer.execute("playback")
        assert stuck.stuck.wait(PATIENCE)
        peer.say(peer.completed("playback", uuid))
        peer.arrived()

    stuck = Stuck(monkeypatch, lambda session: session.channel.playback("x", block=False))
    stuck.serve(talk, nothing)
    assert stuck.told.moments == ["given back", "ended stuck"]


def test_a_caller_who_has_hung_up_meanwhile_is_told_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def talk(peer: Peer) -> None:
        assert stuck.stuck.wait(PATIENCE)
        peer.say(*peer.tail())
        peer.arrived()

    caplog.set_level(logging.INFO, "eslsync")
    stuck = Stuck(monkeypatch, lambda session: None)
    stuck.serve(talk, nothing)
    assert stuck.told.moments == ["hung up NORMAL_CLEARING", "ended stuck"]
    line = last_line(caplog)
    assert (line.ended, line.became, line.cause) == ("stuck", "hung up", "NORMAL_CLEARING")


def test_a_bridge_is_left_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck(
        monkeypatch, lambda session: session.channel.execute("bridge", "user/1", block=False)
    )
    stuck.serve(
        lambda peer: peer.execute("bridge"),
        nothing,
    )


def test_a_recording_is_ended_and_the_limit_of_the_call_is_lifted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def talk(peer: Peer) -> None:
        command = peer.hear()
        assert command.line.startswith("api sched_api +")
        peer.say(response("+OK"))
        peer.execute("record")

    def heard(peer: Peer) -> None:
        peer.hear(f"api sched_del eslsync/{peer.uuid}")
        peer.hear(f"api uuid_break {peer.uuid} all")

    stuck = Stuck(
        monkeypatch, lambda session: session.channel.execute("record", "x.wav", block=False)
    )
    stuck.serve(talk, heard, max_call_duration=60)


def test_a_wait_around_the_callback_that_is_stuck_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(session: Session) -> None:
        session.on("DTMF", lambda event: stuck.be_stuck(session))
        session.wait("CHANNEL_ANSWER")

    def talk(peer: Peer) -> None:
        peer.settle()
        peer.say(peer.digit("1"))

    stuck = Stuck(monkeypatch, waits)
    stuck.serve(talk, nothing)
    assert stuck.told.moments == ["given back", "wait dropped", "ended stuck"]


def test_a_sync_socket_hears_only_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read while an application runs, so nothing can break that off."""
    stuck = Stuck(monkeypatch, lambda session: session.channel.playback("x", block=False))
    stuck.serve(lambda peer: peer.execute("playback"), nothing, name="06a")
