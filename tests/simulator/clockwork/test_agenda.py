"""Actions happen in order of time, and then in order of asking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.clockwork.agenda import Agenda, Timer


@given(st.lists(st.integers(0, 5), max_size=20))
def test_actions_due_at_the_same_time_happen_in_order_of_asking(times: list[int]) -> None:
    agenda = Agenda(0)
    happened: list[tuple[int, int]] = []
    for number, when in enumerate(times):
        agenda.at(when, lambda when=when, number=number: happened.append((when, number)))  # type: ignore[misc]
    agenda.run_until(10)
    assert happened == sorted(zip(times, range(len(times)), strict=True))
    assert agenda.now == 10


def test_now_is_the_time_of_the_action_that_happens() -> None:
    agenda = Agenda(100)
    seen: list[int] = []
    agenda.at(250, lambda: seen.append(agenda.now))
    agenda.at(50, lambda: seen.append(agenda.now))  # past already: now
    agenda.run_until(300)
    assert seen == [100, 250]


def test_an_action_for_a_past_time_waits_its_turn_among_those_due_now() -> None:
    agenda = Agenda(100)
    happened: list[str] = []
    agenda.at(100, lambda: happened.append("now"))
    agenda.at(50, lambda: happened.append("past"))
    agenda.run_until(100)
    assert happened == ["now", "past"]


def test_a_cancelled_timer_never_happens_and_nothing_waits_for_it() -> None:
    agenda = Agenda(0)
    happened: list[str] = []
    timer = agenda.at(5, lambda: happened.append("cancelled"))
    timer.cancel()
    timer.cancel()
    assert agenda.idle
    assert agenda.next_due() is None
    agenda.at(7, lambda: happened.append("kept"))
    assert agenda.next_due() == 7
    agenda.run_until(10)
    assert happened == ["kept"]


def test_an_action_can_cancel_the_next_one_due_at_the_same_time() -> None:
    agenda = Agenda(0)
    happened: list[str] = []
    timers: list[Timer] = []
    agenda.at(5, lambda: timers[0].cancel())
    timers.append(agenda.at(5, lambda: happened.append("cancelled")))
    agenda.run_until(5)
    assert happened == []


def test_run_until_stops_as_soon_as_it_is_satisfied() -> None:
    agenda = Agenda(0)
    happened: list[int] = []
    for when in (1, 2, 3):
        agenda.at(when, lambda when=when: happened.append(when))  # type: ignore[misc]
    agenda.run_until(10, lambda: len(happened) == 2)
    assert happened == [1, 2]
    assert agenda.now == 2
    assert agenda.next_due() == 3
