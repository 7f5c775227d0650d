"""Whatever is named on the command line, the answer is a sentence, and no traceback of ours."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from eslsync.command_line.main import main
from tests.support.places import ROOT

RECORDING = str(ROOT / "tests" / "recordings" / "03c_pagd_valid.jsonl")
IVR = str(ROOT / "examples" / "ivr.py")
JUNK = bytes(range(256))

APPS = [
    *(
        "nodir/x.py",
        "dir",
        "empty.yaml",
        "junk.py",
        "empty.py",
        "syntax.py",
        "raises.py",
        "note.txt",
    ),
    *("no_such_module", "a:b:c", "", "os.path:join", f"{IVR}:nothing", "file/x.py", "/dev/full"),
]
#: What can be read, but is not what is meant.
INPUTS = [
    "nodir/x",
    "dir",
    "empty.yaml",
    "junk.yaml",
    "list.yaml",
    "deep.yaml",
    "file/x",
    "note.txt",
]
OUTPUTS = ["nodir/x", "dir", "/dev/full", "file/x", "x.png"]
PHONE = ["phone", "--terminal"]
QUICK = ["explore", IVR, "--calls", "1", "--workers", "1", "-q"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dir").mkdir()
    for name, content in {
        "file": b"x",
        "empty.py": b"",
        "empty.yaml": b"",
        "junk.py": JUNK,
        "junk.yaml": JUNK,
        "list.yaml": b"- a\n",
        "deep.yaml": b"[" * 500,
        "note.txt": b"hello world",
        "syntax.py": b"def handler(:\n",
        "raises.py": b"1/0\n",
    }.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)


def of_apps(app: str) -> Iterator[list[str]]:
    yield ["call", app]
    yield ["explore", app, "--workers", "1"]
    yield ["serve", app, "--port", "0"]
    yield ["replay", RECORDING, app]
    yield ["phone", "--terminal", app]


def of_inputs(file: str) -> Iterator[list[str]]:
    for command in ("ladder", "conform", "script", "scenario", "record-switch"):
        yield [command, file]
    yield ["replay", file, IVR]
    yield ["call", "--script", file]
    yield ["phone", "--terminal", "--script", file]
    yield ["phone", "--no-browser", "--map", file]
    yield ["phone", "--terminal", IVR, "--texts", file]
    yield ["record-switch", RECORDING, "--config", file]
    yield [*QUICK, "--script", file]
    yield [*QUICK, "--against", file]
    yield [*QUICK, "--merge", file]


def refused(arguments: list[str]) -> str:
    """What is printed for arguments that can't be used: at most a sentence of some lines."""
    result = CliRunner().invoke(main, arguments)
    assert isinstance(result.exception, SystemExit), (arguments, result.exception)
    assert result.exit_code in (1, 2), (arguments, result.exit_code)
    lines = result.output.strip().splitlines()
    assert any(line.startswith("Error: ") for line in lines), (arguments, lines)
    ours = [line for line in lines if "/simulator/" in line or "/eslsync/" in line]
    assert not ours, (arguments, ours)
    return lines[-1]


@pytest.mark.parametrize("app", APPS)
def test_an_app_that_is_none(app: str) -> None:
    for arguments in of_apps(app):
        refused(arguments)


@pytest.mark.parametrize("file", INPUTS)
def test_a_file_that_is_no_such_file(file: str) -> None:
    for arguments in of_inputs(file):
        refused(arguments)


def test_json_that_is_nested_too_deep() -> None:
    Path("deep.json").write_text("[" * 3000, encoding="utf-8")
    for arguments in (["ladder", "deep.json"], [*QUICK, "--against", "deep.json"]):
        assert "deep.json is no" in refused(arguments)


@pytest.mark.parametrize("file", OUTPUTS)
@pytest.mark.parametrize("command", ["ladder", "script", "scenario"])
def test_a_file_that_cannot_be_written(file: str, command: str) -> None:
    said = refused([command, RECORDING, "--output", file])
    assert f"{file} can't be written: " in said or f"{file} should end in " in said


@pytest.mark.parametrize("option", ["--json", "--sarif", "--save", "--map"])
def test_the_name_of_a_report_ends_as_its_format(option: str) -> None:
    assert "x.png should end in " in refused([*QUICK, option, "x.png"])


def test_an_address_that_cannot_be_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments in (
            *(["serve", IVR, "--port", each] for each in ("-1", "70000", "x", "", port)),
            *(
                ["phone", IVR, "--no-browser", "--port", each]
                for each in ("-1", "70000", "x", port)
            ),
            *([*PHONE, each] for each in ("127.0.0.1:0", "127.0.0.1:99999", "x:70000")),
            *(["call", each] for each in ("127.0.0.1:0", "127.0.0.1:99999", "x:70000")),
            ["serve", IVR, "--port", "0", "--metrics", f"127.0.0.1:{port}"],
            ["serve", IVR, "--port", "0", "--metrics", "127.0.0.1:x"],
        ):
            refused(arguments)


@pytest.mark.parametrize("given", ["0", "-1", "nan", "soon", ""])
def test_patience_is_seconds_or_none(given: str) -> None:
    for command in ("call", "explore"):
        assert "more than 0, or none for no limit" in refused([command, IVR, "--patience", given])


def test_what_is_wrong_is_red_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    (Path() / "two.py").write_text("def handler(session): session.channel.playback('x')\n")
    monkeypatch.delenv("NO_COLOR", raising=False)
    fine = CliRunner().invoke(main, ["explore", "two.py", "--workers", "1"], color=True)
    verdict = next(line for line in fine.output.splitlines() if "nothing is wrong" in line)
    assert (fine.exit_code, verdict[:5]) == (0, "\x1b[32m")
    assert "\x1b[31m" not in fine.output
    stopped = CliRunner().invoke(main, [*QUICK, "--allow", "unreached"], color=True)
    lines = [line for line in stopped.output.splitlines() if re.match(r".{5}\d+\. ", line)]
    assert {line[:5] for line in lines} == {"\x1b[33m"}, stopped.output
    assert stopped.exit_code == 3
    monkeypatch.setenv("NO_COLOR", "1")
    plain = CliRunner().invoke(main, ["explore", "two.py", "--workers", "1"], color=True)
    assert "\x1b" not in plain.output
