"""The switch's threads: generators that say until when they wait."""

from __future__ import annotations

from simulator.clockwork.agenda import Agenda
from simulator.clockwork.threads import Steps, Thread, pause


def waits(agenda: Agenda, steps: list[int], *until: int | None) -> Steps[None]:
    """A thread that notes the time of each step, and waits until these times."""
    for each in until:
        steps.append(agenda.now)
        yield each
    steps.append(agenda.now)


def test_a_thread_takes_its_next_step_when_it_asked_to() -> None:
    agenda, steps = Agenda(0), list[int]()
    thread = Thread(agenda, waits(agenda, steps, 10, 25))
    thread.run()
    agenda.run_until(100)
    assert steps == [0, 10, 25]
    assert thread.finished


def test_a_thread_can_be_woken_before_its_time() -> None:
    agenda, steps = Agenda(0), list[int]()
    thread = Thread(agenda, waits(agenda, steps, None, 50))
    thread.run()
    agenda.run_until(5)
    assert agenda.idle  # it would wait for ever
    thread.wake(7)
    agenda.run_until(10)
    assert steps == [0, 7]
    thread.wake(60)  # it wakes sooner by itself
    agenda.run_until(100)
    assert steps == [0, 7, 50]


def test_a_wake_up_call_during_a_step_is_not_lost() -> None:
    agenda, steps = Agenda(0), list[int]()

    def wakes_itself() -> Steps[None]:
        thread.run()
        steps.append(agenda.now)
        yield None
        steps.append(agenda.now)
        thread.wake(agenda.now + 3)
        yield None
        steps.append(agenda.now)

    thread = Thread(agenda, wakes_itself())
    thread.run()
    agenda.run_until(100)
    assert steps == [0, 0, 3]


def test_a_thread_that_has_finished_is_not_woken() -> None:
    agenda, steps = Agenda(0), list[int]()
    thread = Thread(agenda, waits(agenda, steps))
    thread.run()
    thread.run()
    thread.wake(5)
    assert agenda.idle
    assert steps == [0]


def test_the_agenda_tells_which_thread_is_running() -> None:
    agenda = Agenda(0)
    running: list[object] = []

    def looks(inner: Thread | None) -> Steps[None]:
        running.append(agenda.running)
        if inner is not None:
            inner.run()
            running.append(agenda.running)
        yield None

    second = Thread(agenda, looks(None))
    first = Thread(agenda, looks(second))
    first.run()
    assert running == [first, second, first]
    assert agenda.running is None


def test_a_pause_lasts_its_time_however_often_it_is_woken() -> None:
    agenda, steps = Agenda(0), list[int]()

    def pauses() -> Steps[None]:
        yield from pause(agenda, 20)
        steps.append(agenda.now)

    thread = Thread(agenda, pauses())
    thread.run()
    thread.wake(5)
    agenda.run_until(100)
    assert steps == [20]
