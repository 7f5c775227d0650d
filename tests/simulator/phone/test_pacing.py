"""Real seconds and the moments of a call."""

from __future__ import annotations

from simulator.phone.pacing import Pace


def test_a_moment_comes_sooner_the_faster_time_passes() -> None:
    pace = Pace(real=10.0)
    assert pace.moment(12.0) == 2_000_000
    assert pace.real(3_000_000) == 13.0
    pace.change(12.0, 10)
    assert pace.moment(12.5) == 7_000_000
    assert pace.real(12_000_000) == 13.0


def test_time_that_stands_still_brings_nothing() -> None:
    pace = Pace(real=10.0, moment=500_000, speed=0)
    assert pace.moment(1000.0) == 500_000
    assert pace.real(500_001) is None
    pace.change(1000.0, 1)
    assert pace.moment(1001.0) == 1_500_000


def test_a_jump_goes_on_from_another_moment() -> None:
    pace = Pace(real=0.0)
    pace.jump(5.0, 60_000_000)
    assert pace.moment(6.0) == 61_000_000
