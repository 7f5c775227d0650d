"""Back ends of the kinds that people have, each taking 2 s of the call: docs/guides/outside.md.

Their libraries are imported by the process that runs these tests, not by all that collect them.
"""

from __future__ import annotations

import pkgutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from eslsync import Session
from simulator import FreeSwitch

Ask = Callable[[], str]


def by_requests() -> str:
    import requests

    return requests.get("http://crm.test/1001", timeout=5).text


def by_httpx() -> str:
    import httpx

    return httpx.get("http://crm.test/1001").text


def by_sqlite() -> str:
    with closing(sqlite3.connect(":memory:")) as database:
        return str(database.execute("select 'ada'").fetchone()[0])


def by_pool() -> str:
    import psycopg_pool

    pool: Any = FakePool()
    with closing(psycopg_pool.ConnectionPool.getconn(pool)) as database:
        return str(database.execute("select 'ada'").fetchone()[0])


class FakePool:
    """What a test passes for a pool: its connections are to sqlite."""

    def _getconn(self) -> Any:
        return sqlite3.connect(":memory:")


def by_redis() -> str:
    import redis

    return str(redis.Redis().get("1001"))


def by_a_program() -> str:
    command = [sys.executable, "-S", "-c", "print('ada')"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def answered_by_responses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import responses

    with responses.RequestsMock() as mock:
        mock.get("http://crm.test/1001", body="ada")
        yield


@contextmanager
def answered_by_respx(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import respx

    with respx.mock:
        respx.get("http://crm.test/1001").respond(text="ada")
        yield


@contextmanager
def with_a_fake_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import psycopg_pool

    monkeypatch.setattr(psycopg_pool.ConnectionPool, "getconn", FakePool._getconn)
    yield


@contextmanager
def with_a_fake_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import redis

    monkeypatch.setattr(redis.Redis, "get", lambda self, key: "ada")
    yield


@contextmanager
def as_it_is(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield


def asking(ask: Ask) -> Callable[[Session], None]:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        music = channel.playback("local_stream://moh", block=False)
        name = ask()
        music.stop()
        channel.playback(f"hello/{name}")
        channel.hangup()

    return handler


@pytest.mark.parametrize(
    ("ask", "answered", "outside"),
    [
        (by_requests, answered_by_responses, "requests.get"),
        (by_requests, answered_by_responses, "requests:Session.send"),
        (by_httpx, answered_by_respx, "httpx.get"),
        (by_httpx, answered_by_respx, "httpx:Client.send"),
        (by_sqlite, as_it_is, by_sqlite),
        (by_sqlite, as_it_is, "sqlite3.connect"),
        (by_pool, with_a_fake_pool, "psycopg_pool.ConnectionPool.getconn"),
        (by_redis, with_a_fake_redis, "redis.Redis.get"),
        (by_a_program, as_it_is, "subprocess.run"),
    ],
)
def test_a_back_end_takes_2_s_of_the_call(
    ask: Ask, answered: Any, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ":" in str(outside):  # the function itself, not where it is looked up
        outside = pkgutil.resolve_name(outside)
    with answered(monkeypatch), FreeSwitch() as switch:
        switch.outside(outside, takes=2.0)
        call = switch.call(asking(ask))
        call.hear("local_stream://moh")
        assert 2.0 < call.duration < 2.2
        call.hear("hello/ada")


def test_http_over_a_real_socket(freeswitch: FreeSwitch) -> None:
    from pytest_httpserver import HTTPServer

    with HTTPServer(threaded=True) as server:
        server.expect_request("/1001").respond_with_data("ada")

        def ask() -> str:
            with urllib.request.urlopen(server.url_for("/1001"), timeout=60) as answer:
                return str(answer.read().decode())

        freeswitch.outside(ask, takes=2.0)
        call = freeswitch.call(asking(ask))
        call.hear("hello/ada")
        assert 4.0 < call.duration < 4.2
        call.wait()
