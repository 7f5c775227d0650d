"""Settings that no server could work with are refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from eslsync import Outbound
from tests.support.cases import for_each
from tests.support.servers import nothing


@for_each(
    ("options", "said"),
    [
        ({"max_calls": 0}, "max_calls must be at least 1"),
        ({"when_full": "GO_AWAY"}, "when_full must be"),
        ({"when_full": "USER_BUSY\n\nexit"}, "when_full must be"),
        ({"record_limit": 1}, "record_limit must be"),
        ({"record": ""}, "record must name a folder"),
        ({"record": "\0"}, "record must name a folder"),
        ({"record": "/x\ud800"}, "record must name a folder"),
        ({"host": ""}, "host must be"),
        ({"host": "a\0b"}, "host must be"),
        ({"host": "a\ud800"}, "host must be"),
        ({"linger": math.nan}, "linger must be"),
        ({"linger": math.inf}, "linger must be"),
        ({"linger": 1e308}, "linger must be"),
        ({"max_call_duration": 1e308}, "max_call_duration must be"),
        ({"max_call_duration": 0}, "max_call_duration must be"),
        ({"max_call_duration": -1}, "max_call_duration must be"),
        ({"max_call_duration": math.nan}, "max_call_duration must be"),
        ({"max_call_duration": math.inf}, "max_call_duration must be"),
    ],
)
def test_invalid_limits_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Outbound(print, **options)


@for_each(
    ("arguments", "options", "error"),
    [
        ((None,), {}, TypeError),
        ((nothing,), {"port": -1}, ValueError),
        ((nothing,), {"port": 65536}, ValueError),
        ((nothing,), {"events": "DTMF"}, TypeError),
        ((nothing,), {"events": ["CHANNEL_ANSWERED"]}, ValueError),
        ((nothing,), {"events": ["DTMF\n\nexit"]}, ValueError),
        ((nothing,), {"events": ["CUSTOMISED"]}, ValueError),
        ((nothing,), {"linger": -1}, ValueError),
        ((nothing,), {"linger": "60"}, TypeError),
        ((nothing,), {"events": [1]}, TypeError),
        ((nothing,), {"allow": [1]}, TypeError),
        ((nothing,), {"allow": [b"\x7f\x00\x00\x01"]}, TypeError),
        ((nothing,), {"proxy_protocol": "10.0.0.5"}, TypeError),
        ((nothing,), {"proxy_protocol": ["haproxy.example.com"]}, ValueError),
        ((nothing,), {"when_full": ["close"]}, TypeError),
        ((nothing,), {"max_call_duration": True}, TypeError),
        ((nothing,), {"host": None}, TypeError),
        ((nothing,), {"clock": 5}, TypeError),
        *(
            ((nothing,), {name: value}, TypeError)
            for name in ("port", "max_calls", "record_limit")
            for value in (True, 1e5, math.nan, "5000")
        ),
    ],
)
def test_invalid_settings_are_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Outbound(*arguments, **options)


@pytest.mark.parametrize("drain", [math.nan, -1, True, "5"])
def test_a_drain_that_is_no_time_is_refused_before_it_listens(drain: Any) -> None:
    app = Outbound(nothing, port=0)
    with pytest.raises((TypeError, ValueError), match="drain must be"):
        app.start(drain=drain)
    assert app.port == 0


@for_each("name", ["timeout", "clean_up"])
@for_each("value", ["5", 1j, math.nan, -1, True])
def test_a_time_to_stop_in_that_is_no_time_is_refused(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"{name} must be"):
        Outbound(nothing, port=0).stop(**{name: value})
