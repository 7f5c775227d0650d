"""The lines of the handler that were run, measured by coverage.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from eslsync.extras import needs_extra
from eslsync.stacks import OURS

from .whereabouts import LIBRARIES

__all__ = ["Lines", "statements"]

#: What needs the library coverage.
COVERAGE = "a report of lines that no caller reaches"


class Lines:
    """Reports the lines in a folder that were run, each once; those of libraries in it are not."""

    def __init__(self, folder: Path | None) -> None:
        with needs_extra("explore", COVERAGE):
            import coverage

        self._told: dict[str, set[int]] = {}
        only = [str(folder.resolve() / "*")] if folder is not None else None
        inside = str(folder)
        left_out = [*OURS, *(each + os.sep for each in LIBRARIES if not inside.startswith(each))]
        #: The user's own, which measures nothing while ours does.
        self._users: Any = coverage.Coverage.current()
        self._coverage: Any = coverage.Coverage(
            data_file=None,
            config_file=False,  # the user's, which may name other files
            include=only,
            omit=[each + "*" for each in left_out],
            branch=self._users is not None and bool(self._users.get_option("run:branch")),
            messages=False,
        )
        self._coverage.start()

    def new(self) -> dict[str, frozenset[int]]:
        """Lines that were run since the last time, by file."""
        data = self._coverage.get_data()
        found: dict[str, frozenset[int]] = {}
        for file in sorted(data.measured_files()):
            told = self._told.setdefault(file, set())
            lines = set(data.lines(file) or ()) - told
            if lines:
                found[file] = frozenset(lines)
                told |= lines
        return found

    def close(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        if self._users is not None:
            _add(data, self._users.get_data())
        data.close(force=True)  # a database, if in memory


def _add(data: Any, theirs: Any) -> None:
    """Add what was run to the user's own data, for the files that these are about."""
    for file in data.measured_files() & theirs.measured_files():
        if theirs.has_arcs():
            theirs.add_arcs({file: data.arcs(file) or ()})
        else:
            theirs.add_lines({file: data.lines(file) or ()})


def statements(file: str) -> list[int]:
    """The lines of a file that can be run."""
    with needs_extra("explore", COVERAGE):
        import coverage

    looked: Any = coverage.Coverage(data_file=None)
    try:
        _, lines, _, _ = looked.analysis(file)
    finally:
        looked.get_data().close(force=True)
    return list(lines)
