"""Handlers that keep something from call to call."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import explore
from tests.support.explored import found
from tests.support.peer import PATIENCE

HEAD = """
from threading import Lock

from eslsync import Session
from tests.support.patience import lose_patience

tries = []
lock = Lock()
calls = 0


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
"""
KEEPS_TRIES = """
    while len(tries) < 3:
        tries.append(channel.get_digits("pin", min=4, max=4, tries=1))
        if tries[-1] == "4711":
            channel.playback("right")
            break
    else:
        channel.playback("locked-out")
    channel.hangup()
"""
NEVER_UNLOCKS_AFTER_A_HANGUP = """
    if lock.locked():
        lose_patience(0.1)
    lock.acquire(timeout=3.0)
    channel.playback("one-at-a-time")
    lock.release()
    channel.hangup()
"""
HAS_A_MUTABLE_DEFAULT = """
    greet(channel)
    channel.hangup()


def greet(channel, said=[]):
    said.append("hello")
    channel.playback(said[1] if len(said) == 2 else "welcome")
"""
KEEPS_A_COUNT_THAT_NOBODY_HEARS = """
    global calls
    calls += 1
    with lock:
        channel.playback("welcome")
    channel.say(str(calls))
    channel.bridge(("user/1000", "user/1001")[calls % 2])
    channel.playback("goodbye")
    channel.hangup()
"""


FAILS_AT_THE_EIGHTH = """
    if channel.get_digits("menu", regexp="[12]") == "1":
        tries.append(session.uuid)
        if len(tries) >= 8:
            channel.playback(tries[99])
    channel.playback("goodbye")
    channel.hangup()
"""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (FAILS_AT_THE_EIGHTH, "after 7 calls like it, IndexError"),
        (KEEPS_TRIES, "the second time, the caller hears locked-out instead of pin"),
        (NEVER_UNLOCKS_AFTER_A_HANGUP, "after another call, the handler waits for nothing"),
        (HAS_A_MUTABLE_DEFAULT, "the second time, the caller hears hello instead of welcome"),
    ],
    ids=["count", "tries", "lock", "default"],
)
def test_a_later_call_that_differs_is_reported(tmp_path: Path, body: str, text: str) -> None:
    file = tmp_path / "office.py"
    file.write_text(HEAD + body)
    exploration = explore(
        file, keys="12", workers=1, patience=PATIENCE, allow=["silence", "unplayed"]
    )
    assert found(exploration) == ["second-call"], str(exploration)
    assert text in exploration.findings[0].text


def test_numbers_and_far_ends_that_differ_are_not(tmp_path: Path) -> None:
    file = tmp_path / "office.py"
    file.write_text(HEAD + KEEPS_A_COUNT_THAT_NOBODY_HEARS)
    exploration = explore(file, keys="12", workers=1, allow=["bridge-ignored"])
    assert not exploration.findings, str(exploration)
