"""What tests of the command line have in common."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import ROOT

#: Where modules lie that stay: what has been imported of a library is in use elsewhere.
NOT_USERS = (ROOT, sys.prefix, sys.base_prefix)


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Users' modules, their folders and the log's level are as before; no width is given."""
    monkeypatch.delenv("COLUMNS", raising=False)
    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", sys.path[:])
    level = logging.getLogger("eslsync").level
    yield
    logging.getLogger("eslsync").setLevel(level)
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and not any(Path(file).is_relative_to(each) for each in NOT_USERS):
            del sys.modules[name]


def without_markers(text: str) -> list[str]:
    """The lines of a traceback without those that underline a piece of the one above."""
    return [line for line in text.splitlines() if line.strip(" ^~") or not line]
