"""`eslsync ladder`, `eslsync replay`, `eslsync script`; and `--record`, which makes recordings."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from eslsync.command_line.main import main
from simulator import FreeSwitch
from tests.support.places import RECORDINGS, ROOT

IVR = str(ROOT / "examples" / "ivr.py")
PAGD = str(RECORDINGS / "03e_pagd_invalid_then_valid.jsonl")


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def recorded(folder: Path) -> str:
    """A simulated call to the example, that presses 1; its recording."""
    assert run("call", IVR, "--press", "1", "--record", folder).exit_code == 0
    [path] = folder.iterdir()
    return str(path)


def changed(folder: Path) -> str:
    """The same example, in which one prompt is another."""
    path = folder / "changed.py"
    path.write_text(Path(IVR).read_text().replace("ivr/ivr-option-1", "ivr/ivr-option-9"))
    return str(path)


# eslsync ladder


def test_a_recording_is_drawn() -> None:
    result = run("ladder", PAGD)
    assert result.exit_code == 0
    assert "├─ presses 9 ─" in result.stdout
    assert "├─ play_and_get_digits completed: choice=2 ─" in result.stdout
    assert "\x1b" not in result.stdout, "no colours where it is no terminal"


@pytest.mark.parametrize("arguments", [["--format", "svg"], ["--output", "x.svg"]])
def test_it_is_drawn_as_a_picture(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("ladder", PAGD, *arguments)
    assert result.exit_code == 0, result.output
    drawn = Path("x.svg").read_text("utf-8") if "x.svg" in arguments else result.stdout
    assert ElementTree.fromstring(drawn).tag.endswith("}svg")
    assert "9 breaks the prompt, invalid prompt, then 2" in drawn


@pytest.mark.parametrize(
    ("name", "begins"), [("a.mmd", "---\ntitle"), ("a.txt", "        s "), ("a.svg", "<svg ")]
)
def test_a_file_s_name_says_the_format(name: str, begins: str, tmp_path: Path) -> None:
    assert run("ladder", PAGD, "--output", tmp_path / name).exit_code == 0
    assert (tmp_path / name).read_text("utf-8").startswith(begins)


def test_what_can_not_be_written(tmp_path: Path) -> None:
    result = run("ladder", PAGD, "--output", tmp_path / "no" / "folder.svg")
    assert result.exit_code == 1
    assert "folder.svg can't be written: No such file or directory" in result.stderr


# eslsync replay


def test_the_same_handler_replays_clean(tmp_path: Path) -> None:
    result = run("replay", recorded(tmp_path), IVR)
    assert result.exit_code == 0
    assert result.stdout == "as recorded; 8 commands\n"
    assert result.stderr == ""


def test_a_changed_prompt_is_named(tmp_path: Path) -> None:
    path = recorded(tmp_path / "calls")
    result = run("replay", path, changed(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == (
        "2.060 s, command 7: it played ivr/ivr-option-9 where ivr/ivr-option-1 was recorded\n"
        "1 difference; 8 commands\n"
    )


def test_many_calls_are_replayed(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    for key in "1", "2":
        assert run("call", IVR, "--press", key, "--record", calls).exit_code == 0
    paths = sorted(calls.iterdir())
    result = run("replay", *paths, changed(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == (
        f"{paths[0]}: 2.060 s, command 7: it played ivr/ivr-option-9 where ivr/ivr-option-1 was "
        f"recorded\n{paths[0]}: 1 difference; 8 commands\n"
        f"{paths[1]}: as recorded; 8 commands\n"
        "1 of 2 as recorded\n"
    )
    assert run("replay", *paths, IVR).exit_code == 0


def test_what_can_not_be_replayed(tmp_path: Path) -> None:
    [inbound] = RECORDINGS.glob("13a_*.jsonl")
    result = run("replay", inbound, IVR)
    assert result.exit_code == 2
    assert "the recording is not of a call that a handler had" in result.stderr
    assert run("replay", PAGD, tmp_path / "nix.py").exit_code == 2


# eslsync script


def test_a_script_makes_the_same_call_again(tmp_path: Path) -> None:
    path, script = recorded(tmp_path / "calls"), tmp_path / "again.call.yaml"
    assert run("script", path, IVR, "--output", script).exit_code == 0
    assert f"handler: {os.path.relpath(IVR, tmp_path)}" in script.read_text()
    result = run("call", "--script", script)
    assert result.exit_code == 0, result.output
    assert result.stdout == run("call", IVR, "--press", "1").stdout
    result = run("call", changed(tmp_path), "--script", script)
    assert result.exit_code == 1
    assert "did not hear 'ivr/ivr-option-1'" in result.stdout


def test_a_script_is_printed() -> None:
    result = run("script", PAGD)
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "# The caller of 03e_pagd_invalid_then_valid.jsonl.\nhandler: handler.py\ncall:\n"
    )
    assert '  - press: "9"\n' in result.stdout


def test_redacted_keys_make_no_script(tmp_path: Path) -> None:
    text = Path(PAGD).read_text().replace("DTMF-Digit: 9", "DTMF-Digit: ***")
    (tmp_path / "x.jsonl").write_text(text)
    result = run("script", tmp_path / "x.jsonl")
    assert result.exit_code == 2
    assert "the keys that were pressed are redacted in the recording" in result.stderr


@pytest.mark.parametrize("command", ["ladder", "replay", "script"])
def test_what_is_no_recording(command: str, tmp_path: Path) -> None:
    also = [IVR] if command == "replay" else []
    for text in ["", "x", "[1]", '{"t": 1}\n{"t": 1}', json.dumps({"recording": 1}) + "\n[2]"]:
        (tmp_path / "x.jsonl").write_text(text)
        result = run(command, tmp_path / "x.jsonl", *also)
        assert result.exit_code == 2, text
        assert "x.jsonl is no recording" in result.stderr
    result = run(command, tmp_path / "nix.jsonl", *also)
    assert result.exit_code == 2
    assert "nix.jsonl can't be read: No such file or directory" in result.stderr


def test_help_has_examples() -> None:
    for command in ("ladder", "replay", "script"):
        assert f"\n  eslsync {command} " in run(command, "--help").stdout


# --record


def test_a_script_s_call_is_recorded(tmp_path: Path) -> None:
    script = str(ROOT / "examples" / "ring_two.call.yaml")
    assert run("call", "--script", script, "--record", tmp_path).exit_code == 0
    [path] = tmp_path.iterdir()
    assert run("replay", path, ROOT / "examples" / "ring_two.py").exit_code == 0


def test_another_program_s_calls_are_not_recorded_here(tmp_path: Path) -> None:
    result = run("call", "127.0.0.1:5000", "--record", tmp_path)
    assert result.exit_code == 2
    assert "recorded where it is served" in result.stderr


def test_serve_records_its_calls_without_the_digits(tmp_path: Path) -> None:
    serve = "from eslsync.command_line.main import main; main()"
    arguments = ["serve", IVR, "--port", "0", "--record", str(tmp_path / "calls")]
    with subprocess.Popen(
        [sys.executable, "-c", serve, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        found = re.search(r"port (\d+)$", server.stderr.readline())
        assert found
        with FreeSwitch(real_time=True, prompts={"ivr/ivr-welcome": 0.1}) as switch:
            call = switch.dial(f"127.0.0.1:{found[1]}")
            call.hear("ivr/ivr-welcome", start=True)
            call.press("1")
            call.hangup()
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
    assert server.returncode == 0
    [path] = (tmp_path / "calls").iterdir()
    text = path.read_text()
    assert "DTMF-Digit: ***" in text
    assert "DTMF-Digit: 1" not in text
    assert "├─ hangs up NORMAL_CLEARING ─" in run("ladder", path).stdout
