"""Numbers that no FreeSWITCH could work with are refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Session, numbers
from simulator import FreeSwitch
from tests.support.cases import for_each

#: What is no time, and what is said of it.
NO_TIME: list[tuple[Any, type[Exception], str]] = [
    (math.nan, ValueError, "finite"),
    (math.inf, ValueError, "finite"),
    (-math.inf, ValueError, "finite"),
    (-1, ValueError, "at least 0 s"),
    (1e308, ValueError, "at most"),
    (10**400, ValueError, "at most"),
    (True, TypeError, "number of seconds"),
    ("5", TypeError, "number of seconds"),
    (None, TypeError, "number of seconds"),
]

#: The methods that give a time to FreeSWITCH.
METHODS: list[Callable[[Session, Any], object]] = [
    lambda session, time: session.channel.sleep(time),
    lambda session, time: session.channel.sched_hangup(time),
    lambda session, time: session.channel.sched_transfer(time, "1000"),
    lambda session, time: session.channel.record(
        "x.wav", silence_threshold=9, silence_seconds=time
    ),
    lambda session, time: session.channel.send_dtmf("1", duration=time),
]


def test_what_is_no_time_is_refused_before_anything_is_sent() -> None:
    def handler(session: Session) -> None:
        for method in METHODS:
            for time, error, said in NO_TIME:
                if time is not None:
                    with pytest.raises(error, match=said):
                        method(session, time)

        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.wait()
    assert not re.search("sleep|sched|record|dtmf", str(call.transcript))


@for_each(("value", "error", "said"), NO_TIME)
def test_seconds(value: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        numbers.seconds("it", value, most=100)
    assert numbers.seconds("it", 0) == 0


@for_each("value", [1.5, True, math.nan, "5", None])
def test_whole_numbers_are_ints(value: Any) -> None:
    with pytest.raises(TypeError, match="it must be a whole number"):
        numbers.whole("it", value, 1)
    assert numbers.whole("it", 5, 1, 5) == 5
