"""The clocks of handler and test follow virtual time."""

from __future__ import annotations

import datetime
import sys
import time
from time import sleep
from types import FrameType, ModuleType

import freezegun
import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.clockwork.frozen import reads_noticed

REAL_SLEEP = sleep


def test_the_handlers_clocks_follow_the_call() -> None:
    seen: list[tuple[datetime.datetime, float, float]] = []

    def look_at_clocks(session: Session) -> None:
        def look() -> None:
            seen.append((datetime.datetime.now(), time.time(), time.monotonic()))

        look()
        session.channel.answer()
        look()
        session.channel.playback("ivr/ivr-welcome")
        look()
        time.sleep(60)
        look()
        sleep(0.5)
        look()

    with FreeSwitch(start="2026-01-05T17:59:50") as switch:
        switch.call(look_at_clocks).wait()
        after = datetime.datetime.now()
    start = datetime.datetime(2026, 1, 5, 17, 59, 50)
    since = [(moment - start).total_seconds() for moment, _, _ in seen]
    assert since == [0.0, 0.02, 2.04, 62.04, 62.54]
    for index, clock in ((1, "time.time()"), (2, "time.monotonic()")):
        differences = [entry[index] - seen[0][index] for entry in seen]  # type: ignore[operator]
        assert differences == pytest.approx(since), clock
    assert seen[0][1] == start.replace(tzinfo=datetime.timezone.utc).timestamp()
    assert after >= start + datetime.timedelta(seconds=62.54)


def test_an_office_that_closes_at_six_is_tested_ten_seconds_before() -> None:
    def office(session: Session) -> None:
        session.channel.answer()
        is_open = datetime.datetime.now().hour < 18
        session.channel.playback("open" if is_open else "closed")
        session.channel.hangup()

    with FreeSwitch(start="2026-01-05T17:59:50") as switch:
        early = switch.call(office)
        early.wait()
        early.say_nothing(10.0)
    with FreeSwitch(start="2026-01-05T18:00:00") as switch:
        late = switch.call(office)
        late.wait()
    assert (early.heard, late.heard) == (["open"], ["closed"])


def test_the_tests_own_clock_follows_too_and_is_real_again_afterwards() -> None:
    with FreeSwitch(start="2026-01-05T09:00:00") as switch:
        assert datetime.datetime.now() == datetime.datetime(2026, 1, 5, 9)
        call = switch.call(lambda session: session.channel.answer())
        call.wait()
        assert time.time() == switch.now
    assert datetime.datetime.now().year > 2025
    assert time.sleep is REAL_SLEEP
    assert sleep is REAL_SLEEP


def test_modules_that_import_on_demand_are_not_made_to_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    module = ModuleType("on_demand")
    module.__dict__.update(
        now=datetime.datetime, __getattr__=asked.append, __dir__=lambda: ["now", "heavy"]
    )
    monkeypatch.setitem(sys.modules, "on_demand", module)
    real = module.now
    with FreeSwitch():
        assert module.now is not real  # it was looked through
    assert module.now is real
    assert "heavy" not in asked


def test_a_module_that_is_imported_while_time_is_frozen_is_frozen_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = datetime.datetime
    module = ModuleType("imported_late")
    with FreeSwitch():
        module.__dict__.update(now=datetime.datetime)
        monkeypatch.setitem(sys.modules, "imported_late", module)
        with FreeSwitch():
            pass
    assert module.now is real
    with FreeSwitch():
        assert module.now is not real


def test_what_waits_is_found_while_a_test_has_frozen_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = REAL_SLEEP
    module = ModuleType("imported_while_frozen")
    with freezegun.freeze_time("2020-02-29 12:00:00"):
        module.__dict__.update(sleep=real)
        monkeypatch.setitem(sys.modules, "imported_while_frozen", module)
        with FreeSwitch():
            assert module.sleep is not real
        assert module.sleep is real


def test_the_switch_begins_at_the_time_that_a_test_has_frozen() -> None:
    with freezegun.freeze_time("2020-02-29 12:00:00"), FreeSwitch() as switch:
        assert switch.now == time.time()
        assert datetime.datetime.now() == datetime.datetime(2020, 2, 29, 12)


def test_an_invalid_start_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match="2026-01-05T09:00:00"):
        FreeSwitch(start="half past nine")


def asks_for_every_time(session: Session) -> None:
    time.monotonic()
    time.time()
    datetime.datetime.now()
    datetime.date.today()
    time.strftime("%H:%M")
    session.channel.hangup()


def test_the_reads_of_the_time_of_day_are_noticed() -> None:
    lines: list[int] = []
    first = asks_for_every_time.__code__.co_firstlineno
    with reads_noticed(lambda frame: lines.append(frame.f_lineno - first)), FreeSwitch() as switch:
        switch.call(asks_for_every_time).wait()
    assert lines == [3, 4, 5]


def test_the_reads_of_running_seconds_are_noticed() -> None:
    own: list[int] = []
    first = asks_for_every_time.__code__.co_firstlineno

    def noticed(frame: FrameType) -> None:
        if frame.f_code is asks_for_every_time.__code__:
            own.append(frame.f_lineno - first)

    with reads_noticed(lambda _: None, noticed), FreeSwitch() as switch:
        switch.call(asks_for_every_time).wait()
    assert own == [1, 2]
