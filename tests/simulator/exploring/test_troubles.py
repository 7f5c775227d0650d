"""What shows of a call once it is over."""

from __future__ import annotations

import logging

from eslsync import Session
from simulator import explore

TABLE = {"1": "one"}


def logs_what_it_does_not_know(session: Session) -> None:
    session.channel.answer()
    key = session.channel.get_digits("menu", min=1, max=1, tries=1)
    try:
        session.channel.playback(TABLE[key])
    except KeyError:
        logging.getLogger("tests.quiet").exception("no option %s", key)
    session.channel.hangup()


def says_so_as_well(session: Session) -> None:
    session.channel.answer()
    key = session.channel.get_digits("menu", min=1, max=1, tries=1)
    try:
        session.channel.playback(TABLE[key])
    except KeyError:
        logging.getLogger("tests.quiet").exception("no option %s", key)
        session.channel.playback("goodbye")
    session.channel.hangup()


def test_an_error_that_is_logged_before_a_hangup_without_a_word_is_told() -> None:
    logging.getLogger("tests.quiet").addHandler(logging.NullHandler())
    logging.getLogger("tests.quiet").propagate = False
    [finding] = explore(logs_what_it_does_not_know, keys="12").findings
    assert finding.kind == "no-word"
    assert "logs ERROR: no option " in finding.text
    assert not explore(says_so_as_well, keys="12").findings
