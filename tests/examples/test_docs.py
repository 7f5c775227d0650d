"""The code and commands in README.md and docs/ run, and do what is shown."""

from __future__ import annotations

import logging
import os
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from click import Context
from click.testing import CliRunner

from eslsync.command_line.main import main
from examples.ivr import handler
from simulator import CallFailed, FreeSwitch
from tests.support.cases import for_each
from tests.support.names import missing, refused
from tests.support.pages import COLUMNS, PAGES, arguments, fenced, shown, write_files
from tests.support.places import ROOT
from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]


def blocks(language: str, *, with_page: bool = False) -> list[object]:
    found: list[object] = []
    for page in PAGES:
        for number, block in enumerate(fenced(language, page), 1):
            explores = page.name == "explore.md" or block.startswith("$ eslsync explore")
            marks = [pytest.mark.thorough] if explores else []
            values = (block, page) if with_page else (block,)
            found.append(pytest.param(*values, id=f"{page.name}-{number}", marks=marks))
    return found


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A block may configure logging."""
    loggers = {each: logging.getLogger(each) for each in ("eslsync", "ivr")}
    before = {name: (each.level, each.handlers[:]) for name, each in loggers.items()}
    yield
    for name, each in loggers.items():
        level, each.handlers = before[name]
        each.setLevel(level)


@pytest.mark.parametrize(("block", "page"), blocks("python", with_page=True))
def test_code_in_the_docs_runs(
    block: str, page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = write_files(page, tmp_path)
    if written:
        monkeypatch.syspath_prepend(tmp_path)
    for name in written:  # modules of these names are as before in the end, here or not
        monkeypatch.setitem(sys.modules, Path(name).stem, ModuleType(Path(name).stem))
        del sys.modules[Path(name).stem]
    module = ModuleType("a_block_of_the_docs")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # freezegun looks there
    exec(compile(block, "<docs>", "exec"), vars(module))
    for name, test in list(vars(module).items()):
        if name.startswith("test_"):
            test()


def assert_shown(printed: list[str], shown: list[str]) -> None:
    """Lines with … stand for any number of lines that are left out."""
    if "…" not in shown:
        assert printed == shown
        return
    pattern = "".join(".*" if line == "…" else re.escape(f"{line}\n") for line in shown)
    text = "".join(f"{line}\n" for line in printed)
    assert re.fullmatch(pattern, text, re.DOTALL), text


@pytest.mark.parametrize(
    ("block", "page"),
    [
        each
        for each in blocks("console", with_page=True)
        if each.values[0].startswith("$ eslsync ")  # type: ignore[attr-defined]
    ],
)
def test_commands_in_the_docs_print_what_is_shown(
    block: str, page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", COLUMNS)
    # An exploration begins no processes for its few calls: what it prints doesn't depend on them.
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    command, _, expected = block.partition("\n")
    result = CliRunner().invoke(main, arguments(command, page, tmp_path))
    assert_shown(shown(result.output, tmp_path), expected.splitlines())


def commands(program: str) -> list[list[str]]:
    """The commands of a program, without its name, that a reader is told to type."""
    found = []
    for block in blocks("sh"):
        lines = str(block.values[0]).replace("\\\n", "").splitlines()  # type: ignore[attr-defined]
        words = [shlex.split(line, comments=True) for line in lines if line.startswith(program)]
        found += [each[1:] for each in words if each[0] == program]
    return found


@pytest.mark.parametrize("words", commands("eslsync"), ids=" ".join)
def test_commands_for_the_reader_have_options_that_there_are(words: list[str]) -> None:
    context = Context(main)
    command = main.get_command(context, words[0])
    assert command is not None
    command.make_parser(Context(command)).parse_args(words[1:])  # raises what is wrong


def test_commands_of_gunicorn_have_options_that_there_are() -> None:
    config = pytest.importorskip("gunicorn.config", reason="gunicorn is missing")
    parser = config.Config().parser()
    found = commands("gunicorn")
    assert found
    for words in found:
        assert parser.parse_args(words).args  # the app; exits if an option is wrong


def test_the_extras_are_those_of_setup_py(monkeypatch: pytest.MonkeyPatch) -> None:
    setuptools = pytest.importorskip("setuptools", reason="setuptools is missing")
    given: dict[str, dict[str, list[str]]] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **options: given.update(options))
    runpy.run_path(str(ROOT / "setup.py"))
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", text.partition("## Extras")[2], re.MULTILINE)
    told = {name: brought for names, brought in rows for name in re.findall(r"`(\w+)`", names)}
    extras = given["extras_require"]
    assert set(told) == set(extras)
    for name in set(extras) - {"test", "bench", "peers", "fuzz"}:  # for those who change eslsync
        packages = [re.split(r"[>; ]", each)[0] for each in extras[name]]
        assert told[name] == ", ".join(packages)


@for_each("block", blocks("xml"))
def test_configurations_of_the_switch_are_well_formed(block: str) -> None:
    assert list(ElementTree.fromstring(f"<part>{block}</part>"))


def test_the_failure_of_the_first_test() -> None:
    text = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```text\n(CallFailed: .*?)^```$", text, re.DOTALL | re.MULTILINE)
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome")
        call.press("3")
        with pytest.raises(CallFailed) as failed:
            call.hear("ivr/ivr-option-1")
    assert f"CallFailed: {failed.value}\n" == shown


def test_the_first_page_shows_the_smallest_example_as_it_is() -> None:
    text = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    basic = (ROOT / "examples" / "basic.py").read_text().partition('"""\n\n')[2]
    assert f"```python\n{basic}```" in text


@pytest.mark.parametrize("page", ["README.md", "docs/start.md"])
def test_the_menu_is_shown_as_it_is(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    ivr = (ROOT / "examples" / "ivr.py").read_text()
    after = text.partition("from eslsync import Outbound, Session, TimeoutError\n")[2]
    menu = after.partition("```")[0]
    assert "def handler" in menu
    for part in menu.split("    ...  # and so on for 2, 3 and 4\n"):
        assert part.strip() in ivr


def test_the_ladder_of_the_docs_is_what_the_command_draws() -> None:
    recording = ROOT / "tests" / "recordings" / "264_bridge_ring.jsonl"
    drawn = CliRunner().invoke(main, ["ladder", str(recording), "--format", "svg"])
    assert drawn.stdout == (ROOT / "docs" / "guides" / "ladder.svg").read_text(encoding="utf-8")


def test_names_and_calls_in_the_text_are_those_of_the_library() -> None:
    for page in PAGES:
        if page.name != "coming-from.md":  # which also has the names of others
            text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.M)
            assert missing(text) + refused(text) == [], page.name


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_links_to_a_heading_lead_to_it() -> None:
    for page in PAGES:
        links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
        for link, heading in links:
            target = page.parent / link if link else page
            assert heading in headings(target), f"{page.name}: {link}#{heading}"


@cache
def headings(page: Path) -> set[str]:
    """What links call the headings of a page, as GitHub does."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
