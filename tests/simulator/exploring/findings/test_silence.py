"""A caller who does nothing must come to an end, or to somebody."""

from __future__ import annotations

import pytest

from eslsync import Session, TimeoutError
from simulator import explore
from tests.support.explored import KEYS, found


def asks_until_1(session: Session) -> None:
    session.channel.answer()
    while session.channel.get_digits("press-1-to-leave") != "1":
        pass
    session.channel.hangup()


def waits_without_a_timeout(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("press-a-key")
    session.channel.wait("DTMF")
    session.channel.hangup()


def asks_again_after_each_timeout(session: Session) -> None:
    channel = session.channel
    channel.answer()
    while True:
        channel.playback("menu")
        try:
            if channel.wait("DTMF", timeout=5.0).digit == "1":
                break
        except TimeoutError:
            channel.playback("please-choose")
    channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [asks_until_1, waits_without_a_timeout, asks_again_after_each_timeout],
    ids=lambda each: each.__name__,
)
def test_a_silent_caller_who_is_never_let_go_is_reported(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == ["silence"], str(exploration)


def calls_an_agent_again_and_again(session: Session) -> None:
    channel = session.channel
    channel.answer()
    while not channel.bridge("user/1000", ring_timeout=10.0).answered:
        key = channel.get_digits("all-busy-press-1-to-leave", timeout=10.0)
        if key == "1":
            break
    channel.hangup()


def counts_silence(session: Session) -> None:
    silent = 0
    session.channel.answer()
    while silent < 2:
        key = session.channel.get_digits("menu")
        if key == "1":
            session.channel.playback("one")
        elif key:
            session.channel.playback("wrong")
        else:
            silent += 1
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler", [calls_an_agent_again_and_again, counts_silence], ids=lambda each: each.__name__
)
def test_a_caller_who_waits_for_somebody_or_is_let_go_is_not(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert "silence" not in found(exploration), str(exploration)


def waits_in_milliseconds(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("menu", timeout=5000):
        session.channel.playback("thanks")
    session.channel.hangup()


def has_a_desk_press_a_key(session: Session) -> None:
    session.channel.answer()
    desk = session.originate("user/1000", ring_timeout=20)
    if desk.get_digits("accept", min=1, max=1, tries=1, timeout=10_000) == "1":
        session.channel.playback("thanks")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_a_wait_of_hours_for_a_far_end_is_reported() -> None:
    exploration = explore(has_a_desk_press_a_key, keys="1")
    [finding] = [each for each in exploration.findings if each.kind == "silence"]
    assert finding.text == "a far end that presses nothing is waited for for 10000 s"
    assert finding.place is not None
    assert finding.place.line == has_a_desk_press_a_key.__code__.co_firstlineno + 3


def test_a_wait_of_more_than_an_hour_is_reported() -> None:
    exploration = explore(waits_in_milliseconds, keys="1")
    [finding] = exploration.findings
    assert finding.text == "a caller who presses nothing at menu waits for 5000 s"
