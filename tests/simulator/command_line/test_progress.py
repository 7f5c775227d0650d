"""How far an exploration has got is shown on a terminal, and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from simulator.command_line.progress import Bar
from simulator.exploring.search import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_shows_nodes_calls_and_rate_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Bar() as bar:
        bar.show(Progress(nodes=1, calls=1, known=10, seconds=0.1))
        bar.show(Progress(nodes=3, calls=10, known=10, seconds=2.0))
    assert "exploring" in terminal.getvalue()
    assert "3 nodes, 10 calls, 5 calls a second" in terminal.getvalue()


def test_without_a_terminal_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    with Bar() as bar:
        bar.show(Progress(nodes=3, calls=10, known=10, seconds=2.0))
    assert output.getvalue() == ""
