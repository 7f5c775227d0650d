"""The values of variables that FreeSWITCH can't use."""

from __future__ import annotations

from simulator.model.known_values import wrong_value
from tests.support.cases import for_each


@for_each(
    ("name", "value", "why"),
    [
        ("call_timeout", "twenty", "'twenty' is no whole number, and is read as 0"),
        ("call_timeout", "20s", "'20s' is no whole number, and is read as 20"),
        ("call_timeout", "20000", "it counts seconds, and 20000 are 5.6 hours"),
        ("park_timeout", "30000", "it counts seconds, and 30000 are 8.3 hours"),
        ("playback_sleep_val", "soon", "'soon' is no whole number, and is read as 0"),
        ("originate_retries", "x", "'x' is no whole number, and is read as 0"),
        ("ring_ready", "ture", "it is neither true nor false (did you mean 'true'?)"),
        (
            "ignore_early_media",
            "consum",
            "it is none of true, false, ring_ready, consume (did you mean 'consume'?)",
        ),
        (
            "continue_on_fail",
            "USER_BSUY",
            "USER_BSUY is no hangup cause (did you mean 'USER_BUSY'?)",
        ),
        ("playback_terminators", "pound", "'pound' are not keys of a telephone, as in 1 or *#"),
    ],
)
def test_a_value_that_freeswitch_can_not_use(name: str, value: str, why: str) -> None:
    assert wrong_value(name, value) == why


@for_each(
    ("name", "value"),
    [
        ("call_timeout", "60"),
        ("park_timeout", "7200:NO_ANSWER"),
        ("playback_timeout_sec", "36000"),
        ("ignore_early_media", "consume"),
        ("ring_ready", "allow"),
        ("continue_on_fail", "USER_BUSY, 18,no_answer"),
        ("transfer_on_fail", "true full XML default"),
        ("playback_terminators", "any"),
        ("my_own", "twenty"),
    ],
)
def test_a_value_that_freeswitch_takes(name: str, value: str) -> None:
    assert wrong_value(name, value) == ""
