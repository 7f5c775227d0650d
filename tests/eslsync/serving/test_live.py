"""Seeing inside: the calls that are up, what each waits for and where; and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import ChannelState, Event, LiveCall, Outbound, Session
from tests.support.peer import PATIENCE, Watched, reply
from tests.support.servers import Beside, dialled, refused, serving


def line_of(function: Callable[..., Any], offset: int) -> str:
    """A line so far into a function, as a report names it."""
    line = function.__code__.co_firstlineno + offset
    return f"{os.path.basename(__file__)}:{line} in {function.__name__}"


def ask(session: Session) -> None:
    session.send("getvar x")


def listen(session: Session) -> None:
    session.channel.answer()
    ask(session)
    session.channel.wait("DTMF", timeout=60)


def test_calls_tell_who_calls_how_long_and_what_each_handler_waits_for_and_where() -> None:
    with serving(listen) as app, dialled(app) as peer:
        peer.handshake()
        uuid = peer.execute("answer")
        peer.settle()
        [call] = app.calls
        assert isinstance(call, LiveCall)
        assert (call.uuid, call.caller, call.destination) == (peer.uuid, "1001", "5000")
        assert call.state is ChannelState.EXECUTE
        assert (call.waiting_for, call.where) == ("answer", line_of(listen, 1))

        peer.say(peer.completed("answer", uuid))
        peer.hear("getvar x")
        peer.settle()
        [call] = app.calls
        assert (call.waiting_for, call.where) == ("getvar x", line_of(ask, 1))
        assert call.stack == (line_of(listen, 2), line_of(ask, 1))

        peer.say(reply("1"))
        peer.settle()
        peer.clock.ahead = 7.0
        [call] = app.calls
        assert (call.waiting_for, call.where) == ("DTMF", line_of(listen, 3))
        assert 7.0 <= call.age < 7.0 + PATIENCE
        peer.end()
        peer.hear_end()
    assert app.calls == ()


def test_a_handler_that_runs_is_seen_where_it_runs_and_so_is_a_callback() -> None:
    def handler(session: Session) -> None:
        @session.on("CHANNEL_ANSWER")
        def answered(event: Event) -> None:
            seen.extend(app.calls)
            session.send("getvar x")

        seen.extend(app.calls)
        session.channel.wait("DTMF")

    seen: list[LiveCall] = []
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        peer.settle()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("getvar x")
        peer.settle()
        seen += app.calls
        peer.end()
        peer.hear_end()
    first, second, third = seen
    assert (first.waiting_for, first.where) == (None, line_of(handler, 6))
    assert second.waiting_for is None
    assert second.where.endswith("in answered")
    assert third.waiting_for == "getvar x"
    assert [each.partition(" in ")[2] for each in third.stack] == ["handler", "answered"]


def test_a_report_is_for_people_to_read() -> None:
    with serving(listen) as app, dialled(app) as peer:
        assert app.report() == "0 calls\n"
        peer.handshake()
        peer.run("answer")
        peer.hear("getvar x")
        peer.settle()
        first, *stack = app.report().splitlines()[1:]
        assert re.fullmatch(
            rf"{peer.uuid} from 1001 to 5000, \d+\.\d s, CS_EXECUTE: waits for getvar x, "
            rf"at {line_of(ask, 1)}",
            first,
        )
        assert stack == [f"    {line_of(listen, 2)}", f"    {line_of(ask, 1)}"]
        assert app.report().startswith("1 call\n")
        peer.end()
        peer.hear_end()


def test_a_session_of_a_live_call_can_be_sent_commands_from_outside() -> None:
    with serving(listen) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("answer")
        peer.settle()
        asking = Beside(lambda: app.calls[0].session.send(f"sendmsg {peer.uuid}"))
        peer.serve(f"sendmsg {peer.uuid}")
        asking.join()
        peer.end()
        peer.hear_end()


def test_stop_says_what_it_cut_and_where_it_was() -> None:
    def handler(session: Session) -> None:
        session.channel.playback("x")

    with serving(handler) as app, dialled(app) as peer, dialled(app, name="01a") as other:
        peer.handshake()
        peer.execute("playback")
        peer.settle()
        stopping = Stopping(app)
        other.end()  # no call yet, and so not cut
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        [cut] = stopping.result()
    assert (cut.uuid, cut.waiting_for, cut.where) == (
        peer.uuid,
        "playback",
        line_of(handler, 1),
    )


class Stopping(Beside):
    """A stop() beside the test, and what it returns."""

    def __init__(self, app: Outbound, timeout: float = 0.0) -> None:
        self._cut: tuple[LiveCall, ...] = ()

        def stop() -> None:
            self._cut = app.stop(timeout=timeout)

        super().__init__(stop)

    def result(self) -> tuple[LiveCall, ...]:
        self.join()
        return self._cut


def test_a_stop_that_cuts_nothing_says_so() -> None:
    with serving(listen) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("answer")
        peer.settle()
        stopping = Stopping(app, timeout=PATIENCE)
        peer.say(*peer.tail())
        peer.hear_end()
        peer.end()
        assert stopping.result() == ()
    assert app.stop() == ()


# Signals

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has none to send")


def in_another_thread_than_start(work: Callable[[Outbound], None]) -> Outbound:
    """Blocks in start() as a program's main thread does, while ``work`` is done elsewhere."""

    def wait_and_work() -> None:
        while app._server is None:
            listening.wait(0.001)
        work(app)

    listening = threading.Event()
    app = Outbound(listen, port=0, clock=Watched())
    working = Beside(wait_and_work)
    app.start(drain=0.0)
    working.join()
    return app


@needs_signals
def test_sigusr1_prints_the_calls_and_sigterm_drains(capfd: pytest.CaptureFixture[str]) -> None:
    def signals(app: Outbound) -> None:
        with dialled(app) as peer:
            peer.handshake()
            peer.execute("answer")
            peer.settle()
            os.kill(os.getpid(), signal.SIGUSR1)
            printed = ""
            while "\n    " not in printed:  # the signal's handler runs in the main thread
                printed += capfd.readouterr().err
            assert f"{peer.uuid} from 1001" in printed
            os.kill(os.getpid(), signal.SIGTERM)
            peer.run("set")
            assert peer.hear_end() == []
            peer.end()

    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1)]
    app = in_another_thread_than_start(signals)
    assert refused(app)
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1)] == before


@needs_signals
def test_a_program_s_own_signal_handlers_stay() -> None:
    def own(number: int, frame: object) -> None:
        taken.append(number)

    def signals(app: Outbound) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)
        while len(taken) < 2:
            threading.Event().wait(0.001)
        assert not refused(app)
        app.stop()

    taken: list[int] = []
    before = {each: signal.signal(each, own) for each in (signal.SIGTERM, signal.SIGUSR1)}
    try:
        in_another_thread_than_start(signals)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert set(taken) == {signal.SIGTERM, signal.SIGUSR1}


def test_start_in_another_thread_than_the_main_one_touches_no_signal() -> None:
    before = signal.getsignal(signal.SIGTERM)
    app = Outbound(listen, port=0)
    running = Beside(app.start)
    while app._server is None:
        threading.Event().wait(0.001)
    assert signal.getsignal(signal.SIGTERM) is before
    app.stop()
    running.join()


WHOEVER_STOPS = """
import os, signal, socket, threading
from eslsync import ESLError, Outbound
from tests.support.servers import dialled, serving

signal.alarm(10)  # ends this process where stop() does not end
stopped = []


def stop(number, frame):
    if not stopped:
        stopped.append(number)
        app.stop(0)


signal.signal(signal.SIGUSR2, stop)
"""


IN_CALLS = """
class Sessions(dict):
    def copy(self):
        signal.raise_signal(signal.SIGUSR2)  # Python looks for signals at about any call
        return dict(self)


app = Outbound(print, port=0)
app.start(block=False)
app._server._sessions = Sessions()
app.calls
print("ended")
"""


LOSES_STDERR = """
import os, signal, threading
from eslsync import Outbound

reading, writing = os.pipe()
os.dup2(writing, 2)
os.close(reading)  # who has read our log is gone
app = Outbound(print, port=0)


def work():
    while app._server is None:
        pass
    os.kill(os.getpid(), signal.SIGUSR1)
    told.wait(30)
    app.stop()


told = threading.Event()
report = app.report
app.report = lambda: (told.set(), report())[1]
threading.Thread(target=work, daemon=True).start()
try:
    app.start()
    print("ended in order")
except OSError as error:
    print("ended by", error)
"""


INTERRUPTED_TWICE = """
from eslsync import session
from eslsync.call import connection
from tests.support.servers import dialled, serving

# its peer says nothing more, nor closes
session.GIVE_BACK_TIMEOUT = connection.CLOSE_TIMEOUT = 0.1
with serving(lambda session: session.wait("DTMF"), events=["DTMF"], linger=False) as app:
    with dialled(app) as peer:
        peer.connect()
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.hear()
        join = app._server._join

        def interrupted(deadline):
            app._server._join = join
            raise KeyboardInterrupt

        app._server._join = interrupted
        try:
            app.stop()
        except KeyboardInterrupt:
            pass
        app.stop(0)
        print(app._server.reader._thread.is_alive())
"""


@needs_signals
def test_stop_in_a_signal_s_handler_ends_though_that_interrupts_a_look_at_the_calls() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHOEVER_STOPS + IN_CALLS],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.stdout, done.returncode) == ("ended\n", 0), done


@needs_signals
def test_a_report_that_nobody_can_read_does_not_end_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOSES_STDERR], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "ended in order\n"


def test_a_stop_that_was_interrupted_can_be_done_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_TWICE], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "False\n", done
