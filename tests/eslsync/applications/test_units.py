"""Seconds, as FreeSWITCH's applications take them."""

from __future__ import annotations

import math

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
def test_negative_and_infinite_times_are_refused() -> None:
    def question(channel: Channel) -> None:
        for seconds in (-1.0, math.inf, math.nan):
            with pytest.raises(ValueError, match=r"second"):
                channel.sleep(seconds)
        channel.sleep(0.0)

    assert words_of("sleep", question) == ["0"]
