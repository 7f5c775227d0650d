"""Handlers in a debugger: the patience with them doesn't run out."""

from __future__ import annotations

import io
import os
import pdb
import pty
import re
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import coverage
import pytest

from eslsync import Session
from simulator import FreeSwitch, SimulationError
from simulator.calling.freeswitch import simulation_of
from simulator.clockwork import virtual_time
from simulator.clockwork.debuggers import is_debugged
from tests.support.peer import PATIENCE
from tests.support.places import ROOT
from tests.support.plugins import NO_OTHERS

#: Real seconds of patience with handlers that wait in a debugger.
SHORT = 0.05


class Looks:
    """The looks for a debugger, once patience has run out."""

    def __init__(self) -> None:
        self.answers: list[bool] = []
        self._read, self._write = os.pipe()
        self._world: Any = None

    @contextmanager
    def switch(self) -> Iterator[FreeSwitch]:
        """A switch whose patience is short while a handler waits here, and else as any other."""
        with FreeSwitch(patience=PATIENCE) as switch:
            self._world = simulation_of(switch).world
            yield switch

    def is_debugged(self, thread: threading.Thread) -> bool:
        self.answers.append(is_debugged(thread))
        os.write(self._write, b".")
        return self.answers[-1]

    def wait(self) -> None:
        """Wait for a look, really: no simulated time passes."""
        self._world.patience = SHORT
        os.read(self._read, 1)
        self._world.patience = PATIENCE

    def wait_for_the_end(self) -> None:
        """Wait for `end`, really."""
        self._world.patience = SHORT
        while os.read(self._read, 1):
            pass

    def end(self) -> None:
        """End all waits."""
        os.close(self._write)

    def close(self) -> None:
        os.close(self._read)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    looks = Looks()
    monkeypatch.setattr(virtual_time, "is_debugged", looks.is_debugged)
    yield looks
    with suppress(OSError):
        looks.end()
    looks.close()


def call_it(handler: Callable[[Session], None], looks: Looks) -> None:
    with looks.switch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome")


class Typed(io.StringIO):
    """What is typed at the prompt of pdb, after some looks."""

    def __init__(self, looks: Looks) -> None:
        super().__init__("p 6 * 7\nc\n")
        self._looks = looks

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        self._looks.wait()
        return super().readline(-1 if size is None else size)


def test_a_handler_at_the_prompt_of_pdb_keeps_its_call(looks: Looks) -> None:
    said = io.StringIO()

    def handler(session: Session) -> None:
        session.channel.answer()
        pdb.Pdb(stdin=Typed(looks), stdout=said, nosigint=True).set_trace()
        session.channel.playback("ivr/ivr-welcome")

    call_it(handler, looks)
    assert "42" in said.getvalue()
    assert looks.answers[:2] == [True, True]


def trace(frame: Any, event: str, arg: Any) -> Any:
    return trace


def test_a_trace_function_is_a_debugger(looks: Looks) -> None:
    def traced() -> None:
        looks.wait()
        looks.wait()

    def handler(session: Session) -> None:
        sys.settrace(trace)
        traced()
        sys.settrace(None)
        session.channel.playback("ivr/ivr-welcome")

    call_it(handler, looks)
    assert looks.answers[:2] == [True, True]


def test_once_it_has_let_go_patience_begins_anew_and_runs_out(looks: Looks) -> None:
    def traced() -> None:
        looks.wait()

    def handler(session: Session) -> None:
        sys.settrace(trace)
        traced()
        sys.settrace(None)
        looks.wait_for_the_end()

    def test() -> None:
        with looks.switch() as switch:
            try:
                switch.call(handler).wait()
            finally:
                looks.end()

    with pytest.raises(SimulationError) as raised:
        test()
    # The last debugged one is followed by one that still counts as its, and one that does not.
    assert looks.answers[-3:] == [True, False, False]
    for said in ("no progress for 0.05 s", "switch.outside", "--esl-patience", "for a lock"):
        assert said in str(raised.value)


@pytest.mark.parametrize("timid", [False, True])
def test_coverage_is_no_debugger(looks: Looks, timid: bool) -> None:
    """Neither its tracer in C nor the one in Python (nor what it uses from Python 3.12 on)."""

    def handler(session: Session) -> None:
        looks.wait_for_the_end()

    def test() -> None:
        measuring = coverage.Coverage(data_file=None, timid=timid, include=[__file__])
        before = sys.gettrace()
        measuring.start()
        try:
            with looks.switch() as switch:
                try:
                    switch.call(handler).wait()
                finally:
                    looks.end()
        finally:
            measuring.stop()
            sys.settrace(before)

    with pytest.raises(SimulationError):
        test()
    assert looks.answers == [False]


def test_debugpy_and_pycharm_are_debuggers_while_they_are_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected: list[object] = [None]
    pydevd = SimpleNamespace(get_global_debugger=lambda: connected[0])
    monkeypatch.setitem(sys.modules, "pydevd", pydevd)
    assert not is_debugged(threading.current_thread())
    connected[0] = "PyDB"
    assert is_debugged(threading.current_thread())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_a_debugger_that_monitors_is_one() -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
    monitoring.use_tool_id(monitoring.DEBUGGER_ID, "a debugger")
    assert is_debugged(threading.current_thread())
    monitoring.free_tool_id(monitoring.DEBUGGER_ID)
    assert not is_debugged(threading.current_thread())


# At a terminal

CONFTEST = f"""
import os
from simulator.clockwork import virtual_time

READ, WRITE = os.pipe()
is_debugged = virtual_time.is_debugged

def looked(thread):
    os.write(WRITE, b".")
    return is_debugged(thread)

virtual_time.is_debugged = looked

def wait(world):
    # once patience has run out twice
    before, world.patience = world.patience, {SHORT}
    for _ in range(2):
        os.read(READ, 1)
    world.patience = before
"""

TEST = """
from simulator.calling.freeswitch import simulation_of

def handler(session):
    session.channel.answer()
    breakpoint()
    session.channel.playback("ivr/ivr-welcome")

def test_it(freeswitch):
    global world
    world = simulation_of(freeswitch).world
    freeswitch.call(handler).hear("ivr/ivr-welcome")
"""


class Terminal:
    """A program at a pseudo-terminal."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.said = ""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
        self._program = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def read_until(self, text: str) -> None:
        while text not in self.said:
            ready, _, _ = select.select([self._ours], [], [], PATIENCE)
            assert ready, self.said
            try:
                self.said += os.read(self._ours, 4096).decode()
            except OSError:  # the program has ended
                assert text in self.said, self.said

    def type(self, line: str) -> None:
        self.said = ""
        os.write(self._ours, f"{line}\n".encode())

    def close(self) -> int:
        ended = self._program.wait(PATIENCE)
        os.close(self._ours)
        return ended


@pytest.mark.thorough
def test_breakpoint_in_pytest_at_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TEST)
    plugin = ("-p", "no:eslsync", "-p", "eslsync.pytest_plugin", *NO_OTHERS)
    command = [sys.executable, "-m", "pytest", *plugin, f"--esl-patience={PATIENCE}", "test_it.py"]
    terminal = Terminal(command, tmp_path)
    terminal.read_until("(Pdb) ")
    terminal.type("import conftest; conftest.wait(world)")
    terminal.read_until("(Pdb) ")
    terminal.type("p session.caller_number")
    terminal.read_until("'1001'")
    terminal.read_until("(Pdb) ")
    terminal.type("c")
    terminal.read_until(" in ")
    assert terminal.close() == 0, terminal.said
    assert re.search("1 passed", terminal.said)
