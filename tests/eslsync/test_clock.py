"""Real time, as the library waits in it."""

from __future__ import annotations

import datetime
import math
import queue
import time
from queue import SimpleQueue
from typing import Any

import pytest
from freezegun import freeze_time

from eslsync import Outbound, Session, TimeoutError
from eslsync.clock import REAL, sooner
from tests.support.peer import Peer


def test_an_item_already_in_the_inbox_is_returned_after_the_deadline() -> None:
    inbox: SimpleQueue[str] = SimpleQueue()
    inbox.put("in time")
    inbox.put("too")
    assert REAL.get(inbox, REAL.now() - 10) == "in time"
    assert REAL.get(inbox, None) == "too"
    with pytest.raises(queue.Empty):
        REAL.get(inbox, REAL.now() - 10)


def test_a_deadline_is_so_many_seconds_from_now() -> None:
    before = REAL.now()
    deadline = REAL.deadline(1e6)
    assert deadline is not None
    assert before <= deadline - 1e6 <= REAL.now()


@pytest.mark.parametrize("timeout", [None, math.inf])
def test_no_timeout_means_no_deadline(timeout: float | None) -> None:
    assert REAL.deadline(timeout) is None


@pytest.mark.parametrize("timeout", ["1", True, math.nan, [1]])
def test_a_timeout_must_be_a_number_of_seconds(timeout: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="number of seconds"):
        REAL.deadline(timeout)


@pytest.mark.parametrize(
    ("one", "other", "earlier"),
    [(1.0, 2.0, 1.0), (2.0, 1.0, 1.0), (None, 1.0, 1.0), (1.0, None, 1.0)],
)
def test_never_is_later_than_any_deadline(
    one: float | None, other: float | None, earlier: float
) -> None:
    assert sooner(one, other) == earlier
    assert sooner(None, None) is None


def test_freezing_time_does_not_stop_the_real_clock() -> None:
    with freeze_time("2026-01-05T17:59:50"):
        frozen, now = time.monotonic(), REAL.now()
        while REAL.now() == now:
            pass
        assert time.monotonic() == frozen


def test_frozen_time_does_not_stop_the_librarys_own_timeouts() -> None:
    def handler(session: Session) -> None:
        seen.append(datetime.datetime.now())
        for wait in (
            lambda: session.channel.wait("DTMF", timeout=0.05),
            lambda: session.channel.playback("x", timeout=0.05),
            lambda: session.send("getvar x", timeout=0.05),
        ):
            with pytest.raises(TimeoutError):
                wait()
        seen.append(datetime.datetime.now())

    seen: list[datetime.datetime] = []
    with (
        freeze_time("2026-01-05T17:59:50"),
        Outbound(handler, port=0) as app,  # on the real clock
    ):
        peer = Peer(app)
        peer.handshake()
        peer.execute("playback")
        peer.hear("getvar x")
        peer.hear("resume")  # the handler has ended
        peer.sock.close()
    assert seen == [datetime.datetime(2026, 1, 5, 17, 59, 50)] * 2
