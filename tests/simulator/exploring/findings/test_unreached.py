"""Lines that no call ran: as long as there are any, nothing can be said to be right."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from eslsync import CommandError, Disconnected, Hangup, Session
from simulator import explore
from tests.support.explored import found

logger = logging.getLogger(__name__)
TESTING = False
#: Functions for keys: nobody presses 9.
MENU = {"1": lambda channel: channel.playback("one"), "9": lambda channel: channel.hangup()}


def sends_some_away(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    if len(session.uuid) < 4:
        session.channel.transfer("9999")
    session.channel.hangup()


def has_a_callback_for_nobody(session: Session) -> None:
    session.channel.answer()

    @session.channel.on_dtmf("7")
    def fails(digit: str) -> None:
        raise ValueError(digit)

    session.channel.playback("welcome", terminators="none")
    session.channel.hangup()


def chooses_in_an_expression(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.transfer("1") if len(session.uuid) < 4 else session.channel.hangup()


def handles_what_never_happens(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except OSError:
        session.channel.transfer("9999")
    session.channel.hangup()


def looks_up_a_function(session: Session) -> None:
    session.channel.answer()
    MENU[session.channel.get_digits("menu", regexp="[1]") or "1"](session.channel)
    nobody = ends if len(session.uuid) < 4 else None
    if nobody is None:
        session.channel.hangup()


def ends(session: Session) -> None:
    session.channel.hangup("CALL_REJECTED")


def has_a_flag(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    if TESTING:
        session.channel.playback("testing")
    session.channel.hangup()


@pytest.mark.parametrize(
    ("handler", "lines"),
    [
        (sends_some_away, [5]),
        (has_a_callback_for_nobody, [6]),
        (chooses_in_an_expression, [4]),
        (handles_what_never_happens, [6]),
        (looks_up_a_function, [10]),
        (has_a_flag, [5]),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_lines_that_no_call_ran_are_told(
    handler: Callable[[Session], None], lines: list[int]
) -> None:
    exploration = explore(handler, keys="1")
    assert found(exploration) == ["unreached"], str(exploration)
    assert exploration.verdict == "incomplete: 1 unreached"
    begins = handler.__code__.co_firstlineno - 1
    assert [each.place.line - begins for each in exploration.findings if each.place] == lines


def fetch(number: str) -> str:
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            found: str = database.execute("select ?", [number]).fetchone()[0]
            return found
    except (sqlite3.Error, OSError):
        return ""


def handles_what_comes_from_outside(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.set("name", fetch("1") + "x")
        session.channel.playback("welcome")
    except CommandError:
        session.channel.playback("sorry")
    except Disconnected:
        fetch("2")
        raise
    session.channel.hangup()


def test_errors_that_only_something_outside_raises_are_remarked_on() -> None:
    exploration = explore(handles_what_comes_from_outside, keys="1")
    assert not exploration.findings, str(exploration)
    assert [each.partition(" (")[0] for each in exploration.remarks] == [
        "not tried: except CommandError",
        "not tried: except Disconnected",
        "not tried: except",
    ]
    assert "not tried: except (sqlite3.Error, OSError) (" in exploration.summary


class NoSuchRoom(Exception):
    pass


def handles_an_error_of_its_own(session: Session) -> None:
    session.channel.answer()
    try:
        fetch("1")
        session.channel.playback("welcome")
    except NoSuchRoom:
        session.channel.playback("no-such-room")
    session.channel.hangup()


def looks_at_the_environment(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    if os.environ.get("ESLSYNC_PROMO") or os.environ["PATH"] == "promo":
        session.channel.playback("promo")
    session.channel.hangup()


@pytest.mark.parametrize("handler", [handles_an_error_of_its_own, looks_at_the_environment])
def test_what_the_handler_and_its_surroundings_decide_is_unreached(
    handler: Callable[[Session], None],
) -> None:
    exploration = explore(handler, keys="1")
    assert found(exploration) == ["unreached"], str(exploration)


def says_that_nobody_gets_there(session: Session) -> None:
    """Excuses of all kinds."""
    session.channel.answer()
    key = session.channel.get_digits("menu", regexp="[1]")
    try:
        if key == "2":
            raise AssertionError(key)
        if key == "3":  # pragma: no cover
            session.channel.transfer("9999")
        session.channel.playback("welcome")
    except Hangup:
        raise
    except OSError:
        logger.exception("no")
    finally:
        logger.info("over") if session.uuid == "" else None
    session.channel.conference("3000")
    session.channel.hangup()


def test_code_can_say_that_nobody_gets_there() -> None:
    exploration = explore(says_that_nobody_gets_there, keys="12")
    assert "unreached" not in found(exploration), str(exploration)


def test_the_handler_is_as_before_when_it_was_explored() -> None:
    before = sends_some_away.__code__
    explore(sends_some_away, keys="1")
    assert sends_some_away.__code__ is before
    assert "__ran__" not in vars(sys.modules[__name__])


FILE = """
from tests.support import explored

def handler(session):
    session.channel.answer()
    if session.channel.get_digits("menu", regexp="[12]") == "1":
        helper(session.channel)
    session.channel.hangup()

def helper(channel):
    if channel.uuid == "1":
        channel.transfer("9999")

def main():
    print("is no part of a call")
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_lines_of_a_file_count_in_whatever_process_they_ran(tmp_path: Path, workers: int) -> None:
    file = tmp_path / "office.py"
    file.write_text(FILE)
    exploration = explore(file, keys="12", workers=workers)
    assert [str(each.place) for each in exploration.findings] == ["office.py:12 in helper"]
