from hours import WORKSHOP, handler

from simulator import FreeSwitch


def test_after_closing_time_the_workshop_does_not_ring() -> None:
    with FreeSwitch(start="2026-01-05T17:59:50") as switch:
        switch.endpoint(WORKSHOP, answers_after=2, hangs_up_after=30)
        call = switch.call(handler)
        call.hear("shop/welcome")
        call.say_nothing(10)
        call.press("3")
        call.hear("shop/leave_message")
