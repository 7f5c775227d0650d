"""CONTRIBUTING.md names the steps of .ci/run, commands that work, and files that exist."""

from __future__ import annotations

import ast
import re
import runpy

from ..support.places import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHECK = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
#: The name and the command of each step.
STEPS = re.findall(r'^step "?([^"$]+?)"? "\$(?:bin|docs)/(\S+)"(.*)$', CHECK, re.MULTILINE)


def commands() -> list[str]:
    shell = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
    return [line.partition(" #")[0].strip() for line in shell.splitlines()]


def test_every_step_is_in_the_table() -> None:
    _, _, table = PAGE.partition("| step | what it holds |\n|---|---|\n")
    names = re.findall(r"^\| ([^|]+) \|", table.partition("\n\n")[0], re.MULTILINE)
    assert names == ["tests", *(name for name, _, _ in STEPS)]


def test_every_step_can_be_run_alone_as_it_says() -> None:
    steps = [f".venv/bin/{program}{arguments}" for _, program, arguments in STEPS]
    first = commands().index(steps[0])
    assert commands()[first : first + len(STEPS)] == steps


def test_the_tests_that_it_runs_exist() -> None:
    runs = [command.split() for command in commands() if " -m pytest tests" in command]
    assert runs
    for run in runs:
        file = ROOT / run[run.index("pytest") + 1]
        wanted = run[run.index("-k") + 1] if "-k" in run else ""
        assert re.search(rf"^def test_\w*{wanted}", file.read_text(), re.MULTILINE), run


def test_the_extras_exist() -> None:
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    for extra in re.findall(r"\.\[(\w+)\]", PAGE):
        assert f'"{extra}": ' in setup


def test_the_files_and_folders_that_it_names_exist() -> None:
    named = re.findall(r"`(\.?\w+(?:/\w*)+(?:\.\w+)?)[`:]", PAGE)
    assert len(named) > 10
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_code_that_it_shows_is_the_projects() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("eslsync", "simulator", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    blocks = re.findall(r"^```py\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        for part in block.split("\n    ...\n"):
            assert any(part.strip() in source for source in sources), part


def test_uses_of_private_names_are_found() -> None:
    uses = runpy.run_path(str(ROOT / ".ci" / "private_names.py"))["uses"]
    source = """
from .leg import Leg, _other
class Mine(Leg):
    def __init__(self):
        self._own = 1
    def look(self, leg):
        return self._own, self._bases, leg._theirs, leg.event._replace(), leg.__class__
"""
    names = sorted(name for _, name in uses(ast.parse(source)))
    assert names == ["_bases", "_other", "_theirs"]
