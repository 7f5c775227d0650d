"""Whole simulated calls, for the tests of their ladders."""

from __future__ import annotations

from collections.abc import Callable

from eslsync import Session
from simulator import Call, FreeSwitch


def play(handler: Callable[[Session], object], script: Callable[[Call], object]) -> Call:
    """Call a handler as the script says, to the end of the call."""
    with FreeSwitch(raises=False) as switch:
        call = switch.call(handler)
        script(call)
        call.wait()
    return call


def press_1(call: Call) -> None:
    call.press("1", when_asked=True)
