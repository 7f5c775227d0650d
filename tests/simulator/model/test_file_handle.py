"""What `uuid_fileman` does to a file that plays (recordings 35b, 35t)."""

from __future__ import annotations

import time

import pytest

from eslsync import Session
from simulator import FreeSwitch


@pytest.mark.parametrize(
    ("commands", "seconds"),
    [
        ([], 10.0),
        (["pause", "pause"], 11.0),
        (["seek:8000"], 3.0),
        (["seek:+4000"], 6.0),
        (["seek:-500"], 10.5),
        (["seek:99000"], 1.0),  # it ends there
        (["restart"], 11.0),
        (["speed:2"], 5.5),  # twice as fast
        (["speed:+1", "speed:0"], 10.0 - 1 / 3),
        (["stop"], 2.05),  # what was read ahead is still played
        (["volume:2"], 10.0),
        (["seek"], 10.0),
    ],
)
def test_it_takes_as_long_as_what_is_left(commands: list[str], seconds: float) -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        playing = session.channel.playback("long", block=False)
        for command in commands:
            time.sleep(1)
            said.append(session.api(f"uuid_fileman {session.uuid} {command}"))
        playing.wait()
        session.channel.hangup()

    with FreeSwitch(prompts={"long": 10.0}) as switch:
        call = switch.call(handler)
        call.wait()
    assert call.duration == pytest.approx(seconds, abs=0.15)
    assert said == ["+OK"] * len(commands)
