"""What a failure shows of threads."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from eslsync import Session
from simulator import SimulationError
from simulator.clockwork.stuck import serves
from tests.simulator.clockwork.test_held_threads import returned
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE


def test_a_thread_that_blocks_outside_is_named_with_its_line() -> None:
    ours, theirs = socket.socketpair()

    def blocks() -> None:
        lose_patience(0.2)
        ours.recv(1)  # the bank's answer

    def handler(_: Session) -> None:
        thread = threading.Thread(target=blocks, name="asks the bank")
        thread.start()
        thread.join()

    with ours:
        with theirs, pytest.raises(SimulationError) as raised:
            returned(handler, patience=PATIENCE)
        for each in threading.enumerate():
            if each.name == "asks the bank":
                each.join()
    assert "asks the bank" in str(raised.value)
    assert "ours.recv(1)  # the bank's answer" in str(raised.value)


def test_the_threads_that_serve_calls_tell_handlers_nothing() -> None:
    told: list[bool] = []

    def handler(_: Session) -> None:
        told.extend(serves(each) for each in threading.enumerate() if "eslsync" in each.name)
        time.sleep(1.0)

    returned(handler)
    assert told
    assert all(told)
