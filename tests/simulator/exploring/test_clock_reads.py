"""How often a handler asks for the time, and where."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from simulator.exploring.clock_reads import ClockReads
from simulator.exploring.whereabouts import LIBRARIES


def test_each_read_counts_and_the_first_at_a_place_tells_when_it_was() -> None:
    seconds = iter((1.5, 2.5))
    reads = ClockReads(lambda: next(seconds))
    for _ in range(2):
        reads.time_of_day(sys._getframe())
    reads.seconds(sys._getframe())
    assert reads.count == 3
    [(places, at)] = reads.places.items()
    assert at == 1.5
    assert places[-1].file == __file__


@pytest.mark.parametrize(("depth", "count"), [(1, 1), (2, 1), (3, 0)])
def test_what_libraries_ask_for_themselves_how_long_something_lasts_does_not_count(
    depth: int, count: int
) -> None:
    library: dict[str, Any] = {"sys": sys}
    text = "def frame(depth): return frame(depth - 1) if depth > 1 else sys._getframe()"
    exec(compile(text, os.path.join(LIBRARIES[0], "library.py"), "exec"), library)
    reads = ClockReads(lambda: 0.0)
    reads.seconds(library["frame"](depth))
    assert reads.count == count
