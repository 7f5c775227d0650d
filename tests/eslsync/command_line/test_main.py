"""The program `eslsync` itself."""

from __future__ import annotations

import re

from tests.support.terminal import run


def test_help_has_examples() -> None:
    for command in ("call", "conform", "explore", "ladder", "replay", "script", "serve"):
        assert f"\n  eslsync {command} " in run(command, "--help").stdout


def test_it_tells_its_version() -> None:
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+\n", run("--version").stdout)
