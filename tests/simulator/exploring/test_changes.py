"""What is said of an edit, and that nothing is said of a refactoring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from eslsync import Channel, Session
from simulator import explore
from simulator.exploring.behaviour import Behaviour
from simulator.exploring.changes import changes
from simulator.exploring.saved_maps import SavedMapError

KEYS = "12"


@dataclass(frozen=True)
class Office:
    """A small dialogue; each edit of it is another value."""

    welcome: str = "welcome"
    news: str | None = None
    options: tuple[tuple[str, str], ...] = (("1", "sales"),)
    timeout: float = 5.0
    tries: int = 2
    goodbye: str | None = "goodbye"
    cause: str = "NORMAL_CLEARING"
    records: bool = False
    ends: bool = True
    desk: str | None = None

    def __call__(self, session: Session) -> None:
        channel = session.channel
        channel.answer()
        if self.records:
            channel.record_session(f"/tmp/{session.uuid}.wav")
        channel.playback(self.welcome)
        if self.news:
            channel.playback(self.news)
        if self.desk:
            channel.bridge(self.desk)
        else:
            self.menu(channel)
        if self.goodbye is not None:
            channel.playback(self.goodbye)
        channel.hangup(self.cause)

    def menu(self, channel: Channel) -> None:
        key = channel.get_digits("menu", timeout=self.timeout, tries=self.tries)
        name = dict(self.options).get(key)
        while not self.ends:
            channel.playback("again")
        if name is not None:
            channel.playback(name)


@cache
def behaviour(office: Callable[[Session], None], keys: str = KEYS) -> Behaviour:
    return explore(office, keys=keys).behaviour


OFFICE = Office()
CALLS = Office(desk="user/1000", goodbye=None)
#: Edits, and what is said first of each.
EDITS: dict[str, tuple[Office, Office, str]] = {
    "a prompt with another name": (
        OFFICE,
        replace(OFFICE, options=(("1", "shop"),)),
        "pressing 1 at welcome (and at 1 more place): sales was heard, now shop",
    ),
    "another first prompt": (
        OFFICE,
        replace(OFFICE, welcome="hello"),
        "at the beginning of a call: welcome was heard, now hello",
    ),
    "a prompt in between": (
        OFFICE,
        replace(OFFICE, news="news"),
        "after silence at welcome: news is new, before menu",
    ),
    "a prompt less": (
        replace(OFFICE, news="news"),
        OFFICE,
        "after silence at welcome: news is gone, menu follows at once",
    ),
    "another key": (
        OFFICE,
        replace(OFFICE, options=(("2", "sales"),)),
        "pressing 1 at welcome (and at 1 more place): led to sales before, now leads to goodbye",
    ),
    "a new option": (
        OFFICE,
        replace(OFFICE, options=(("1", "sales"), ("2", "help"))),
        "pressing 2 at menu: help is new, before goodbye",
    ),
    "a slower timeout": (
        OFFICE,
        replace(OFFICE, timeout=9.0),
        "after silence at menu: takes 20 s, 12 s before",
    ),
    "a try less": (
        OFFICE,
        replace(OFFICE, tries=1),
        "after silence at menu: on the way, no longer: hears menu",
    ),
    "another cause": (
        OFFICE,
        replace(OFFICE, cause="USER_BUSY"),
        "after 1, silence at goodbye: hung up before, now hangs up: USER_BUSY",
    ),
    "no word at the end": (
        OFFICE,
        replace(OFFICE, goodbye=None),
        "after 2, silence at menu (and at 1 more place): led to goodbye before, now hangs up",
    ),
    "a recording": (
        OFFICE,
        replace(OFFICE, records=True),
        "at the beginning of a call: on the way, new: a recording begins",
    ),
    "no way out": (
        OFFICE,
        replace(OFFICE, ends=False),
        "pressing 1 at welcome (and at 1 more place): sales was heard, now again",
    ),
    "another desk": (
        CALLS,
        replace(CALLS, desk="user/2000"),
        "at welcome: user/1000 was called, now user/2000",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_told_where_callers_notice_it(edit: str) -> None:
    before, now, said = EDITS[edit]
    told = [str(each) for each in changes(behaviour(before), behaviour(now))]
    print("\n".join(told))
    assert told[0] == said


def test_a_menu_without_an_exit_is_told() -> None:
    now = replace(OFFICE, ends=False)
    told = [str(each) for each in changes(behaviour(OFFICE), behaviour(now))]
    assert "new: no-exit: again: nothing ends it but the caller's own hangup" in told
    back = [str(each) for each in changes(behaviour(now), behaviour(OFFICE))]
    gone = "not found any more: no-exit: again: nothing ends it but the caller's own hangup"
    assert gone in back


# The same dialogue, written otherwise


def in_one_function(session: Session) -> None:
    line = session.channel
    line.answer()
    line.playback("welcome")
    if line.get_digits("menu", timeout=5.0, tries=2) == "1":
        line.playback("sales")
    line.playback("goodbye")
    line.hangup("NORMAL_CLEARING")


def with_a_loop(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("welcome")
    entered, tries = "", 0
    while not entered and tries < 2:
        tries += 1
        entered = channel.get_digits("menu", timeout=5.0)
    for prompt in ["sales", "goodbye"] if entered == "1" else ["goodbye"]:
        channel.playback(prompt)
    channel.hangup()


def by_calling_itself(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    ask(session.channel, 2)


def ask(channel: Channel, left: int) -> None:
    chosen = channel.get_digits("menu", timeout=5.0)
    if not chosen and left > 1:
        return ask(channel, left - 1)
    if chosen == "1":
        channel.playback("sales")
    return leave(channel)


def leave(channel: Channel) -> None:
    channel.playback("goodbye")
    channel.hangup()


class Desk:
    """The same as a class, with the menu in a table."""

    def __init__(self) -> None:
        self.table = {"1": self.sales}

    def __call__(self, session: Session) -> None:
        self.channel = session.channel
        self.channel.answer()
        self.channel.playback("welcome")
        option = self.table.get(self.channel.get_digits("menu", timeout=5.0, tries=2))
        if option:
            option()
        try:
            self.channel.playback("goodbye")
        finally:
            self.channel.hangup()

    def sales(self) -> None:
        self.channel.playback("sales")


def with_state(session: Session) -> None:
    channel, state = session.channel, "begin"
    while state != "end":
        if state == "begin":
            channel.answer()
            channel.playback("welcome")
            state = "menu"
        elif state == "menu":
            state = "sales" if channel.get_digits("menu", timeout=5.0, tries=2) == "1" else "bye"
        elif state == "sales":
            channel.playback("sales")
            state = "bye"
        else:
            channel.playback("goodbye")
            channel.hangup()
            state = "end"


@pytest.mark.parametrize(
    "other", [in_one_function, with_a_loop, by_calling_itself, Desk(), with_state]
)
def test_nothing_is_said_of_a_refactoring(other: Callable[[Session], None]) -> None:
    assert changes(behaviour(OFFICE), behaviour(other)) == []


def test_maps_of_explorations_that_tried_other_things_are_not_compared() -> None:
    with pytest.raises(SavedMapError, match="keys 12, and now it is 1: explore with the same"):
        changes(behaviour(OFFICE), behaviour(OFFICE, keys="1"))
