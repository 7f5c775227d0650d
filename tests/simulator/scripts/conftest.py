"""Scripts' tests leave sys.path as it was."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _the_handlers_folder_is_not_left_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])
