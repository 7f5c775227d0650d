"""The plugin in projects that have a `simulator` of their own; each run is a process of its own.

tests/simulator/test_pytest_plugin.py has what the plugin does where nothing is in the way.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from eslsync import pytest_plugin
from tests.support.places import EXAMPLES
from tests.support.plugins import NO_OTHERS

pytestmark = [
    pytest.mark.skipif(
        not entry_points(group="pytest11", name="eslsync"), reason="eslsync is not installed here"
    ),
    pytest.mark.usefixtures("programs_begin_warm"),
]

OWN = "def fly():\n    return 'simulated'\n"
USES_OWN = """
import simulator

def test_it():
    assert simulator.fly() == "simulated"
"""
USES_OURS = """
from ivr import handler

def test_option_1(freeswitch):
    call = freeswitch.call(handler)
    call.hear("ivr/ivr-welcome")
    call.hangup()
"""
SCRIPT = """
handler: ivr.py
steps:
  - hear: ivr/ivr-welcome
  - hangup
"""

#: How a project may have its own: the file that makes it, and what is named when it is in the way.
WAYS = {"file": ("simulator.py", "simulator.py"), "package": ("simulator/__init__.py", "simulator")}
EITHER = pytest.mark.parametrize("own", list(WAYS), indirect=True)
# One is enough where test_own_simulator.py has both, in this process.
A_FILE = pytest.mark.parametrize("own", ["file"], indirect=True)
A_PACKAGE = pytest.mark.parametrize("own", ["package"], indirect=True)


@pytest.fixture
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The `simulator` of a project, which has a handler and a pytest.ini, too."""
    made, named = WAYS[request.param]
    write(tmp_path / made, OWN)
    write(tmp_path / "ivr.py", (EXAMPLES / "ivr.py").read_text(encoding="utf-8"))
    write(tmp_path / "pytest.ini", "[pytest]\naddopts = --strict-markers\n")
    return tmp_path / named


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(folder: Path, *options: str) -> tuple[int, str]:
    """Run pytest, with the folder on sys.path; its exit status and what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CI"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *NO_OTHERS, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout + done.stderr


def in_the_way(own: Path) -> str:
    return f"{own} is in the way of eslsync's own package 'simulator'"


@A_PACKAGE
def test_a_project_that_does_not_use_the_plugin_is_left_alone(own: Path) -> None:
    write(own.parent / "test_it.py", USES_OWN)
    status, said = run(own.parent)
    assert status == 0, said
    assert "1 passed" in said


@A_FILE
def test_and_so_is_one_whose_conftest_imports_its_own(own: Path) -> None:
    write(own.parent / "conftest.py", "import simulator\n\nassert simulator.fly()\n")
    write(own.parent / "test_it.py", USES_OWN)
    assert run(own.parent)[0] == 0


@EITHER
def test_the_fixture_and_a_script_say_what_is_in_the_way(own: Path) -> None:
    write(own.parent / "test_own.py", USES_OWN)
    write(own.parent / "test_ours.py", USES_OURS)
    write(own.parent / "one.call.yaml", SCRIPT)
    status, said = run(own.parent, "--continue-on-collection-errors")
    assert status == 1
    assert "1 passed, 2 errors" in said
    assert said.count(f"\n{in_the_way(own)}") == 2
    assert "Traceback" not in said


@A_PACKAGE
def test_the_fixture_says_so_too_where_a_conftest_has_imported_it(own: Path) -> None:
    write(own.parent / "conftest.py", "import simulator\n")
    write(own.parent / "test_ours.py", USES_OURS)
    status, said = run(own.parent)
    assert status == 1
    assert in_the_way(own) in said


@A_FILE
def test_one_in_a_folder_that_nobody_imports_from_is_not_in_the_way(own: Path) -> None:
    tests = own.parent / "tests"
    write(tests / "test_ours.py", USES_OURS)
    write(tests / "one.call.yaml", SCRIPT)
    (own.parent / "ivr.py").rename(tests / "ivr.py")
    # as the program `pytest` does it: the folder that it runs in is not on sys.path
    command = [sys.executable, "-I", "-m", "pytest", "-q", *NO_OTHERS]
    done = subprocess.run(command, cwd=own.parent, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout


@A_PACKAGE
def test_the_projects_own_comes_first_with_pythonpath(own: Path) -> None:
    write(own.parent / "pytest.ini", "[pytest]\npythonpath = .\n")
    write(own.parent / "tests" / "test_own.py", USES_OWN)
    # as the program `pytest` does it
    command = [sys.executable, "-I", "-m", "pytest", "-q", *NO_OTHERS]
    done = subprocess.run(command, cwd=own.parent, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout


def test_the_entry_point_is_the_plugin() -> None:
    [entry] = entry_points(group="pytest11", name="eslsync")
    assert entry.load() is pytest_plugin


def test_the_options_are_there_without_the_simulator(tmp_path: Path) -> None:
    write(tmp_path / "simulator.py", "raise AssertionError('imported')\n")
    # one after the other in one process, which is a file's, since others begin warm
    options = [[*NO_OTHERS, option] for option in ("--help", "--markers", "--fixtures")]
    write(tmp_path / "shows.py", f"import pytest\nfor each in {options}: pytest.main(each)\n")
    command = [sys.executable, "shows.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    for shown in ("--esl-seed=N", "@pytest.mark.freeswitch", "freeswitch -- "):
        assert shown in done.stdout
