"""Ladders on terminals of every width and encoding."""

from __future__ import annotations

import pytest

from tests.support.terminal import IVR, execute


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_ascii_is_drawn_on_a_terminal_without_box_characters(encoding: str) -> None:
    done = execute("call", IVR, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b"|<- ivr/ivr-welcome ---" in done.stdout


def test_the_ladder_fits_the_terminals_width() -> None:
    done = execute("call", IVR, COLUMNS="70", PYTHONIOENCODING="utf-8")
    assert max(map(len, done.stdout.decode().splitlines())) == 70
