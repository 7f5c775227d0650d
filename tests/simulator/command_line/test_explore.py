"""`eslsync explore`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from eslsync.command_line.main import main
from simulator.exploring.findings.families import KINDS
from simulator.scripts.script import Script
from tests.support.explored import FAULTY
from tests.support.places import EXAMPLES, ROOT
from tests.support.terminal import run


def test_the_command_reports_saves_scripts_and_exits_with_1(tmp_path: Path) -> None:
    report, scripts = tmp_path / "report.txt", tmp_path / "scripts"
    options = ["--keys", "6", "--depth", "1", "--workers", "1"]
    ran = CliRunner().invoke(
        main,
        ["explore", str(FAULTY), *options, "--report", str(report), "--save-scripts", str(scripts)],
    )
    assert ran.exit_code == 3, ran.output  # nothing is wrong so far
    assert "; incomplete: 1 stopped\n" in ran.output
    assert "main/menu" in report.read_text()
    options += ["--allow", "incomplete"]
    ran = CliRunner().invoke(main, ["explore", str(FAULTY), *options])
    assert ran.exit_code == 0, ran.output
    assert "nothing else is wrong (allowed: 1 stopped)" in ran.output
    broken = ROOT / "tests" / "examples" / "broken.py"
    options = ["--keys", "1", "--workers", "1"]
    ran = CliRunner().invoke(
        main, ["explore", str(broken), *options, "--save-scripts", str(scripts)]
    )
    assert ran.exit_code == 1, ran.output
    assert "1. raises: KeyError" in ran.output
    [script] = scripts.glob("*.call.yaml")
    assert script.name == "01-raises.call.yaml"
    assert script.read_text().startswith("# raises: KeyError")
    assert Script.read(script).steps
    options += ["--allow", "raises", "--allow", "unplayed"]
    ran = CliRunner().invoke(main, ["explore", str(broken), *options])
    assert ran.exit_code == 0, ran.output


def test_the_help_names_every_kind() -> None:
    said = CliRunner().invoke(main, ["explore", "--help"]).output
    assert [kind for kind in KINDS if not re.search(rf"^  {kind}\s", said, re.MULTILINE)] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file.py"], "no-such-file.py"),
        ([str(FAULTY), "--allow", "crash"], "there is no kind of finding 'crash'"),
        ([str(FAULTY), "--keys", "x"], "keys are 0-9, *, # and A-D"),
        ([str(FAULTY), "--map", "map.png"], "should end in one of .svg"),
        ([str(FAULTY), "--script", "no-such.call.yaml"], "No such file"),
    ],
)
def test_invalid_arguments_are_refused(arguments: list[str], said: str) -> None:
    ran = CliRunner().invoke(main, ["explore", *arguments])
    assert ran.exit_code == 2
    assert said in ran.output


def test_a_file_that_cannot_be_written_is_named_and_is_no_finding(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(
        "def handler(session):\n    session.channel.answer()\n    session.channel.hangup()\n"
    )
    (tmp_path / "file").write_text("")
    for option, written in (("--map", "map.dot"), ("--report", "all.txt"), ("--save-scripts", "x")):
        there = tmp_path / "file" / written
        result = run("explore", file, "--keys", "1", "--workers", "1", option, there)
        assert (result.exit_code, "can't be written: Not a directory" in result.output) == (2, True)


def test_a_script_gives_the_circumstances(tmp_path: Path) -> None:
    script = EXAMPLES / "business_hours_closed.call.yaml"
    options = ["--keys", "1", "--workers", "1", "--script", str(script)]
    options += ["--allow", "incomplete", "--allow", "unplayed"]  # of the office that is open
    ran = CliRunner().invoke(main, ["explore", str(EXAMPLES / "business_hours.py"), *options])
    assert ran.exit_code == 0, ran.output
    assert "office/closed" in ran.output
    assert "ivr-hold_connect_call" not in ran.output


MENU = """
def handler(session):
    channel = session.channel
    channel.answer()
    channel.playback("{}")
    channel.hangup()
"""


def test_a_saved_map_is_what_the_exit_status_goes_by(tmp_path: Path) -> None:
    file, saved = tmp_path / "app.py", tmp_path / "map.json"
    names = {"--json": "report.json", "--sarif": "report.sarif", "--map": "map.html"}
    more = [word for option, name in names.items() for word in (option, str(tmp_path / name))]

    def status(*options: str) -> tuple[int, str]:
        arguments = ["explore", str(file), "--workers", "1", "-q", "--keys", "1", *options]
        ran = CliRunner().invoke(main, arguments)
        return ran.exit_code, ran.output

    file.write_text(MENU.format("welcome"), encoding="utf-8")
    assert status("--save", str(saved))[0] == 0
    assert status("--against", str(saved))[0] == 0
    file = tmp_path / "other.py"
    file.write_text(MENU.format("hello"), encoding="utf-8")
    code, said = status("--against", str(saved), *more)
    assert code == 1
    assert said.endswith(
        f"""
1 change since {saved}
  at the beginning of a call: welcome was heard, now hello
"""
    )
    for name in names.values():
        assert "welcome was heard, now hello" in (tmp_path / name).read_text(encoding="utf-8")
    code, said = status("--against", str(saved), "--entry", "12")
    assert code == 2
    assert "was made with entries not given, and now it is ['12']" in said


def test_shards_are_merged_to_the_report_of_the_whole(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(MENU.format("welcome"), encoding="utf-8")

    def explored(*options: str) -> tuple[int, str]:
        arguments = ["explore", str(file), "--workers", "1", "--keys", "1", *options]
        ran = CliRunner().invoke(main, arguments)
        return ran.exit_code, ran.output

    part = tmp_path / "1.part"
    code, said = explored("--shard", "1/2", "--part", str(part))
    assert code == 0, said
    assert f"wrote {part}: " in said
    assert explored("--merge", str(part)) == explored()
    assert explored("--shard", "1/2")[0] == 2
    assert "a shard is written 2/4, not 'a'" in explored("--shard", "a")[1]
    assert "there is no shard 3/2" in explored("--shard", "3/2")[1]
