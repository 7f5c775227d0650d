"""The pages of the docs: their blocks of code, and the commands in them."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from tests.support.places import ROOT
from tests.support.terminal import without_markers

PAGES = [
    ROOT / "README.md",
    ROOT / "examples" / "production" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
#: The width of the terminal in which commands print what pages show.
COLUMNS = "100"


def fenced(language: str, page: Path) -> list[str]:
    """The blocks of that language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def files(page: Path) -> dict[str, str]:
    """The blocks of a page that are files: the first line is a comment with the name."""
    written = [*fenced("python", page), *fenced("yaml", page)]
    named = (re.match(r"# ([\w.]+\.(?:py|yaml))\n", block) for block in written)
    return {match[1]: match.string for match in named if match}


def write_files(page: Path, folder: Path) -> list[str]:
    """Write the blocks that are files; their names."""
    found = files(page)
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(found)


def arguments(command: str, page: Path, folder: Path) -> list[str]:
    """The arguments of an ``$ eslsync`` command of a page, whose files are written to a folder."""
    written = write_files(page, folder)
    words = shlex.split(command.removeprefix("$ eslsync "))
    return [str(folder / each) if each.partition(":")[0] in written else each for each in words]


def shown(output: str, folder: Path) -> list[str]:
    """The lines of an output as a page shows them: without where the files are."""
    for place in (ROOT, folder):
        output = output.replace(f"{place}{os.sep}", "")
    return without_markers(output)
