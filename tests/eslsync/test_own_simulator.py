"""A project with a `simulator` of its own: what of eslsync can be used there, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import EXAMPLES, ROOT

IVR = (EXAMPLES / "ivr.py").read_text(encoding="utf-8")
SCRIPT = Path(sys.executable).with_name("eslsync")

#: How a project may have one: the file that makes it, and what is named when it is in the way.
OWN = {
    "a file": ("simulator.py", "simulator.py"),
    "a package": ("simulator/__init__.py", "simulator"),
}


# Each test has one of them, as a process takes long; between them they have both in each place.
A_FILE = pytest.mark.parametrize("in_the_way", ["a file"], indirect=True)
A_PACKAGE = pytest.mark.parametrize("in_the_way", ["a package"], indirect=True)


@pytest.fixture
def in_the_way(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project with a handler and a simulator; returns the simulator's path."""
    made, named = OWN[request.param]
    (tmp_path / made).parent.mkdir(exist_ok=True)
    (tmp_path / made).write_text("def flight():\n    return 'simulated'\n")
    (tmp_path / "ivr.py").write_text(IVR)
    return tmp_path / str(named)


def run(folder: Path, *command: str | Path, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def module(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "eslsync", *arguments)


# On the command line


@pytest.mark.parametrize(
    ("command", "in_the_way"),
    [("call", "a file"), ("explore", "a package")],
    indirect=["in_the_way"],
)
def test_the_program_says_in_a_line_what_is_in_the_way(command: str, in_the_way: Path) -> None:
    done = module(in_the_way.parent, command, "ivr.py")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: {in_the_way} is in the way of eslsync's own package")
    assert done.stdout == ""


@A_PACKAGE
def test_what_needs_no_simulator_works_there(in_the_way: Path) -> None:
    assert module(in_the_way.parent, "--version").stdout.startswith("eslsync ")
    helped = module(in_the_way.parent, "--help")
    assert helped.returncode == 0
    assert "serve" in helped.stdout
    assert "call " in helped.stdout
    assert module(in_the_way.parent, "serve", "--help").returncode == 0


@A_FILE
def test_one_on_pythonpath_is_in_the_way(
    in_the_way: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "ivr.py").write_text(IVR)
    paths = Path(f"{in_the_way.parent}{os.pathsep}{ROOT}")
    done = run(other, sys.executable, "-m", "eslsync", "call", "ivr.py", path=paths)
    assert done.returncode == 2
    assert f"{in_the_way} is in the way" in done.stderr


@pytest.mark.skipif(not SCRIPT.exists(), reason="eslsync is not installed here")
@A_PACKAGE
def test_the_handlers_neighbour_is_in_the_way_of_the_installed_program(in_the_way: Path) -> None:
    # sys.path begins with the program's own folder there, and Python finds eslsync's simulator
    done = run(in_the_way.parent, SCRIPT, "call", "ivr.py")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: {in_the_way} is in the way of eslsync's own package")


@pytest.mark.skipif(not SCRIPT.exists(), reason="eslsync is not installed here")
@A_FILE
def test_one_that_nothing_would_import_is_not(
    in_the_way: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "ivr.py").write_text(IVR)
    done = run(in_the_way.parent, SCRIPT, "call", other / "ivr.py")
    assert done.returncode == 0, done.stderr


def test_a_handlers_file_of_that_name_can_be_called(tmp_path: Path) -> None:
    (tmp_path / "simulator.py").write_text(IVR)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run(elsewhere, sys.executable, "-m", "eslsync", "call", "../simulator.py")
    assert done.returncode == 0, done.stderr


def test_another_distribution_was_installed_over_it(tmp_path: Path) -> None:
    for package in ("eslsync", "simulator"):
        (tmp_path / package).mkdir()
    (tmp_path / "simulator" / "__init__.py").touch()
    code = (
        "import eslsync.own_simulator as own\n"
        "from pathlib import Path\n"
        f"own.OURS = Path({str(tmp_path / 'simulator')!r})\n"
        "try:\n    own.import_simulator('simulator.command_line.call')\n"
        "except own.InTheWay as error:\n    print(error)\n"
    )
    paths = Path(f"{tmp_path}{os.pathsep}{ROOT}")
    (tmp_path / "eslsync").rmdir()
    done = run(tmp_path, sys.executable, "-c", code, path=paths)
    assert "is not eslsync's: another distribution was installed over it" in done.stdout, done
