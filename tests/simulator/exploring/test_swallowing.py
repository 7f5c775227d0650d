"""Code that catches a Hangup as it catches any error, and then only hangs up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from eslsync import Channel, Hangup, Session
from simulator import explore
from tests.support.explored import found


def logs_each_error(session: Session) -> None:
    session.channel.answer()
    try:
        asks(session.channel)
    except Exception:  # noqa: BLE001
        logging.getLogger("tests.quiet").debug("it failed")
    session.channel.hangup()


def asks(channel: Channel) -> None:
    digit = channel.get_digits("menu", min=1, max=1, tries=1)
    channel.playback({"1": "one"}.get(digit, "bye"))


def suppresses_each_error(session: Session) -> None:
    session.channel.answer()
    with suppress(Exception):
        asks(session.channel)
    session.channel.hangup()


@contextmanager
def whatever_happens() -> Iterator[None]:
    try:
        yield
    except:  # noqa: E722
        pass


class Quiet:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> bool:
        return True


def suppresses_by_a_function(session: Session) -> None:
    session.channel.answer()
    with whatever_happens():
        asks(session.channel)
    session.channel.hangup()


def suppresses_by_a_class(session: Session) -> None:
    session.channel.answer()
    with Quiet():
        asks(session.channel)
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [
        logs_each_error,
        suppresses_each_error,
        suppresses_by_a_function,
        suppresses_by_a_class,
    ],
    ids=lambda each: each.__name__,
)
def test_a_hangup_that_is_caught_as_any_error_is_reported(
    handler: Callable[[Session], None],
) -> None:
    exploration = explore(handler, keys="1")
    assert found(exploration) == ["swallowed"], str(exploration)


def test_it_is_reported_where_it_is_caught() -> None:
    [finding] = explore(logs_each_error, keys="1").findings
    assert finding.place is not None
    assert finding.place.line == logs_each_error.__code__.co_firstlineno + 4


def catches_it_by_name(session: Session) -> None:
    session.channel.answer()
    try:
        asks(session.channel)
    except Hangup:
        pass
    except Exception:  # noqa: BLE001
        logging.getLogger("tests.quiet").debug("it failed")
    session.channel.hangup()


def raises_it_again(session: Session) -> None:
    session.channel.answer()
    try:
        asks(session.channel)
    except Exception as error:
        if isinstance(error, Hangup):
            raise
    session.channel.hangup()


def catches_other_errors(session: Session) -> None:
    session.channel.answer()
    with suppress(Hangup):
        try:
            asks(session.channel)
        except LookupError:
            logging.getLogger("tests.quiet").debug("it failed")
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [catches_it_by_name, raises_it_again, catches_other_errors],
    ids=lambda each: each.__name__,
)
def test_one_that_the_code_means_is_not(handler: Callable[[Session], None]) -> None:
    exploration = explore(handler, keys="1")
    assert not exploration.findings, str(exploration)


FORGETS = """
from eslsync import Hangup

def handler(session):
    channel = session.channel
    channel.answer()
    try:
        channel.playback("welcome")
    except {caught}:
        pass
    channel.hangup()
"""


def test_a_file_that_is_edited_in_between_is_explored_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "edited_in_between.py"
    kinds = []
    for caught in ("Hangup", "Exception", "Hangup"):
        path.write_text(FORGETS.format(caught=caught))
        kinds.append(found(explore(str(path), keys="1", workers=1)))
    assert kinds == [[], ["swallowed"], []]
