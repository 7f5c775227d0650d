"""The program `eslsync` itself."""

from __future__ import annotations

import re

from tests.support.terminal import run


def test_help_has_examples() -> None:
    for command in ("ladder", "replay", "script"):
        assert f"\n  eslsync {command} " in run(command, "--help").stdout


def test_help_has_examples_and_a_version() -> None:
    for command in ("call", "explore", "serve", "conform"):
        assert f"\n  eslsync {command} " in run(command, "--help").stdout
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+\n", run("--version").stdout)
