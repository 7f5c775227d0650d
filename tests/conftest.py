"""What holds for every test: no thread is left, and each process keeps to one core."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

if sys.dont_write_bytecode:
    # Each of our processes, and of the next run, would compile everything that it imports.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import none

from simulator.calling.leaks import threads_left
from tests.support.warm import programs_begin_warm

__all__ = ["programs_begin_warm"]

#: Seconds after which another thread may run; Python's default is 0.005. With 0.000001, threads
#: switch almost anywhere, which finds missing locks.
SWITCH_INTERVAL = os.environ.get("ESLSYNC_SWITCH_INTERVAL")
if SWITCH_INTERVAL:
    sys.setswitchinterval(float(SWITCH_INTERVAL))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell begins its background jobs so; the tests, and what they start, press Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # nohup begins its program so; what the tests start is told of a terminal that closes.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_report_header() -> str | None:
    return f"switch interval: {sys.getswitchinterval():g} s" if SWITCH_INTERVAL else None


WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER and hasattr(os, "sched_setaffinity") and not SWITCH_INTERVAL:
    # Only one of a call's threads runs at a time, and switching between cores costs a quarter
    # more. So each process keeps to one core; other runs on this machine begin at another one.
    # (Not with SWITCH_INTERVAL, which is there to have threads switch anywhere.)
    cores = sorted(os.sched_getaffinity(0))
    mine = (os.getppid() + int(WORKER.removeprefix("gw"))) % len(cores)
    os.sched_setaffinity(0, {cores[mine]})

gc.set_threshold(200_000)  # of new objects; Python's 700 are fewer than a call makes
#: New objects that are worth a collection, lest those that Hypothesis asks for take longer.
MANY_OBJECTS = 50_000

settings.register_profile(
    "suite",
    derandomize=True,  # the same examples on every run
    deadline=None,  # however busy the machine is
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=100,
)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread behind."""
    before = threading.enumerate()
    yield
    left = threads_left(before)
    if left:
        pytest.fail(f"{len(left)} thread(s) left behind:\n\n" + "\n".join(left), pytrace=False)


def pytest_collection(session: pytest.Session) -> None:
    """In a fresh clone, have two processes compile half of the modules each.

    Each imports all of them, and compiles what nobody has compiled yet: one begins at the end.
    """
    everything = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if WORKER and WORKER != "gw0" and everything:
        folder = Path(__file__).parent
        for path in sorted(folder.rglob("test_*.py"), reverse=True):
            name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
            with suppress(Exception, pytest.skip.Exception):  # as collecting it will tell
                importlib.import_module(name)


#: Files with tests that take longest.
LONG = ("test_determinism.py", "test_conformance.py", "test_replay.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The longest tests begin first, so that no process waits for one at the end. Those of the
    # faulty IVR come before the others, so that one process explores it for all of them.
    def turn(item: pytest.Item) -> tuple[bool, bool]:
        fixtures = getattr(item, "fixturenames", ())
        return item.path.name not in LONG, "faulty" not in fixtures

    items.sort(key=turn)


@given(none())
def use_hypothesis(_: None) -> None:
    """Have it make its random numbers."""


def pytest_collection_finish() -> None:
    # It warns unless something refers to them, and sees nothing that is frozen (Python 3.14).
    use_hypothesis()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _garbage_collections_are_short() -> Iterator[None]:
    """Have them pass over what stays: modules, pytest's items, what earlier files left in caches.

    Hypothesis asks for one in every thread that it runs in, and Python has its own.
    """
    yield
    if gc.get_count()[0] > MANY_OBJECTS:
        gc.collect()
        gc.freeze()
