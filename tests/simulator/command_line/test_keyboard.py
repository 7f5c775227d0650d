"""Keys of a real terminal, which none of its modes may lose."""

from __future__ import annotations

import os
import sys

import pytest

from simulator.command_line.keyboard import typed
from simulator.phone.inbox import Inbox

termios = pytest.importorskip("termios", reason="there are no terminals of that kind")


def test_keys_typed_before_and_in_a_row_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hand, terminal = os.openpty()
    with open(hand, "wb", buffering=0) as fingers, open(terminal, "rb", buffering=0) as seen:
        monkeypatch.setattr(sys, "stdin", seen)
        before = termios.tcgetattr(terminal)
        fingers.write(b"1")  # while the handler is loaded
        keys: Inbox[str] = Inbox()
        with typed(keys.put):
            assert keys.get() == "1"
            fingers.write("2#\x1b[Aé\x04".encode())  # with an arrow
            assert [keys.get() for _ in range(5)] == ["2", "#", "\x1b[A", "é", "\x04"]
        assert termios.tcgetattr(terminal) == before
        with typed(keys.put):
            fingers.close()
            assert keys.get() == ""
