"""Running `eslsync` in tests: in this process, or as a program."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eslsync.command_line.main import main
from tests.support.places import RECORDINGS, ROOT

IVR = str(ROOT / "examples" / "ivr.py")
#: A recording with a collection of digits.
PAGD = str(RECORDINGS / "03e_pagd_invalid_then_valid.jsonl")
#: Modules below these stay imported: other tests use them.
NOT_USERS = (ROOT, sys.prefix, sys.base_prefix)


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back the modules, folders and logging that a command leaves; no terminal width."""
    monkeypatch.delenv("COLUMNS", raising=False)
    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", sys.path[:])
    loggers = logging.getLogger("eslsync"), logging.getLogger()
    before = [(each.level, each.propagate, each.handlers[:]) for each in loggers]
    yield
    for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
        each.setLevel(level)
        each.propagate = propagate
        for added in {*each.handlers} - {*handlers}:
            each.removeHandler(added)
    new = {name: place_of(name) for name in set(sys.modules) - modules}
    for name, place in new.items():
        if place is not None and not any(Path(place).is_relative_to(each) for each in NOT_USERS):
            del sys.modules[name]


def place_of(module: str) -> str | None:
    """The file of an imported module; the folder of a package without one."""
    found = sys.modules[module]
    file: str | None = getattr(found, "__file__", None)
    return file or next(iter(getattr(found, "__path__", ())), None)


def without_markers(text: str) -> list[str]:
    """The lines of a traceback, without those that only underline."""
    return [line for line in text.splitlines() if line.strip(" ^~") or not line]


def run(*arguments: str | Path) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def write(folder: Path, text: str, name: str = "app.py") -> Path:
    """Write a user's file."""
    path = folder / name
    path.write_text(text)
    return path


def program(*arguments: str) -> list[str]:
    """The command as a program of its own, for subprocess."""
    return [sys.executable, "-m", "eslsync", *arguments]


def execute(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command as a program of its own, and wait for its end."""
    return subprocess.run(
        program(*arguments), cwd=ROOT, env={**os.environ, **environment}, capture_output=True
    )


def recorded(folder: Path) -> str:
    """Call the example IVR and press 1; the path of the call's recording."""
    assert run("call", IVR, "--press", "1", "--record", folder).exit_code == 0
    [path] = folder.iterdir()
    return str(path)


def changed(folder: Path) -> str:
    """A copy of the example IVR that plays another prompt for 1."""
    path = folder / "changed.py"
    path.write_text(Path(IVR).read_text().replace("ivr/ivr-option-1", "ivr/ivr-option-9"))
    return str(path)
