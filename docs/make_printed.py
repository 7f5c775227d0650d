"""What commands print, in the pages of docs/: each `console` block, filled by its command.

A command may name the files of its page, the blocks whose first line is a comment with the name.
Read what has changed: a command that fails prints that, too. (tests/examples/test_docs.py compares
the blocks.)

python docs/make_printed.py                        # all pages
python docs/make_printed.py docs/how-to/queue.md   # some
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests.support

from tests.support.pages import COLUMNS, PAGES, arguments, shown
from tests.support.places import ROOT


def filled(page: Path, folder: Path) -> str:
    """The text of a page with what its commands print now."""

    def fill(block: re.Match[str]) -> str:
        command = block[1]
        if "…" in block[2].splitlines():
            return block[0]  # somebody has chosen which lines are shown
        output = subprocess.run(
            [sys.executable, "-m", "eslsync", *arguments(command, page, folder)],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": COLUMNS, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,  # some pages show what fails
        ).stdout
        return "\n".join(["```console", command, *shown(output, folder), "```"])

    text = page.read_text(encoding="utf-8")
    pattern = r"^```console\n(\$ eslsync [^\n]*)\n(.*?)^```$"
    return re.sub(pattern, fill, text, flags=re.DOTALL | re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", metavar="PAGE", type=Path, nargs="*", default=PAGES)
    for page in parser.parse_args().pages:
        with tempfile.TemporaryDirectory() as folder:
            text = filled(page, Path(folder))
        if text != page.read_text(encoding="utf-8"):
            page.write_text(text, encoding="utf-8")
            print(f"{page} has changed")


if __name__ == "__main__":
    main()
