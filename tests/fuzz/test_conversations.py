"""A few conversations in every run of the suite; ``python -m tests.fuzz`` plays any number."""

from __future__ import annotations

from collections import Counter

import pytest

from .conversation import Log, SwitchClock
from .in_process import InMemory
from .in_process import play as play_in_memory
from .loopback import OnSocket, SocketClock, defects_of, nothing_left, play
from .malformed import MUTATIONS


def test_malformed_conversations_over_loopback_end_as_they_should_and_leave_nothing() -> None:
    clock = SocketClock()
    log = Log(clock)
    with nothing_left():
        for each in play(map(OnSocket, range(70)), log, clock):
            assert each.defects == [], each
    assert defects_of(log) == []


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_conversations_spoilt_this_way_end_as_they_should(mutation: str) -> None:
    clock = SwitchClock()
    log = Log(clock)
    endings: Counter[str] = Counter()
    with log.kept():
        for seed in range(4):
            conversation = InMemory(seed, mutation)
            play_in_memory(conversation, clock)
            assert conversation.switch.spoilt
            assert conversation.defects == [], conversation
            endings[conversation.ending] += 1
    assert endings.total() == 4
    assert log.elsewhere == []


def test_unspoilt_conversations_are_calls() -> None:
    clock = SwitchClock()
    endings: Counter[str] = Counter()
    with Log(clock).kept():
        for seed in range(30):
            conversation = InMemory(seed, "none")
            play_in_memory(conversation, clock)
            assert conversation.called
            assert conversation.defects == []
            endings[conversation.ending] += 1
    usual = {"returned", "Hangup", "Disconnected", "CommandError", "Transferred"}
    assert set(endings) <= usual
    assert endings["returned"] > 3
    assert endings["Hangup"] > 0
