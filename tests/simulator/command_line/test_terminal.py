"""Ladders on terminals of every width and encoding."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from eslsync.command_line.terminal import Tame, plain, show
from tests.support.hostile import HOSTILE, TAME
from tests.support.terminal import IVR, execute

pytestmark = pytest.mark.usefixtures("programs_begin_warm")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_ascii_is_drawn_on_a_terminal_without_box_characters(encoding: str) -> None:
    done = execute("call", IVR, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b"|<- ivr/ivr-welcome ---" in done.stdout


def test_the_ladder_fits_the_terminals_width() -> None:
    done = execute("call", IVR, COLUMNS="70")
    assert max(map(len, done.stdout.decode().splitlines())) == 70


def test_a_terminal_obeys_nothing_but_colours(capsys: pytest.CaptureFixture[str]) -> None:
    show(f"\x1b[31mred\x1b[0m {HOSTILE}\n\x1b]0;title\x07\t\u202e")
    said = capsys.readouterr().out
    assert said == f"red {TAME}\n\\x1b]0;title\\x07\t\\u202e\n"  # a file gets no colours
    assert plain(f"a\n{HOSTILE}") == f"a\n{TAME}"


def test_a_hostile_exception_and_file_obey_nothing(tmp_path: Path) -> None:
    file = tmp_path / "h\x1b[2J.py"
    file.write_text(
        "def handler(session):\n"
        "    session.channel.answer()\n"
        '    session.channel.playback("a\\x1b[2J\\u202e.wav")\n'
        '    raise ValueError("x\\x1b]0;title\\x07\\u202ey\\x9b2J")\n'
    )
    for command in ("call", "explore"):
        done = execute(command, str(file))
        assert done.returncode == 1
        for said in (done.stdout.decode(), done.stderr.decode()):
            assert said.replace("\n", "").replace("\t", "").isprintable(), said
        assert "ValueError" in done.stdout.decode()


def test_a_logged_exception_and_message_obey_nothing_and_look_like_one_record() -> None:
    try:
        raise ValueError(f"{HOSTILE}\nand a line")
    except ValueError:
        record = logging.LogRecord("app", 30, "", 1, "from %s", (f"a\n{HOSTILE}",), sys.exc_info())
    first, *others = Tame("%(levelname)s %(message)s").format(record).splitlines()
    assert first == "WARNING from a"
    assert others[0] == f"    {TAME}"
    assert others[-2:] == [f"    ValueError: {TAME}", "    and a line"]
    assert all(each.startswith("    ") for each in others)
