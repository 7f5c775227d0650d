"""Threads that are left behind."""

from __future__ import annotations

import threading

from simulator.calling.leaks import threads_left


def waits_for(event: threading.Event) -> None:
    event.wait()


def test_a_thread_left_behind_is_reported_by_name_and_stack() -> None:
    before = threading.enumerate()
    event = threading.Event()
    thread = threading.Thread(target=waits_for, args=(event,), name="left over")
    thread.start()
    try:
        [told] = threads_left(before, grace=0.0)
    finally:
        event.set()
        thread.join()
    assert told.startswith("left over\n")
    assert "in waits_for" in told


def test_a_thread_that_is_ending_is_given_time() -> None:
    before = threading.enumerate()
    event = threading.Event()
    threading.Thread(target=waits_for, args=(event,)).start()
    event.set()
    assert threads_left(before) == []


def test_threads_of_before_do_not_count() -> None:
    event = threading.Event()
    thread = threading.Thread(target=waits_for, args=(event,))
    thread.start()
    try:
        assert threads_left(threading.enumerate(), grace=0.0) == []
    finally:
        event.set()
        thread.join()
