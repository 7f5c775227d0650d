"""Seconds, as FreeSWITCH's applications take them."""

from __future__ import annotations

import math
import re

import pytest

from eslsync import Channel
from tests.support.asking import words_of
from tests.support.evidence import stands_on


@stands_on("mod_dptools.c, sleep_function", "sleep")
def test_milliseconds_are_rounded_to_whole_ones() -> None:
    assert words_of("sleep", lambda channel: channel.sleep(0.0016)) == ["2"]


@stands_on("mod_dptools.c, sched_hangup_function", "sched_hangup")
def test_whole_seconds_are_rounded_up() -> None:
    def question(channel: Channel) -> None:
        channel.sched_hangup(1.2)

    assert words_of("sched_hangup", question)[0] == "+2"


@stands_on("mod_dptools.c, sleep_function", "sleep")
@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (-1.0, "sleep: seconds must be at least 0 s, not -1.0"),
        (math.inf, "sleep: seconds must be a finite number of seconds, 0 or more, not inf"),
        (math.nan, "sleep: seconds must be a finite number of seconds, 0 or more, not nan"),
    ],
)
def test_negative_and_infinite_times_are_refused(seconds: float, error: str) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=re.escape(error)):
            channel.sleep(seconds)
        channel.sleep(0.0)

    assert words_of("sleep", question) == ["0"]


@stands_on("mod_dptools.c, play_and_get_digits_function", "play_and_get_digits")
def test_the_caller_has_at_least_a_second() -> None:
    error = "play_and_get_digits: timeout must be at least 1 s, not 0.5"

    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=re.escape(error)):
            channel.play_and_get_digits("ivr/menu", timeout=0.5)
        channel.play_and_get_digits("ivr/menu", timeout=1.0)

    assert words_of("play_and_get_digits", question)[3] == "1000"
