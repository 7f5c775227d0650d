"""Every example, with every fault at every step: none hangs, raises or leaves a thread."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Session
from examples import basic, ivr
from simulator import Call, sweep
from simulator.faults import KINDS, Kind


def listen(call: Call) -> None:
    call.hear("ivr/ivr-welcome")
    call.wait()


def choose(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.press("3")
    call.hear("ivr/ivr-option-3")
    call.wait()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("handler", "script"),
    [(basic.handler, listen), (ivr.handler, listen), (ivr.handler, choose)],
    ids=["basic", "ivr in silence", "ivr with a key"],
)
def test_no_fault_makes_an_example_hang_or_fail(
    handler: Callable[[Session], object], script: Callable[[Call], object], kind: Kind
) -> None:
    result = sweep(script, handler, faults=[kind])
    assert result.outcomes
    assert not result.wrong, str(result)
