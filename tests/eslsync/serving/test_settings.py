"""Settings that no server could work with are refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from eslsync import Outbound
from tests.support.servers import nothing


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_calls": 0}, "max_calls must be at least 1"),
        ({"when_full": "GO_AWAY"}, "when_full must be"),
        ({"when_full": "USER_BUSY\n\nexit"}, "when_full must be"),
        ({"max_call_duration": 0}, "max_call_duration must be"),
        ({"max_call_duration": -1}, "max_call_duration must be"),
        ({"max_call_duration": math.nan}, "max_call_duration must be"),
        ({"max_call_duration": math.inf}, "max_call_duration must be"),
    ],
)
def test_invalid_limits_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Outbound(print, **options)


@pytest.mark.parametrize(
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
    ],
)
def test_invalid_settings_are_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Outbound(*arguments, **options)
