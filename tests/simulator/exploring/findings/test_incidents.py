"""A handler that raises, hangs, or goes on after the end of its call."""

from __future__ import annotations

import select
import time

import pytest

from eslsync import CommandError, Hangup, Session
from simulator import explore
from tests.support.explored import (
    KEYS,
    found,
)
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE


def raises_a_command_error(session: Session) -> None:
    session.channel.answer()
    session.api("there_is_no_such_command")


def misspells_an_application(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.execute("playbak", "goodbye")
    session.channel.hangup()


def waits_for_a_database(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    lose_patience(0.3)
    select.select([ANSWERS], [], [], 30)
    session.channel.hangup()


def sleeps_on(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except Hangup:
        time.sleep(60)
    session.channel.hangup()


def never_notices_the_hangup(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except Hangup:
        while True:
            time.sleep(1)
    session.channel.hangup()


def fails_to_bill(session: Session) -> None:
    @session.on_hangup
    def bill(hangup: Hangup) -> None:
        raise KeyError("account")

    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.hangup()


def asks_of_a_call_that_is_gone(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    finally:
        session.api(f"uuid_getvar {session.uuid} account")
    session.channel.hangup()


def bills_after_playing(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    finally:
        session.channel.playback("goodbye")  # raises Hangup again if the caller has gone
        session.logger.info(bill_of(session.uuid))
    session.channel.hangup()


def bill_of(uuid: str) -> str:
    return f"{uuid}: 1"


def answers_twice(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.answer()
    session.channel.hangup()


def asks_before_it_answers(session: Session) -> None:
    session.channel.get_digits("menu", tries=1)
    session.channel.answer()
    session.channel.hangup()


def plays_and_never_answers(session: Session) -> None:
    session.channel.playback("welcome")
    session.channel.hangup()


def catches_everything(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
        session.channel.playback("news")
    except Exception:  # noqa: BLE001
        pass
    try:
        session.channel.playback("goodbye")
    except Exception:  # noqa: BLE001
        pass
    session.channel.hangup()


def hangs_up_what_it_has_transferred(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
        session.channel.transfer("6000")
    finally:
        session.channel.hangup()


ANSWERS = -1  # a descriptor, of the fixture `database`


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (bills_after_playing, "after-hangup"),
        (answers_twice, "answer"),
        (asks_before_it_answers, "answer"),
        (plays_and_never_answers, "answer"),
        (raises_a_command_error, "raises"),
        (sleeps_on, "outlives"),
        (never_notices_the_hangup, "outlives"),
        (fails_to_bill, "after-hangup"),
        (hangs_up_what_it_has_transferred, "transfer-lost"),
        (asks_of_a_call_that_is_gone, "after-hangup"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_what_goes_wrong_in_a_call_is_reported(handler: object, kind: str) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == [kind], str(exploration)


def bills_before_playing(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    finally:
        session.logger.info(bill_of(session.uuid))
        session.channel.playback("goodbye")
        session.channel.hangup()


def plays_early_media(session: Session) -> None:
    session.channel.pre_answer()
    session.channel.playback("closed-today")
    session.channel.hangup()


def turns_the_caller_away(session: Session) -> None:
    session.channel.playback("no-such-number")
    session.channel.hangup("UNALLOCATED_NUMBER")


@pytest.mark.parametrize(
    "handler",
    [bills_before_playing, plays_early_media, turns_the_caller_away],
    ids=lambda each: each.__name__,
)
def test_what_goes_right_is_not(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert not exploration.findings, str(exploration)


def test_an_unknown_application_is_reported_at_its_line() -> None:
    [unknown] = explore(misspells_an_application, keys="1").findings
    assert unknown.kind == "unknown-application"
    assert "no application 'playbak' (did you mean 'playback'?)" in unknown.text
    assert unknown.place is not None
    line = misspells_an_application.__code__.co_firstlineno + 3
    assert unknown.place.line == line


@pytest.mark.usefixtures("database")
def test_a_handler_stuck_outside_the_call_is_reported() -> None:
    exploration = explore(waits_for_a_database, keys="1", patience=PATIENCE)
    assert found(exploration) == ["stuck"]
    assert "waits_for_a_database" in str(exploration.findings[0].place)


def cleans_up_after_the_call(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    finally:
        if not session.channel.is_up:
            try:
                session.api(f"uuid_getvar {session.uuid} account")
            except CommandError:
                time.sleep(5)
    session.channel.hangup()


@pytest.mark.parametrize("handler", [cleans_up_after_the_call], ids=lambda each: each.__name__)
def test_cleaning_up_after_the_call_is_no_fault(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert exploration.complete
    assert not exploration.findings, str(exploration)


def swallows_in_a_loop(session: Session) -> None:
    session.channel.answer()
    for _ in range(3):
        try:
            session.channel.playback("try-again")
        except Exception:  # noqa: BLE001 (this is the fault)
            continue
    session.channel.playback("goodbye")
    session.channel.hangup()


def goes_on_after_it(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("hello")
    except Hangup:
        pass
    session.channel.playback("goodbye")
    session.channel.hangup()


@pytest.mark.parametrize("handler", [swallows_in_a_loop, goes_on_after_it])
def test_a_hangup_that_is_caught_and_forgotten_is_reported(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert found(exploration) == ["swallowed"], str(exploration)
    [finding] = exploration.findings
    assert finding.place is not None
    assert finding.way is not None


def works_after_it(session: Session) -> None:
    saved: list[str] = []
    session.channel.answer()
    try:
        session.channel.playback("hello")
        session.channel.playback("goodbye")
    except Hangup:
        saved.append("hung up")
        raise
    finally:
        saved.append(session.channel.uuid)
    session.channel.hangup()


def is_done_after_it(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("hello")
        session.channel.hangup()
    except Hangup:
        session.logger.info("hung up early")


@pytest.mark.parametrize("handler", [works_after_it, is_done_after_it])
def test_a_hangup_that_is_caught_and_ends_the_handler_is_fine(handler: object) -> None:
    exploration = explore(handler, keys="1")  # type: ignore[arg-type]
    assert not exploration.findings, str(exploration)


def catches_the_hangup_on_purpose(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except Hangup:
        if session.channel.is_up:
            session.channel.playback("goodbye")
    else:
        session.channel.hangup()


def transfers_unless_hung_up(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except Hangup:
        session.channel.hangup()
        raise
    session.channel.transfer("6000")


@pytest.mark.parametrize(
    "handler",
    [catches_the_hangup_on_purpose, transfers_unless_hung_up],
    ids=lambda each: each.__name__,
)
def test_a_hangup_that_is_handled_is_no_fault(handler: object) -> None:
    explore(handler, keys="1", allow=["unplayed", "unreached"]).check()  # type: ignore[arg-type]


def test_a_hangup_is_told_where_it_was_swallowed_though_none_ends_the_handler() -> None:
    swallowed = explore(catches_everything, keys="1").findings
    assert {each.kind for each in swallowed} == {"swallowed"}
    first = catches_everything.__code__.co_firstlineno
    assert [each.place and each.place.line for each in swallowed] == [first + 3, first + 4]
    assert swallowed[0].text.endswith(f"goes on until the next, at line {first + 8}")
