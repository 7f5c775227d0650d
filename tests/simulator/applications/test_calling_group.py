"""Far ends that are called at once: when each begins, gives up, confirms, and who wins."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Session
from simulator import Call, FreeSwitch

ONE, TWO = "user/1000", "user/1001"


def bridged(dial_string: str, **far_ends: dict[str, Any]) -> Call:
    """The call of somebody who is bridged to ``dial_string``, after which "next" is played."""

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("continue_on_fail", "true")
        session.channel.execute("bridge", dial_string)
        session.channel.playback("next")
        session.channel.hangup()

    with FreeSwitch() as switch:
        for name, behaviour in far_ends.items():
            answers = "rejects" not in behaviour and behaviour.get("answers_after", 0) is not None
            talk = {"hangs_up_after": 1.0} if answers else {}
            switch.endpoint(f"user/{name[1:]}", **{**talk, **behaviour})
        call = switch.call(handler)
        call.wait()
    return call


def lines(call: Call, *words: str) -> list[tuple[float, str]]:
    """The lines of the transcript with these words, and their seconds."""
    found = [line.strip() for line in str(call.transcript).splitlines()]
    return [
        (float(line.split()[0]), line.partition(" ")[2].strip())
        for line in found
        if all(word in line for word in words)
    ]


def when(call: Call, *words: str) -> float:
    (found, *_) = lines(call, *words)
    return found[0]


def test_a_leg_begins_after_its_delay() -> None:
    call = bridged(f"{ONE},[leg_delay_start=5]{TWO}", _1000={"answers_after": None}, _1001={})
    assert when(call, TWO, "answers") == pytest.approx(6.0, abs=1.1)


def test_it_begins_at_once_if_nobody_else_is_left() -> None:
    call = bridged(f"{ONE},[leg_delay_start=30]{TWO}", _1000={"rejects": "USER_BUSY"}, _1001={})
    assert when(call, TWO, "answers") < 1.0


def test_its_own_timeout_counts_from_its_beginning() -> None:
    call = bridged(
        f"{ONE},[leg_delay_start=4,leg_timeout=3]{TWO}",
        _1000={"answers_after": 20.0},
        _1001={"answers_after": None},
    )
    assert when(call, TWO, "ALLOTTED_TIMEOUT") == pytest.approx(8.0, abs=1.1)


def test_who_loses_before_it_began_is_hung_up() -> None:
    call = bridged(f"{ONE},[leg_delay_start=30]{TWO}", _1000={"answers_after": 2.0}, _1001={})
    assert when(call, TWO, "LOSE_RACE") == pytest.approx(2.0, abs=0.2)


def test_a_far_end_confirms_with_a_key() -> None:
    call = bridged(
        "{group_confirm_key=5,group_confirm_file=press_five,group_confirm_error_file=wrong}" + ONE,
        _1000={"presses": [(3.0, "4"), (8.0, "5")], "hangs_up_after": 12.0},
    )
    assert lines(call, ONE, "press_five")
    assert lines(call, ONE, "wrong")
    assert when(call, "bridged") == pytest.approx(8.0, abs=1.0)


def test_who_does_not_confirm_is_not_bridged() -> None:
    call = bridged(
        "{group_confirm_key=5,group_confirm_file=press_five,originate_timeout=10}" + ONE,
        _1000={"hangs_up_after": None},
    )
    assert not lines(call, "bridged")
    assert when(call, ONE, "NO_ANSWER") == pytest.approx(10.0, abs=1.0)


def test_the_first_who_confirms_wins() -> None:
    call = bridged(
        "{group_confirm_key=1,group_confirm_file=press_one}" + f"{ONE},{TWO}",
        _1000={"presses": [(9.0, "1")], "hangs_up_after": 20.0},
        _1001={"presses": [(3.0, "1")], "hangs_up_after": 20.0},
    )
    assert lines(call, "bridged", TWO)
    assert lines(call, ONE, "LOSE_RACE")


def test_an_application_can_confirm() -> None:
    call = bridged(
        "{group_confirm_key=exec,group_confirm_file='playback whisper'}" + ONE,
        _1000={"hangs_up_after": 5.0},
    )
    assert lines(call, ONE, "whisper")
    assert lines(call, "bridged")


def test_the_time_to_confirm_can_be_limited() -> None:
    call = bridged(
        "{group_confirm_key=1,group_confirm_file=press_one,group_confirm_timeout=4}" + ONE,
        _1000={"hangs_up_after": None},
    )
    assert when(call, ONE, "ALLOTTED_TIMEOUT") == pytest.approx(5.0, abs=1.1)


@pytest.mark.parametrize(
    ("listed", "fails"), [("true", True), ("USER_BUSY", True), ("CALL_REJECTED", False)]
)
def test_one_rejection_can_be_enough(listed: str, fails: bool) -> None:
    call = bridged(
        f"{{fail_on_single_reject={listed}}}{ONE},{TWO}",
        _1000={"rejects": "USER_BUSY"},
        _1001={"answers_after": 3.0},
    )
    assert bool(lines(call, "bridged")) is not fails


def test_a_list_of_causes_also_ends_the_alternatives() -> None:
    call = bridged(
        f"{{fail_on_single_reject=USER_BUSY}}{ONE}|{TWO}", _1000={"rejects": "USER_BUSY"}, _1001={}
    )
    assert not lines(call, "calls", TWO)


def test_a_required_leg_takes_the_others_along() -> None:
    call = bridged(
        f"[leg_required=true]{ONE},{TWO}",
        _1000={"rejects": "USER_BUSY"},
        _1001={"answers_after": 3.0},
    )
    assert lines(call, TWO, "USER_BUSY")
    assert not lines(call, "bridged")


def test_who_neither_rings_nor_answers_is_given_up() -> None:
    call = bridged("{progress_timeout=5}" + ONE, _1000={"answers_after": None})
    assert when(call, ONE, "PROGRESS_TIMEOUT") == pytest.approx(6.0, abs=1.1)


def test_who_rings_is_not() -> None:
    call = bridged("{progress_timeout=5}" + ONE, _1000={"rings": True, "answers_after": 9.0})
    assert lines(call, "bridged")


def test_a_leg_of_its_own_is_given_up() -> None:
    call = bridged(f"[leg_progress_timeout=5]{ONE}", _1000={"answers_after": None})
    assert when(call, ONE, "PROGRESS_TIMEOUT") == pytest.approx(6.0, abs=1.1)


def test_the_first_of_those_who_refuse_gives_the_cause() -> None:
    causes: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("continue_on_fail", "true")
        session.channel.execute("bridge", f"{ONE},{TWO}")
        causes.append(session.channel.get_variable("originate_disposition"))

    with FreeSwitch() as switch:
        switch.endpoint(ONE, rejects="USER_BUSY")
        switch.endpoint(TWO, rejects="CALL_REJECTED")
        switch.call(handler).wait()
    assert causes == ["USER_BUSY"]
