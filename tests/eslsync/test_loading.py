"""The handler is found in the user's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.terminal import nothing_stays, run, write

__all__ = ["nothing_stays"]


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for path, said in [
        (tmp_path / "nix.py", "there is no file"),
        (tmp_path, "is a folder"),
        (ROOT / "README.md", "is not a Python file"),
    ]:
        result = run("call", path)
        assert result.exit_code == 2
        assert said in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", ["app.py", "line 1", "SyntaxError"]),
        ("import os\n\nos.nix\n", ["app.py", "line 3, in <module>", "AttributeError"]),
        ("import sys\nsys.exit('no')\n", ["line 2", "SystemExit: no"]),
        ("raise ImportError('no such thing')", ["ImportError: no such thing"]),
    ],
)
def test_a_file_that_fails_to_import_is_reported_with_its_line(
    tmp_path: Path, text: str, said: list[str]
) -> None:
    result = run("call", write(tmp_path, text))
    assert result.exit_code == 2
    assert "app.py can't be imported" in result.stderr
    for each in said:
        assert each in result.stderr
    assert "loading.py" not in result.stderr, "our own frames are of no use"


def test_the_only_function_of_one_argument_is_the_handler(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "from os.path import basename\n"
        "from examples.ivr import handler as elsewhere\n"
        "def reception(session):\n"
        "    print('reception')\n"
        "    session.channel.answer()\n"
        "def two(a, b): pass\n",
    )
    result = run("call", app)
    assert result.exit_code == 0
    assert result.stdout.startswith("reception\n")
    assert "giving the call back" in result.stdout


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", [], "it has no functions"),
        ("def f(): pass\nx = 1\n", [], "no handler, a function of one argument; it has f()"),
        ("def f(a: int): pass\ndef g(b): pass\n", [], "with --handler: f, g"),
        ("def f(a): pass\n", ["--handler", "g"], "has no 'g'; it has f(a)"),
        ("def handler(): pass\n", [], "takes () instead"),
        ("def handler(a, b): pass\n", [], "takes (a, b) instead"),
        ("handler = 5\n", [], "is not a function, but 5"),
        ("async def handler(session): pass\n", [], "is an async function"),
        ("def handler(session): yield\n", [], "is a generator function"),
        ("class handler:\n    def __call__(self, session): pass\n", [], "pass an instance"),
    ],
)
def test_a_missing_or_unusable_handler_is_reported(
    tmp_path: Path, text: str, options: list[str], said: str
) -> None:
    result = run("call", write(tmp_path, text), *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_starts_its_server_on_import_can_be_called(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "from eslsync import Outbound\n"
        "def greet(session):\n"
        "    session.channel.answer()\n"
        "Outbound(greet, '127.0.0.1', 5000).start()\n"
        "raise RuntimeError('not reached')\n",
    )
    assert run("call", app).exit_code == 0


def test_an_outbound_is_called_with_its_options(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "from eslsync import Outbound\n"
        "def greet(session):\n"
        "    session.channel.hangup()\n"
        "app = Outbound(greet, events=['DTMF'], linger=False)\n",
    )
    result = run("call", app, "--handler", "app")
    assert result.exit_code == 0
    assert "◀─ connect, filter, event ─" in result.stdout


def test_a_handler_finds_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "GREETING = 'ivr/hello'\n", "my_settings.py")
    app = write(
        tmp_path,
        "import my_settings\n"
        "def handler(session):\n"
        "    session.channel.playback(my_settings.GREETING)\n",
        "json.py",  # also the name of another module, which is loaded
    )
    result = run("call", app)
    assert result.exit_code == 0, result.stderr
    assert "ivr/hello" in result.stdout
