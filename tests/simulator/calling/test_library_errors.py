"""What libraries raise if a back end isn't there, or is late.

Most libraries are imported by the process that runs these tests, not by all that collect them.
"""

from __future__ import annotations

import pkgutil
from typing import Any

import pytest
import requests

from simulator.calling.library_errors import not_there, timeout_of, too_late


def rate(currency: str) -> float:
    return float(requests.get(f"http://rates.test/{currency}").text)


def plain() -> None:
    pass


def imported(named: Any) -> Any:
    return pkgutil.resolve_name(named) if isinstance(named, str) else named


@pytest.mark.parametrize(
    ("function", "missing", "late"),
    [
        ("requests:get", "requests:ConnectionError", "requests:ReadTimeout"),
        ("httpx:get", "httpx:ConnectError", "httpx:ReadTimeout"),
        ("httpx:Client.send", "httpx:ConnectError", "httpx:ReadTimeout"),
        ("sqlite3:connect", "sqlite3:OperationalError", "sqlite3:OperationalError"),
        ("psycopg:connect", "psycopg:OperationalError", "psycopg:OperationalError"),
        (
            "psycopg_pool:ConnectionPool.getconn",
            "psycopg_pool:PoolTimeout",
            "psycopg_pool:PoolTimeout",
        ),
        ("redis:Redis.get", "redis:ConnectionError", "redis:TimeoutError"),
        ("subprocess:run", "subprocess:SubprocessError", "subprocess:TimeoutExpired"),
        ("urllib.request:urlopen", "urllib.error:URLError", "urllib.error:URLError"),
        (rate, "requests:ConnectionError", "requests:ReadTimeout"),
        (plain, ConnectionError, TimeoutError),
    ],
)
def test_each_library_raises_its_own(function: Any, missing: Any, late: Any) -> None:
    function, missing, late = map(imported, (function, missing, late))
    name = f"{function.__module__}.{function.__qualname__}"
    assert isinstance(not_there(name, function), missing)
    assert isinstance(too_late(name, function, 2.0), late)


@pytest.mark.parametrize(
    ("function", "given", "seconds"),
    [
        ("requests:get", {"timeout": 5}, 5),
        ("requests:get", {"timeout": (1, 4)}, 4),
        ("requests:get", {}, None),
        ("httpx:get", {}, 5),
        ("httpx:get", {"timeout": "httpx:Timeout"}, 9),
        ("httpx:get", {"timeout": None}, None),
        ("subprocess:run", {"timeout": 2.5}, 2.5),
        (plain, {}, None),
    ],
)
def test_the_timeout_of_a_call(function: Any, given: dict[str, Any], seconds: float | None) -> None:
    function = imported(function)
    if given.get("timeout") == "httpx:Timeout":
        given = {"timeout": imported("httpx:Timeout")(seconds)}
    args = () if function is plain else ("x",)
    assert timeout_of(function, args, given) == seconds
