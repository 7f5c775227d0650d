"""What the log says of a handler's own threads, and when."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from eslsync import Disconnected, Hangup, HangupCause
from eslsync.command_line.terminal import log_threads, text_formatter


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    log_threads()


def ends_with_the_call() -> None:
    raise Hangup(HangupCause.NORMAL_CLEARING)


def loses_its_own() -> None:
    try:
        raise LookupError("no account")
    finally:
        raise Disconnected("the switch closed the connection")


def leaves() -> None:
    raise SystemExit


@pytest.mark.usefixtures("hook")
@pytest.mark.parametrize(
    ("work", "level", "said"),
    [
        (ends_with_the_call, "INFO", "thread mine ended: the call ended: NORMAL_CLEARING"),
        (loses_its_own, "ERROR", "thread mine failed"),
        (leaves, "", ""),
    ],
)
def test_what_ends_a_thread_is_logged(
    work: Callable[[], None], level: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    thread = threading.Thread(target=work, name="mine")
    thread.start()
    thread.join()
    told = [(each.levelname, each.getMessage()) for each in caplog.records]
    assert told == ([(level, said)] if said else [])


def test_a_programs_own_hook_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def own(args: threading.ExceptHookArgs, /) -> None: ...

    monkeypatch.setattr(threading, "excepthook", own)
    log_threads()
    assert threading.excepthook is own


@pytest.mark.parametrize(
    ("created", "shown"), [(15.02, "15,020"), (14.9999996, "14,999"), (15.0, "15,000")]
)
def test_milliseconds_are_those_of_the_ladder(created: float, shown: str) -> None:
    record = logging.makeLogRecord({"created": 1767603600 + created, "call": "", "msg": "hello"})
    assert f"{shown} " in text_formatter().format(record)
