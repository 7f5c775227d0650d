"""What is the same around each explored call."""

from __future__ import annotations

import logging
import os
import random

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.surroundings import errors_kept, same_randomness
from tests.support.explored import found


def test_random_numbers_are_the_same_for_each_call_and_go_on_afterwards() -> None:
    state = random.getstate()
    drawn = []
    for _ in range(2):
        with same_randomness():
            drawn.append(random.random())
    assert drawn[0] == drawn[1]
    assert random.getstate() == state


def test_errors_that_the_library_logs_are_kept_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("eslsync.call")
    with errors_kept() as kept:
        logger.error("first")
        logger.warning("no error")
    logger.error("second")
    assert [record.getMessage() for record in kept] == ["first"]
    assert [record.getMessage() for record in caplog.records] == ["second"]


def ends_the_process(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("menu", regexp="[12]") == "1":
        os._exit(0)
    session.channel.hangup()


def test_a_handler_that_would_end_the_process_is_told_and_does_not() -> None:
    exploration = explore(ends_the_process, keys="12")
    assert found(exploration) == ["raises"]
    assert exploration.findings[0].text.startswith("os._exit(0) ends the whole server")
