"""Calls of callers who do nothing, which findings ask for after the search."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator import explore

#: Each call notes its process.
OFFICE = """
import os

def handler(session):
    session.channel.answer()
    session.channel.playback("welcome", terminators="any")
    {calls}
    session.channel.hangup()

with open({log!r}, "a") as log:
    log.write(f"{{os.getpid()}}\\n")
"""


def office(folder: Path, calls: str = "") -> tuple[Path, Path]:
    app, log = folder / "office.py", folder / "log"
    app.write_text(OFFICE.format(log=str(log), calls=calls), encoding="utf-8")
    return app, log


def processes(log: Path) -> list[int]:
    return [int(line) for line in log.read_text(encoding="utf-8").split()]


def test_a_call_that_the_search_has_made_is_not_made_again(tmp_path: Path) -> None:
    app, log = office(tmp_path)
    exploration = explore(app, keys="12", workers=1)
    assert not exploration.findings, str(exploration)
    # It is loaded to be looked at, and once for calls that all meet the same handler. How it ends,
    # by itself and for a caller who hangs up at the one spot, is known.
    assert len(exploration.nodes) == 1
    assert len(processes(log)) == exploration.calls + 2


@pytest.mark.thorough
def test_what_findings_ask_for_is_made_by_the_other_processes(tmp_path: Path) -> None:
    bridge = 'session.channel.bridge("user/1000").answered or session.channel.playback("sorry")'
    app, log = office(tmp_path, bridge)
    exploration = explore(app, keys="1", workers=2)
    assert not exploration.findings, str(exploration)
    # Somebody may talk on, or be transferred: only findings ask for that.
    assert len(processes(log)) > exploration.calls + 2
    # Here it is loaded first, and once for calls that all meet the same handler.
    assert processes(log).count(os.getpid()) == 2
