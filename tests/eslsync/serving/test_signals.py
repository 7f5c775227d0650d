"""Signals: SIGTERM drains, SIGUSR1 prints the calls, SIGHUP and SIGUSR2 end none."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.serving import server
from eslsync.serving.server import Server
from eslsync.serving.signals import NAMES
from tests.support.peer import PATIENCE, Watched
from tests.support.servers import Beside, dialled, messages, nothing, refused, until

pytestmark = pytest.mark.usefixtures("programs_begin_warm")

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has none to send")


def answer_and_wait(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("DTMF", timeout=60)


def in_another_thread_than_start(
    work: Callable[[Outbound], None],
    handler: Callable[[Session], None] = answer_and_wait,
    drain: float = 0.0,
) -> Outbound:
    """Block in start(), as a program's main thread does, while another thread does ``work``."""

    def wait_and_work() -> None:
        while app.port == 0:  # it does not listen yet
            listening.wait(0.001)
        work(app)

    listening = threading.Event()
    app = Outbound(handler, port=0, clock=Watched())
    working = Beside(wait_and_work)
    app.start(drain=drain)
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
@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR2"])
def test_signals_that_reload_other_servers_are_told_and_end_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def signals(app: Outbound) -> None:
        with dialled(app) as peer:
            peer.handshake()
            peer.settle()
            os.kill(os.getpid(), getattr(signal, name))
            until(lambda: f"{name} changes nothing" in messages(caplog, logging.WARNING)[-1])
            assert "gunicorn, which reloads at SIGHUP" in messages(caplog, logging.WARNING)[-1]
            peer.say(*peer.tail(), peer.notice(lingers=False))
            peer.end()
        app.stop()

    monkeypatch.setattr("eslsync.serving.service.LOOK_INTERVAL", 0.01)
    logging.getLogger("eslsync").warning("none so far")
    in_another_thread_than_start(signals)


@needs_signals
def test_a_signal_that_is_ignored_stays_so(caplog: pytest.LogCaptureFixture) -> None:
    """As SIGHUP is below nohup."""

    def signals(app: Outbound) -> None:
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGHUP)
        app.stop()

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        in_another_thread_than_start(signals)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert messages(caplog, logging.WARNING) == []


IN_TERMINAL = """
import fcntl, logging, termios
from eslsync import Outbound

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
logging.basicConfig(level=logging.INFO, format="%(message)s")
Outbound(print, port=0).start()
"""


@needs_signals
def test_a_terminal_that_closes_stops_the_server_in_order() -> None:
    terminal, its_end = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", IN_TERMINAL],
        stdin=its_end,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        assert program.stderr is not None
        os.close(its_end)
        assert "listening" in program.stderr.readline()
        os.close(terminal)
        assert program.stderr.readline() == "stopping; calls that are up: 0\n"
        program.stderr.read()
    assert program.returncode == 0


@needs_signals
def test_a_programs_own_signal_handlers_are_kept() -> None:
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


def test_start_outside_the_main_thread_touches_no_signal() -> None:
    before = signal.getsignal(signal.SIGTERM)
    app = Outbound(answer_and_wait, port=0)
    running = Beside(app.start)
    while app.port == 0:  # it does not listen yet
        threading.Event().wait(0.001)
    assert signal.getsignal(signal.SIGTERM) is before
    app.stop()
    running.join()


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_cuts_calls_and_waits_for_their_cleaning_up(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handler(session: Session) -> None:
        try:
            session.wait("DTMF")
        finally:
            cleaning.set()
            assert released.wait(PATIENCE)
            cleaned_up.append(session.uuid)

    def signals(app: Outbound) -> None:
        with dialled(app) as peer:
            peer.handshake()
            peer.settle()
            os.kill(os.getpid(), number)
            until(lambda: refused(app))  # it stops, and waits for the call
            os.kill(os.getpid(), number)
            assert cleaning.wait(PATIENCE)
            os.kill(os.getpid(), number)  # and a third, for one who can't wait
            released.set()
            peer.run("set")
            assert peer.hear_end() == []
            peer.end()

    cleaning, released = threading.Event(), threading.Event()
    cleaned_up: list[str] = []
    monkeypatch.setattr("eslsync.serving.service.LOOK_INTERVAL", 0.01)
    in_another_thread_than_start(signals, handler, drain=10 * PATIENCE)
    assert len(cleaned_up) == 1


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
app._server.connections.calls = Sessions()
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


@needs_signals
def test_stop_in_a_signal_handler_works_even_if_it_interrupted_a_look_at_the_calls() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHOEVER_STOPS + IN_CALLS],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.stdout, done.returncode) == ("ended\n", 0), done


PROGRAM_ENDS = """
import sys, threading
from eslsync import Outbound


def handler(session):
    try:
        session.channel.playback("x")
    finally:
        print("cleaned up", flush=True)


app = Outbound(handler, port=0)
app.start(block=False)
print(app.port, flush=True)
sys.stdin.read()
sys.exit(3)
"""


def test_a_program_that_ends_stops_its_servers_first() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM_ENDS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        app = Outbound(nothing, port=int(program.stdout.readline()), clock=Watched())
        with dialled(app) as peer:
            peer.handshake()
            uuid = peer.execute("playback")
            program.stdin.close()
            until(lambda: refused(app))
            peer.say(peer.completed("playback", uuid))
            assert peer.hear_end() == []
            peer.end()
        assert program.stdout.read() == "cleaned up\n"
    assert program.returncode == 3


@needs_signals
def test_a_report_to_a_closed_stderr_does_not_end_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOSES_STDERR], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "ended in order\n"


def lines_interrupted(work: Callable[[], object], error: type[BaseException]) -> Iterator[str]:
    """Do the work again and again, each time with the exception at a later line of the serving.

    Yields that line after each, until all were passed.
    """
    folder = os.path.dirname(server.__file__)

    def trace(frame: FrameType, event: str, value: object) -> Callable[..., Any] | None:
        if os.path.dirname(frame.f_code.co_filename) != folder:
            return None
        if event == "line":
            passed.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
            if len(passed) == at:
                sys.settrace(None)
                raise error
        return trace

    for at in itertools.count(1):
        passed: list[str] = []
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            work()
        except error:
            pass
        finally:
            sys.settrace(before)
        if len(passed) < at:
            break
        yield passed[-1]
    assert at > 50


def threads_of_servers() -> list[str]:
    """Those that go on: one whose start was interrupted may begin late, and then ends at once."""
    found = [each for each in threading.enumerate() if each.name.startswith("eslsync")]
    for each in found:
        each.join(PATIENCE)
    return [each.name for each in found if each.is_alive()]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_start_that_is_interrupted_anywhere_leaves_nothing_behind(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BEGIN_TIMEOUT", 0.01)  # of the line before the thread's start

    def start() -> None:
        apps.append(Outbound(nothing, port=0))
        apps[-1].start(block=False)
        apps[-1].stop()

    apps: list[Outbound] = []
    for at in lines_interrupted(start, error):
        app = apps.pop() if apps else Outbound(nothing)
        app.stop(0.0)  # if it was interrupted after start()
        assert threads_of_servers() == [], at


@needs_signals
def test_a_blocking_start_that_is_interrupted_anywhere_ends_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a program's own signal handler that calls sys.exit(), say."""

    def ask_and_wait(its: Server, timeout: float, event: threading.Event | None = None) -> bool:
        its.ask(0.0, 0.0)  # as another thread does
        return wait(its, timeout, event)

    wait = Server.wait
    monkeypatch.setattr(Server, "wait", ask_and_wait)
    monkeypatch.setattr(server, "BEGIN_TIMEOUT", 0.01)
    numbers = [getattr(signal, name) for name in NAMES]
    before = [signal.getsignal(each) for each in numbers]
    for at in lines_interrupted(lambda: Outbound(nothing, port=0).start(), SystemExit):
        assert [signal.getsignal(each) for each in numbers] == before, at
        assert threads_of_servers() == [], at
