"""Commands that installed distributions add to `eslsync`: entry points of the group GROUP.

`importlib.metadata` finds the same, but its import takes a tenth of the time of `eslsync call`;
so this module reads the files itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

__all__ = ["GROUP", "added_commands"]

GROUP = "eslsync.commands"


def added_commands() -> dict[str, str]:
    """The commands by name, with the place of each: "package.module:attribute"."""
    found: dict[str, str] = {}
    for folder in sys.path:
        for text in entry_points_in(folder or os.curdir):
            for name, place in section(text, GROUP):
                found.setdefault(name, place)  # as for modules, the first on sys.path wins
    return found


def entry_points_in(folder: str) -> Iterator[str]:
    """The text of each entry_points.txt of the distributions installed in a folder."""
    try:
        names = os.listdir(folder)
    except OSError:  # an archive, or not there
        return
    for name in sorted(names):
        if name.endswith((".dist-info", ".egg-info")):
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                    yield file.read()
            except OSError:  # most distributions have no entry points
                continue


def section(text: str, wanted: str) -> Iterator[tuple[str, str]]:
    """The names and values of one section of an entry_points.txt, an INI file."""
    current = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            current = line[1:-1].strip()
        elif current == wanted and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()  # without [extras]
