"""Threads that outlive the call of the handler that started them."""

from __future__ import annotations

import threading

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import found

OVER = threading.Event()
WORKERS: list[threading.Thread] = []


def starts_a_thread_for_each_call(session: Session) -> None:
    session.channel.answer()
    threading.Thread(target=OVER.wait).start()
    threading.Thread(target=waits_for_the_end).start()
    session.channel.playback("hello")
    session.channel.hangup()


def starts_one_for_all_calls(session: Session) -> None:
    session.channel.answer()
    if not WORKERS:
        WORKERS.append(threading.Thread(target=waits_for_the_end))
        WORKERS[0].start()
    threading.Thread(target=session.uuid.upper).start()
    session.channel.playback("hello")
    session.channel.hangup()


def waits_for_the_end() -> None:
    OVER.wait()


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [(starts_a_thread_for_each_call, ["outlives"]), (starts_one_for_all_calls, [])],
    ids=["each", "all"],
)
def test_a_thread_that_each_call_leaves_is_told(handler: object, kinds: list[str]) -> None:
    OVER.clear()
    before = threading.enumerate()
    try:
        assert found(explore(handler, keys="")) == kinds  # type: ignore[arg-type]
    finally:
        OVER.set()
        for thread in set(threading.enumerate()) - set(before):
            thread.join()
