"""docs/tutorial: its files are those of examples/tutorial, and its texts are real.

What its commands print, test_docs.py holds.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from simulator import explore
from simulator.scripts.script import run_script
from tests.examples.test_docs import assert_shown
from tests.support.cases import for_each
from tests.support.pages import fenced, files
from tests.support.places import EXAMPLES, ROOT
from tests.support.recorded import recording
from tests.support.terminal import nothing_stays, run, without_markers

__all__ = ["nothing_stays"]

pytest_plugins = ["pytester"]

PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
FILES = EXAMPLES / "tutorial"
FIX = ROOT / "docs" / "tutorial" / "test-before-fix.md"
REAL = ROOT / "docs" / "tutorial" / "real-freeswitch.md"


def fixed(text: str, diff: str) -> str:
    """The text after what a diff of the page changes."""
    for hunk in diff.split("…\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        assert text.count(old) == 1
        text = text.replace(old, "".join(line[1:] for line in lines if line[0] != "-"))
    return text


def written() -> dict[str, str]:
    """What a learner has in the folder at the end, without the comments with the files' names."""
    found = {}
    for page in PAGES:
        found.update(files(page))
        for block in fenced("py", page):
            found[block.partition("\n")[0].removeprefix("# ")] = block
    [diff] = fenced("diff", FIX)
    found["hours.py"] = fixed(found["hours.py"], diff)
    return {name: text.partition("\n")[2] for name, text in found.items()}


@pytest.mark.parametrize("file", sorted(FILES.glob("*.*")), ids=lambda path: path.name)
def test_a_page_shows_the_file(file: Path) -> None:
    assert written()[file.name] == file.read_text(encoding="utf-8")


def test_the_dialplan_is_the_example() -> None:
    assert fenced("xml", REAL) == [(EXAMPLES / "dialplan.xml").read_text(encoding="utf-8")]


def quoted() -> list[object]:
    found: list[object] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.finditer(r"^```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            before = text[: block.start()].rstrip().rpartition("\n\n")[2]
            for name in re.findall(r"[Rr]ecording `(\w+)`", before):
                found.append(pytest.param(name, block[1], id=page.name))
    return found


@for_each(("name", "lines"), quoted())
def test_what_freeswitch_does_is_in_the_recording(name: str, lines: str) -> None:
    rest = b"".join(data for _, _, data in recording(name).chunks).decode("latin-1")
    for part in lines.split("…\n"):
        assert part in rest
        rest = rest.partition(part)[2]


def test_each_step_shows_what_freeswitch_does() -> None:
    steps = [page.name for page in PAGES if page.name != "index.md"]
    assert len(steps) == 7
    assert sorted(str(each.id) for each in quoted()) == steps  # type: ignore[attr-defined]


def test_the_tests_fail_and_pass_as_shown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    now = written()
    first = files(FIX)["hours.py"]
    shown = [each for each in fenced("console", FIX) if each.startswith("$ pytest -q ")]
    assert len(shown) == 3
    for hours, block in zip([first, now["hours.py"], now["hours.py"]], shown, strict=True):
        command, _, lines = block.partition("\n")
        test = command.split()[-1]
        pytester.path.joinpath("hours.py").write_text(hours, encoding="utf-8")
        pytester.path.joinpath(test).write_text(f"# {test}\n{now[test]}", encoding="utf-8")
        result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", test)
        printed = re.sub(r" in [\d.]+s", " in 0.05s", "\n".join(result.outlines))
        assert_shown(without_markers(printed), lines.splitlines())


def test_a_second_server_is_told_so() -> None:
    [shown] = [each for each in fenced("text", REAL) if each.startswith("Error: ")]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("serve", FILES / "hours.py", "--port", port)
    assert result.output.replace(f"port {port}", "port 5000") == shown


@pytest.mark.parametrize("script", sorted(FILES.glob("*.call.yaml")), ids=lambda path: path.name)
def test_the_call_goes_as_the_script_says(script: Path) -> None:
    run_script(script)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["message.py", "workshop.py", "hours.py"])
def test_nothing_is_wrong_with_what_callers_get(name: str) -> None:
    """Nor is it with menu.py, as the page itself shows."""
    explore(FILES / name, keys="123", workers=1).check()
