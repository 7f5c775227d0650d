"""`eslsync new` writes a project that runs. (.ci/package.py runs its commands, too.)"""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner, Result

from eslsync.command_line.main import main
from eslsync.command_line.new import PROJECT, quoted, texts
from simulator import FreeSwitch
from simulator.exploring.tasks import Task
from simulator.scripts.script import run_script
from tests.support.cases import for_each
from tests.support.places import EXAMPLES, ROOT


def new(folder: Path) -> Result:
    return CliRunner().invoke(main, ["new", str(folder)])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "front desk"
    done = new(folder)
    assert done.exit_code == 0, done.output
    assert f'cd "{folder}"\n' in done.output
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "ivr", raising=False)
    yield folder
    sys.modules.pop("ivr", None)


def run_tests(project: Path) -> None:
    tests = runpy.run_path(str(project / "test_ivr.py"))
    named = [each for name, each in tests.items() if name.startswith("test_")]
    assert len(named) == 3
    for test in named:
        with FreeSwitch() as switch:
            test(switch)


def test_its_tests_and_its_script_pass(project: Path) -> None:
    run_tests(project)
    call = run_script(project / "ivr.call.yaml")
    assert call.cause == "NORMAL_CLEARING"


@pytest.mark.thorough
def test_nothing_is_wrong_in_any_call(project: Path) -> None:
    assert Task.read(project / "ivr.explore.yaml").run().findings == []


@pytest.mark.parametrize("key", ["1", "2"])
def test_its_tests_fail_if_a_key_does_nothing(project: Path, key: str) -> None:
    code = project / "ivr.py"
    code.write_text(code.read_text().replace(f'choice == "{key}"', "False"))
    with pytest.raises(AssertionError):
        run_tests(project)


def test_each_fact_is_that_of_this_project() -> None:
    written = texts("ivr")
    assert written["deploy/dialplan.xml"] == (EXAMPLES / "dialplan.xml").read_text()
    for unit in ("eslsync.service", "eslsync.socket"):
        assert written[f"deploy/{unit}"] == (ROOT / "deploy" / unit).read_text()
    ours = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    theirs = yaml.safe_load(written[".github/workflows/ci.yml"])
    used = {each["uses"] for each in ours["jobs"]["tests"]["steps"] if "uses" in each}
    assert {each["uses"] for each in theirs["jobs"]["test"]["steps"] if "uses" in each} == used


def test_the_unit_serves_what_the_project_has(project: Path) -> None:
    served = (project / "deploy" / "eslsync.service").read_text()
    module, _, name = served.split("eslsync serve ")[1].split()[0].partition(":")
    assert name in runpy.run_path(str(project / f"{module}.py"))
    dialplan = ElementTree.parse(project / "deploy" / "dialplan.xml")
    assert dialplan.find(".//action[@application='socket']") is not None


def test_it_needs_this_version_of_eslsync(project: Path) -> None:
    pinned = f"=={version('eslsync')}"
    needs = (project / "pyproject.toml").read_text()
    assert 'name = "front-desk"\n' in needs
    assert f'dependencies = ["eslsync{pinned}"]\n' in needs
    assert f'test = ["eslsync[phone,explore]{pinned}", ' in needs


@for_each(
    ("folder", "name"),
    [
        ("Front Desk 2", "front-desk-2"),
        ("eslsync", "eslsync-ivr"),
        ("電話", "ivr"),
        ("bänk", "b-nk"),
        ("PyYAML", "pyyaml-ivr"),
    ],
)
def test_the_name_is_one_that_pip_takes(folder: str, name: str) -> None:
    assert f'name = "{name}"\n' in texts(folder)["pyproject.toml"]


def test_the_name_is_none_of_what_the_tests_need() -> None:
    needs = next(line for line in texts("x")["pyproject.toml"].splitlines() if "test = [" in line)
    for each in re.findall(r'"([a-z]+)', needs):
        assert f'name = "{each}-ivr"\n' in texts(each)["pyproject.toml"]


@pytest.mark.skipif(os.name == "nt", reason="asks a POSIX shell")
@pytest.mark.parametrize("name", ["-x", "two words", 'q"x', "a$HOME", "it's", "a`b`", "a!b\\"])
def test_a_shell_goes_to_the_folder_that_was_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    goes = f"cd {quoted(name)} && pwd"
    (tmp_path / name).mkdir()
    went = subprocess.run(["sh", "-c", goes], capture_output=True, text=True, check=True)
    assert went.stdout == f"{tmp_path / name}\n"


def test_every_template_is_written_and_every_word_filled_in() -> None:
    folder = ROOT / "eslsync" / "command_line" / "project"
    assert {each.name for each in folder.iterdir()} == {
        f"{file.lstrip('.')}.txt" for file in PROJECT
    }
    assert not [file for file, text in texts("ivr").items() if "@NAME@" in text or "@V" in text]


def test_the_readme_names_each_file_and_no_other() -> None:
    written = texts("ivr")
    readme = written.pop("README.md")
    named = {word for line in readme.splitlines() for word in line.split("`")[1:2] if "|" in line}
    assert named | {"deploy/eslsync.socket"} == {*written} - {"pyproject.toml", ".gitignore"}


def test_files_that_are_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    for folder, why in [
        (tmp_path, f"{tmp_path} is not empty, it has notes: name a new folder"),
        (tmp_path / "notes", f"{tmp_path / 'notes'} is a file: name a new folder"),
        (tmp_path / "notes" / "x", f"can't write {tmp_path / 'notes' / 'x'}: Not a directory"),
    ]:
        done = new(folder)
        assert (done.exit_code, done.output) == (2, f"Error: {why}\n")
    assert [each.name for each in tmp_path.iterdir()] == ["notes"]
    assert (tmp_path / "notes").read_text() == "mine"
