"""Real time, as the library waits in it."""

from __future__ import annotations

import datetime
import logging
import math
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

import pytest
from freezegun import freeze_time

from eslsync import Outbound, Session, TimeoutError
from eslsync.clock import REAL, Peer, sooner
from eslsync.serving.connections import MAX_STRANGERS
from tests.support.cases import for_each
from tests.support.peer import Peer as SwitchsEnd
from tests.support.peer import Watched, response

T = TypeVar("T")


def test_an_item_already_in_the_inbox_is_returned_after_the_deadline() -> None:
    inbox: SimpleQueue[str] = SimpleQueue()
    inbox.put("in time")
    inbox.put("too")
    assert REAL.get(inbox, REAL.now() - 10) == "in time"
    assert REAL.get(inbox, None) == "too"
    with pytest.raises(queue.Empty):
        REAL.get(inbox, REAL.now() - 10)


def test_a_thread_that_is_left_for_long_does_not_wait_for_ever() -> None:
    """CPython before 3.13 measures a timeout twice, if nothing holds the queue's lock yet."""

    class Fresh(SimpleQueue[str]):
        is_held = False

        def get(self, block: bool = True, timeout: float | None = None) -> str:
            assert self.is_held, "this would wait for ever"
            return super().get(block, timeout)

        def get_nowait(self) -> str:
            self.is_held = True
            return super().get_nowait()

    with pytest.raises(queue.Empty):
        REAL.get(Fresh(), REAL.now() + 0.001)


def test_a_deadline_is_so_many_seconds_from_now() -> None:
    before = REAL.now()
    deadline = REAL.deadline(1e6)
    assert deadline is not None
    assert before <= deadline - 1e6 <= REAL.now()


@pytest.mark.parametrize("timeout", [None, math.inf])
def test_no_timeout_means_no_deadline(timeout: float | None) -> None:
    assert REAL.deadline(timeout) is None


@pytest.mark.parametrize("timeout", ["1", True, math.nan, [1]])
def test_a_timeout_must_be_a_number_of_seconds(timeout: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="number of seconds"):
        REAL.deadline(timeout)


@pytest.mark.parametrize(
    ("one", "other", "earlier"),
    [(1.0, 2.0, 1.0), (2.0, 1.0, 1.0), (None, 1.0, 1.0), (1.0, None, 1.0)],
)
def test_never_is_later_than_any_deadline(
    one: float | None, other: float | None, earlier: float
) -> None:
    assert sooner(one, other) == earlier
    assert sooner(None, None) is None


def test_freezing_time_does_not_stop_the_real_clock() -> None:
    with freeze_time("2026-01-05T17:59:50"):
        frozen, now = time.monotonic(), REAL.now()
        while REAL.now() == now:
            pass
        assert time.monotonic() == frozen


def test_frozen_time_does_not_stop_the_librarys_own_timeouts() -> None:
    def handler(session: Session) -> None:
        seen.append(datetime.datetime.now())
        for wait in (
            lambda: session.channel.wait("DTMF", timeout=0.05),
            lambda: session.channel.playback("x", timeout=0.05),
            lambda: session.send("getvar x", timeout=0.05),
        ):
            with pytest.raises(TimeoutError):
                wait()
        seen.append(datetime.datetime.now())

    seen: list[datetime.datetime] = []
    with (
        freeze_time("2026-01-05T17:59:50"),
        Outbound(handler, port=0) as app,  # on the real clock
    ):
        peer = SwitchsEnd(app)
        peer.handshake()
        peer.execute("playback")
        peer.hear("getvar x")
        peer.hear("resume")  # the handler has ended
        peer.sock.close()
    assert seen == [datetime.datetime(2026, 1, 5, 17, 59, 50)] * 2


# Who may not wait: user code that runs inside the library, such as a finalizer. These clocks run
# it where the library reports to them: with a lock held, on the reader's thread, inside a wait.


class Interrupted(Watched):
    """A clock in which user code runs, once it is given, on its way into one of the reports."""

    def __init__(self, report: str) -> None:
        super().__init__()
        self.report = report
        self.finalizer: Callable[[], object] | None = None
        self.answers: list[Any] = []

    def _interrupt(self, report: str) -> None:
        if report == self.report and self.finalizer is not None:
            finalizer, self.finalizer = self.finalizer, None
            try:
                self.answers.append(finalizer())
            except RuntimeError as error:
                self.answers.append(str(error))

    def sending(self, peer: Peer, size: int) -> None:
        self._interrupt("sending")

    def received(self, peer: Peer, size: int) -> None:
        self._interrupt("received")
        super().received(peer, size)

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        self._interrupt("get")
        return super().get(inbox, deadline)


WAITING: dict[str, Callable[[Session], object]] = {
    "api": lambda session: session.api("status"),
    "send": lambda session: session.send("linger"),
    "bgapi": lambda session: session.bgapi("status"),
    "getvar": lambda session: session.getvar("x"),
    "execute": lambda session: session.channel.execute("answer", block=False),
    "playback": lambda session: session.channel.playback("x"),
    "wait": lambda session: session.wait("DTMF"),
    "typed_ahead": lambda session: session.channel.leg.typed_ahead(),
}


@contextmanager
def interrupted(
    clock: Interrupted, handler: Callable[[Session], object]
) -> Iterator[tuple[Outbound, SwitchsEnd]]:
    with Outbound(handler, port=0, clock=clock) as app:
        peer = SwitchsEnd(app, clock=clock)
        with peer.sock:
            peer.handshake()
            yield app, peer
            peer.end()
            peer.hear_end()


def answer(peer: SwitchsEnd, *texts: str) -> None:
    for text in texts:
        peer.hear(f"api {text}")
        peer.settle()
        peer.say(response(text))


@for_each("method", WAITING)
@for_each("report", ["sending", "received", "get"])
def test_code_that_runs_inside_the_library_may_not_wait(report: str, method: str) -> None:
    heard: list[str] = []

    def handler(session: Session) -> None:
        clock.finalizer = lambda: WAITING[method](session)
        heard.append(session.api("one"))
        heard.append(session.api("two"))

    clock = Interrupted(report)
    with interrupted(clock, handler) as (_, peer):
        answer(peer, "one", "two")
    assert heard == ["one", "two"]
    [said] = clock.answers
    assert "must not wait here" in said or "only the handler's thread may wait" in said


def test_code_inside_one_call_may_not_wait_for_another() -> None:
    sessions: list[Session] = []
    heard: list[str] = []

    def handler(session: Session) -> None:
        sessions.append(session)
        if len(sessions) == 2:  # it sends to the first, whose lock it then holds
            clock.finalizer = lambda: session.api("own")
            heard.append(sessions[0].api("one"))
            heard.append(session.api("two"))
        else:
            session.wait("POSTED")

    clock = Interrupted("sending")
    with interrupted(clock, handler) as (app, first):
        first.settle()
        second = SwitchsEnd(app, clock=clock)
        with second.sock:
            second.handshake()
            answer(first, "one")
            answer(second, "two")
            second.end()
            second.hear_end()
        sessions[0].post()
    assert heard == ["one", "two"]
    assert "must not wait here" in clock.answers[0]


@pytest.mark.parametrize("report", ["sending", "received", "get"])
def test_code_that_runs_inside_the_library_may_post(report: str) -> None:
    heard: list[object] = []

    def handler(session: Session) -> None:
        clock.finalizer = lambda: session.post("from within")
        session.api("one")
        heard.append(session.wait("POSTED").value)

    clock = Interrupted(report)
    with interrupted(clock, handler) as (_, peer):
        answer(peer, "one")
    assert clock.answers == [True]
    assert heard == ["from within"]


def test_a_logging_handler_on_the_acceptors_thread_stops_the_server_without_a_wait() -> None:
    answers: list[object] = []

    class Stops(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "too many" in record.getMessage():
                answers.append(app.stop())

    stops = Stops()
    logging.getLogger("eslsync").addHandler(stops)
    try:
        with Outbound(print, port=0, allow=[]) as app, ExitStack() as strangers:
            address = ("127.0.0.1", app.port)
            for _ in range(MAX_STRANGERS):
                each = strangers.enter_context(socket.create_connection(address))
                assert each.recv(100) == b"connect\n\n"
            with socket.create_connection(address) as one_too_many:
                assert one_too_many.recv(1) == b""
    finally:
        logging.getLogger("eslsync").removeHandler(stops)
    assert answers == [()]


def test_a_signal_handler_may_post_while_its_thread_posts() -> None:
    heard: list[object] = []

    class Signals(Watched):
        def received(self, peer: Peer, size: int) -> None:
            if threading.current_thread() is threading.main_thread() and not heard:
                heard.append("signal")
                signal.raise_signal(signal.SIGUSR2)
            super().received(peer, size)

    def handler(session: Session) -> None:
        heard.extend(session.wait("POSTED").value for _ in range(2))

    clock = Signals()
    before = signal.signal(signal.SIGUSR2, lambda *_: app.calls[0].session.post("second"))
    try:
        with Outbound(handler, port=0, clock=clock) as app:
            peer = SwitchsEnd(app, clock=clock)
            with peer.sock:
                peer.handshake()
                peer.settle()
                app.calls[0].session.post("first")
                peer.end()
                peer.hear_end()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert heard == ["signal", "first", "second"]
