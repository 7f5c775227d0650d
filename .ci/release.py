"""Checks that a tag, the version in setup.py and CHANGELOG.md say the same of a release.

python .ci/release.py v0.1.0
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^## \[(?P<version>[^]]+)\](?: - (?P<date>.+))?$", re.MULTILINE)


def faults(tag: str, setup: str, changelog: str) -> Iterable[str]:
    """What is wrong with a release under ``tag``, given the texts of the two files."""
    version = re.findall(r'^VERSION = "(.*)"$', setup, re.MULTILINE)[0]
    if tag != f"v{version}":
        yield f"the tag is {tag}, and setup.py's VERSION {version}: it must be v{version}"
    unreleased, *released = HEADING.finditer(changelog)
    if unreleased["version"] != "Unreleased":
        yield "the first heading of CHANGELOG.md must be ## [Unreleased]"
    if not released or released[0]["version"] != version:
        yield f"the second heading of CHANGELOG.md must be ## [{version}] - YYYY-MM-DD"
        return
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", released[0]["date"] or ""):
        yield f"the heading of {version} in CHANGELOG.md needs its date: - YYYY-MM-DD"
    if changelog[unreleased.end() : released[0].start()].strip():
        yield f"CHANGELOG.md has changes under [Unreleased]: they belong to {version}"


def main(tag: str) -> int:
    setup, changelog = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("setup.py", "CHANGELOG.md")
    )
    found = list(faults(tag, setup, changelog))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
