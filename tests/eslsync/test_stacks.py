"""Reports and tracebacks show the user's lines and not ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import eslsync
import simulator
from eslsync.stacks import is_ours

LIBRARY = Path(eslsync.__file__).parent
SIMULATOR = Path(simulator.__file__).parent


@pytest.mark.parametrize(
    "file",
    [LIBRARY / "session.py", LIBRARY / "call" / "leg.py", SIMULATOR / "calling" / "call.py"],
)
def test_files_of_both_packages_are_ours(file: Path) -> None:
    assert file.exists()
    assert is_ours(str(file))


@pytest.mark.parametrize(
    "file",
    [
        __file__,
        os.__file__,
        f"{LIBRARY}_extras{os.sep}ivr.py",  # a neighbour whose name begins like ours
        f"{LIBRARY.parent}{os.sep}simulators{os.sep}mine.py",
        "<string>",
    ],
)
def test_any_other_file_is_the_users(file: str) -> None:
    assert not is_ours(file)
