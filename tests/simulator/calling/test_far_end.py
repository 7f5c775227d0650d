"""A far end by hand, in whole calls: it answers, presses keys and hangs up when a test says so."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from eslsync import CommandError, Session
from simulator import FreeSwitch
from simulator.calling.call import CallFailed
from simulator.calling.far_end import FarEnd


def bridging(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("hold")
    session.channel.bridge("user/1000,user/1001", ring_timeout=20)
    session.channel.hangup()


def by_hand(switch: FreeSwitch, *dial_strings: str) -> None:
    for each in dial_strings:
        switch.endpoint(each, answers_after=None, rings=True)


def told(transcript: object) -> list[tuple[str, str]]:
    acts = r"(\d+\.\d+) .*?(user/1\S+ (?:rings|answers|presses|rejects|hangs).*)"
    return re.findall(acts, str(transcript))


def test_of_two_phones_one_rejects_and_the_other_answers_presses_keys_and_hangs_up() -> None:
    with FreeSwitch() as switch:
        by_hand(switch, "user/1000", "user/1001")
        call = switch.call(bridging)
        one, other = switch.far_end("user/1000"), switch.far_end("user/1001")
        one.reject()  # as soon as it rings
        other.say_nothing(3.0)
        other.answer()
        other.press("1#", gap=0.5)
        other.say_nothing(1.0)
        other.hangup("USER_BUSY")
        call.wait()
    assert told(call.transcript) == [
        ("2.060", "user/1000 rings"),
        ("2.060", "user/1001 rings"),
        ("2.060", "user/1000 rejects: USER_BUSY"),
        ("5.060", "user/1001 answers"),
        ("5.060", "user/1001 presses 1"),
        ("5.560", "user/1001 presses #"),
        ("6.560", "user/1001 hangs up USER_BUSY"),
    ]
    assert call.bridged == ["user/1001"]


def test_which_of_two_calls_to_one_far_end_it_is_can_be_said() -> None:
    causes: list[str] = []

    def handler(session: Session) -> None:
        for _ in range(2):
            try:
                session.originate("user/1000", ring_timeout=9)
                causes.append("")
            except CommandError as error:
                causes.append(str(error.cause))

    with FreeSwitch() as switch:
        by_hand(switch, "user/1000")
        call = switch.call(handler)
        switch.far_end("user/1000").reject("CALL_REJECTED")
        switch.far_end("user/1000", 2).answer()
        with pytest.raises(CallFailed, match="user/1000 can't hang up: no call to it is answered"):
            switch.far_end("user/1000", 1).hangup()
        call.hangup()
    assert causes == ["CALL_REJECTED", ""]


def answer_late(far_end: FarEnd) -> None:
    far_end.answer(timeout=1.0)


def press(far_end: FarEnd) -> None:
    far_end.press("1")


@pytest.mark.parametrize(
    ("does", "far_end", "why"),
    [
        (answer_late, "user/1000", "user/1000 can't answer: no call to it rings"),
        (FarEnd.reject, "user/1001", "user/1001 can't reject: no call to it rings"),
        (press, "user/1000", "can't press '1': no call to it is answered and up"),
    ],
)
def test_what_it_can_not_do_fails_the_test(
    does: Callable[[FarEnd], None], far_end: str, why: str
) -> None:
    with FreeSwitch() as switch:
        by_hand(switch, "user/1000")
        switch.endpoint("user/1001", answers_after=0.0, hangs_up_after=1.0)
        call = switch.call(bridging)
        call.hear("hold", start=True)
        with pytest.raises(CallFailed, match=why):
            does(switch.far_end(far_end))


def test_a_dial_string_that_can_not_be_is_told() -> None:
    with FreeSwitch() as switch, pytest.raises(ValueError, match="written as in user/1000"):
        switch.far_end("1000")
