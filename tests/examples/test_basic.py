"""examples/basic.py"""

from __future__ import annotations

from examples.basic import handler
from simulator import FreeSwitch


def test_the_caller_hears_the_welcome_and_is_hung_up() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome")
        call.wait()
    assert call.cause == "NORMAL_CLEARING"
