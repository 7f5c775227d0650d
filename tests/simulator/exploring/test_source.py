"""What a handler's source tells `explore`."""

from __future__ import annotations

from eslsync import Session
from simulator import explore
from tests.support.explored import prompts


def gathers_digits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("pin", terminators="")
    pin = ""
    while len(pin) < 4:
        pin += channel.wait("DTMF").digit or ""
    channel.playback("wrong-pin" if pin != "4711" else "right-pin")
    channel.hangup()


def test_a_pin_in_the_handlers_code_is_tried() -> None:
    assert {"wrong-pin", "right-pin"} <= prompts(explore(gathers_digits, keys="1"))
