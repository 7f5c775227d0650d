"""The table in which Linux looks for sleeping threads."""

from __future__ import annotations

import sys

import pytest

from eslsync.serving import sleepers
from simulator import FreeSwitch
from tests.support.servers import nothing, serving


def test_the_table_has_room_for_thousands_of_threads() -> None:
    before = sleepers.slots()
    sleepers.make_room()
    assert sleepers.slots() == before < 0 or sleepers.slots() >= max(before, sleepers.SLOTS)


def test_a_larger_table_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    sleepers.make_room()
    before = sleepers.slots()
    monkeypatch.setattr(sleepers, "SLOTS", 1024)
    sleepers.make_room()
    assert sleepers.slots() == before


def test_a_python_without_ctypes_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    sleepers.make_room()
    assert sleepers.slots() < 0


def test_a_server_makes_room_unless_its_calls_are_simulated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[None] = []
    monkeypatch.setattr("eslsync.serving.server.make_room", lambda: made.append(None))
    with FreeSwitch() as switch:
        switch.call(nothing)
    assert made == []
    with serving(nothing):
        assert made == [None]
