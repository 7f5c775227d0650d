"""Signals: SIGTERM drains, SIGUSR1 prints the calls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from eslsync import Outbound, Session
from tests.support.peer import Watched
from tests.support.servers import Beside, dialled, refused

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has none to send")


def answer_and_wait(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("DTMF", timeout=60)


def in_another_thread_than_start(work: Callable[[Outbound], None]) -> Outbound:
    """Block in start(), as a program's main thread does, while another thread does ``work``."""

    def wait_and_work() -> None:
        while app.port == 0:  # it does not listen yet
            listening.wait(0.001)
        work(app)

    listening = threading.Event()
    app = Outbound(answer_and_wait, port=0, clock=Watched())
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


INTERRUPTED_TWICE = """
from eslsync.call import connection, ending
from tests.support.servers import dialled, serving

# its peer says nothing more, nor closes
ending.GIVE_BACK_TIMEOUT = connection.CLOSE_TIMEOUT = 0.1
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
def test_stop_in_a_signal_handler_works_even_if_it_interrupted_a_look_at_the_calls() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHOEVER_STOPS + IN_CALLS],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.stdout, done.returncode) == ("ended\n", 0), done


@needs_signals
def test_a_report_to_a_closed_stderr_does_not_end_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOSES_STDERR], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "ended in order\n"


def test_an_interrupted_stop_can_be_repeated() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_TWICE], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "False\n", done
