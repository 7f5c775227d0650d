"""`eslsync new`: a project that runs, with its tests."""

from __future__ import annotations

import os
import re
from pathlib import Path
from shlex import quote

import click

from .files import Unusable
from .terminal import plain

__all__ = ["PROJECT", "new", "texts"]

#: The files of a project, each with the folder in which it is written. Their texts are templates
#: in the folder `project`, as NAME.txt (and without the dot of .gitignore).
PROJECT = {
    "README.md": "",
    "ivr.py": "",
    "test_ivr.py": "",
    "ivr.call.yaml": "",
    "ivr.explore.yaml": "",
    "pyproject.toml": "",
    ".gitignore": "",
    "ci.yml": ".github/workflows",
    "dialplan.xml": "deploy",
    "eslsync.service": "deploy",
    "eslsync.socket": "deploy",
}
TEMPLATES = Path(__file__).parent / "project"


@click.command(short_help="Write a project that runs: a handler and its tests.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a project that runs into DIR, a new folder or an empty one.

    \b
    eslsync new ivr
    cd ivr && eslsync call ivr.py --press 1

    It has a handler, its tests, a caller script, an exploration, a workflow for GitHub, and what a
    server needs: the dialplan and systemd's units. README.md there says what each file is.

    Exit status: 0 if it is written; 2 if DIR has files, or can't be written to.
    """
    try:
        if folder.is_dir():
            for first in sorted(folder.iterdir())[:1]:
                raise Unusable(f"{folder} is not empty, it has {first.name}: name a new folder")
        elif folder.exists():
            raise Unusable(f"{folder} is a file: name a new folder")
        for file, text in texts(folder.resolve().name).items():
            place = folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
            click.echo(plain(f"wrote {place}"))
    except OSError as error:
        raise Unusable(f"can't write {error.filename}: {error.strerror}") from None
    click.echo(plain(NEXT.format(folder=quoted(str(folder)))))


NEXT = """
cd {folder}
pip install -e ".[test]"         # what the tests need
eslsync call ivr.py --press 1    # call it, without FreeSWITCH
python -m pytest                 # its tests, and every call that it can have
eslsync serve ivr.py             # take calls of a FreeSWITCH on this machine"""


def texts(name: str) -> dict[str, str]:
    """The files of a project of this name, by their paths in its folder."""
    from importlib.metadata import version

    known = {"@NAME@": distribution(name), "@VERSION@": version("eslsync")}
    found = {}
    for file, folder in PROJECT.items():
        text = (TEMPLATES / f"{file.lstrip('.')}.txt").read_text(encoding="utf-8")
        for word, value in known.items():
            text = text.replace(word, value)
        found[f"{folder}/{file}".lstrip("/")] = text
    return found


def distribution(name: str) -> str:
    """A name that pip takes, and that is none of what the project needs: pip would replace that."""
    allowed = _normal(name)
    return allowed if allowed and allowed not in _needed() else f"{allowed}-ivr".lstrip("-")


def _normal(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _needed() -> set[str]:
    """eslsync, and what it needs with its extras, which the project's tests need, too."""
    from importlib.metadata import requires

    return {_normal(re.split(r"[^\w.-]", each)[0]) for each in requires("eslsync") or ()} | {
        "eslsync"
    }


def quoted(folder: str) -> str:
    """The folder as a shell takes it as an argument of ``cd``."""
    if folder.startswith("-"):
        folder = os.path.join(os.curdir, folder)
    if re.fullmatch(r"[\w./\\:@%+=,-]+", folder):
        return folder
    return f'"{folder}"' if os.name == "nt" or not re.search(r'["$`\\!]', folder) else quote(folder)
