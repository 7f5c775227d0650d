"""Functions that run before a server listens, and after its last call."""

from __future__ import annotations

import logging
import os
import signal
import threading

import pytest

from eslsync import Outbound, Session
from eslsync.clock import REAL
from simulator import FreeSwitch
from tests.support.peer import PATIENCE
from tests.support.servers import Beside, messages, nothing, refused, until


def recorded(app: Outbound) -> list[str]:
    """What the functions of this app do, in order, once it starts."""
    done: list[str] = []

    @app.on_start
    def open_pool() -> None:
        done.append(f"opens in {threading.current_thread().name}")

    @app.on_stop
    def close_pool() -> None:
        done.append("closes the pool")

    @app.on_stop
    def close_cache() -> None:
        done.append(f"closes the cache in {threading.current_thread().name}")

    return done


def for_ever() -> None:
    """Wait. (In steps: a signal that comes before a wait has begun is handled after it.)"""
    end = REAL.now() + PATIENCE
    while REAL.now() < end:
        REAL.pause(0.01)


EVERYTHING = ["opens in MainThread", "closes the cache in MainThread", "closes the pool"]


def test_they_run_in_the_thread_of_start_and_of_stop_and_the_last_stops_first() -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)
    with app:
        assert done == EVERYTHING[:1]
    app.stop()
    assert done == EVERYTHING


def test_with_a_blocking_start_they_run_in_its_thread_whoever_stops_it() -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)

    def stop() -> None:
        until(lambda: app.ready)
        app.stop()

    beside = Beside(stop)
    app.start()
    beside.join()
    assert done == EVERYTHING


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_start_whose_on_start_never_ends(number: signal.Signals) -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)
    waits = threading.Event()

    @app.on_start
    def wait_for_the_database() -> None:
        waits.set()
        for_ever()
        done.append("the database is there")

    def stop() -> None:
        assert waits.wait(PATIENCE)
        os.kill(os.getpid(), number)

    beside = Beside(stop)
    app.start()
    beside.join()
    assert done == EVERYTHING
    assert not app.ready


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
def test_a_second_signal_ends_an_on_stop_that_never_ends(caplog: pytest.LogCaptureFixture) -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)
    waits = threading.Event()

    @app.on_stop
    def wait_for_the_database() -> None:
        waits.set()
        for_ever()
        done.append("the database is there")

    def stop() -> None:
        until(lambda: app.ready)
        os.kill(os.getpid(), signal.SIGTERM)
        assert waits.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGTERM)

    beside = Beside(stop)
    app.start()
    beside.join()
    assert done == EVERYTHING
    assert messages(caplog, logging.ERROR) == ["a function of on_stop has failed"]


def test_an_exit_in_a_function_of_on_stop_waits_for_the_others() -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)

    @app.on_stop
    def leave() -> None:
        raise SystemExit(3)

    app.start(block=False)
    with pytest.raises(SystemExit):
        app.stop()
    assert done == EVERYTHING


def test_what_a_function_of_on_start_raises_start_raises_and_nobody_listens() -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)

    @app.on_start
    def fail() -> None:
        raise ConnectionError("no database")

    with pytest.raises(ConnectionError, match="no database"):
        app.start(block=False)
    assert done == EVERYTHING
    assert app.port == 0
    assert not app.ready


def test_what_a_function_of_on_stop_raises_is_logged_and_the_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)

    @app.on_stop
    def fail() -> None:
        raise ValueError("stuck")

    with app:
        pass
    assert done == EVERYTHING
    assert messages(caplog, logging.ERROR) == ["a function of on_stop has failed"]


def test_replace_keeps_them_and_each_server_has_its_own() -> None:
    app = Outbound(nothing, port=0)
    done = recorded(app)
    with app.replace(max_calls=1):
        pass
    with app.replace(max_calls=2):
        pass
    assert done == EVERYTHING * 2
    assert refused(app.replace(port=1))


def test_simulated_calls_run_them_only_if_asked() -> None:
    app = Outbound(nothing)
    done = recorded(app)
    with FreeSwitch() as switch:
        switch.call(app).wait()
    assert done == []
    with FreeSwitch(hooks=True) as switch:
        switch.call(app).wait()
        switch.call(app).wait()
        assert len(done) == 1
    assert done == EVERYTHING


def test_they_take_no_argument() -> None:
    def opens(session: Session) -> None:
        pass

    app = Outbound(nothing)
    for decorate in (app.on_start, app.on_stop):
        with pytest.raises(TypeError, match=r"plain function of 0 arguments: .*opens takes"):
            decorate(opens)  # type: ignore[type-var]
