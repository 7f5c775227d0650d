"""The public names of both packages.

They are those in ``__all__`` of the modules that are meant to be imported from, and those that
guides, reference and examples name in code: what a reader is shown is theirs to use.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("eslsync", "eslsync.exceptions", "eslsync.protocol", "simulator")
_FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r"from ((?:eslsync|simulator)[\w.]*) import (\([^)]*\)|[^\n(]+)")
_DOTTED = re.compile(r"(?<![\w/.-])(?<!from )((?:eslsync|simulator)(?:\.[A-Za-z_]\w*)+)(?!\w*/)")


def public_names() -> set[str]:
    """All of them, each with its module."""
    names = {f"{module}.{name}" for module in MODULES for name in exported(module)}
    for code in shown():
        for module, imported in _IMPORT.findall(code):
            names.update(public(f"{module}.{name}") for name in re.findall(r"\w+", imported))
        for dotted in _DOTTED.findall(code):
            names.add(public(dotted))
            if dotted.count(".") == 1:  # not a module deep inside
                names.update(f"{dotted}.{name}" for name in exported(dotted))
    return names - {""}


def shown() -> Iterator[str]:
    """The code in what people read to use eslsync."""
    docs = ROOT / "docs"
    pages = [ROOT / "README.md", *docs.glob("*.md"), *(ROOT / "examples").rglob("*.md")]
    for folder in docs.iterdir():
        if folder.name != "internals":
            pages += folder.rglob("*.md")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        yield from _FENCED.findall(text)
        yield from re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))
    for file in [*(ROOT / "examples").rglob("*.py"), *(ROOT / "deploy").glob("*.py")]:
        yield file.read_text(encoding="utf-8")


def public(dotted: str) -> str:
    """A name with its module, without attributes; empty if no module exports it."""
    words = dotted.split(".")
    for end in range(len(words) - 1, 0, -1):
        if words[end] in exported(".".join(words[:end])):
            return ".".join(words[: end + 1])
    return ""


@cache
def exported(module: str) -> list[str]:
    """``__all__`` of a module; empty if there is no such module, or it exports nothing."""
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists():
        return []
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return list(ast.literal_eval(statement.value))
    return []


def missing(names: Collection[str], inventory: bytes) -> list[str]:
    """Names that are not in an inventory of Sphinx's format, which mkdocstrings writes."""
    *_, packed = inventory.split(b"\n", 4)
    there = {line.partition(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}
    return sorted(set(names) - there)
