"""What an extra brings is imported only where its absence says how to install it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, files, requires
from typing import NamedTuple

import pytest

from eslsync.extras import MissingExtra, needs_extra
from tests.support.places import ROOT

#: Does without: the file that imports it, and the library.
WITHOUT = {("simulator/exploring/pictures.py", "graphviz")}
#: pytest imports its plugins itself.
PLUGINS = {"eslsync/pytest_plugin.py", "simulator/pytest_plugin.py"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def required(extra: str = "") -> set[str]:
    """What `pip install eslsync` brings by itself, or an extra."""
    found = set()
    for line in requires("eslsync") or ():
        marked = re.search(r'extra == "(\S+)"', line)
        if (marked[1] if marked else "") == extra:
            found.add(normal(re.split(r"[^\w.-]", line)[0]))
    return found


@cache
def has(name: str, library: str) -> bool:
    """True if a distribution of this name is installed, and has the library."""
    with suppress(PackageNotFoundError):
        return any(each.parts[0] in (library, f"{library}.py") for each in files(name) or ())
    return False


class Import(NamedTuple):
    """An import of another project's library; ``extra`` and ``what`` are those of needs_extra."""

    file: str
    library: str
    extra: str
    what: str
    at_once: bool

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")


OURS = {*sys.stdlib_module_names, "eslsync", "simulator"}
#: An import, as lines have it; few files have one of a library that isn't Python's or ours.
IMPORT = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)


@cache
def others() -> list[Import]:
    return sorted(set(imports()))


def imports() -> Iterator[Import]:
    for package in ("eslsync", "simulator"):
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if not OURS.issuperset(IMPORT.findall(text)):
                file = path.relative_to(ROOT).as_posix()
                yield from imports_in(ast.parse(text), file, ("", ""), True)


def imports_in(node: ast.AST, file: str, needs: tuple[str, str], at_once: bool) -> Iterator[Import]:
    names: list[str] = []
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING")):
            return
        case ast.With(items=[ast.withitem(ast.Call(ast.Name("needs_extra"), [extra, what]))]):
            named = str(what.value) if isinstance(what, ast.Constant) else "a name"
            needs = (str(ast.literal_eval(extra)), named)
        case ast.FunctionDef():
            at_once = False
        case ast.Import():
            names = [each.name for each in node.names]
        case ast.ImportFrom(level=0):
            names = [node.module or ""]
    for name in names:
        library = name.partition(".")[0]
        if library not in OURS:
            yield Import(file, library, *needs, at_once)
    for child in ast.iter_child_nodes(node):
        yield from imports_in(child, file, needs, at_once)


def test_every_library_is_required_or_that_of_an_extra_which_is_told() -> None:
    assert len([each for each in others() if each.extra]) >= 9
    wrong = [
        each
        for each in others()
        if not any(has(name, each.library) for name in required(each.extra))
        and (each.file, each.library) not in WITHOUT
        and not (each.library == "pytest" and each.file in PLUGINS)
    ]
    assert wrong == []


def test_a_missing_extra_is_told() -> None:
    given = [each for each in others() if each.extra and each.at_once]
    assert {each.module: message_without(each) for each in given} == {
        each.module: f'{each.what} needs {each.library}: pip install "eslsync[{each.extra}]"'
        for each in given
    }


def message_without(given: Import) -> str:
    """What the import of its module raises where the library is missing."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [*sys.modules]:
            if name.partition(".")[0] == given.library:
                patched.setitem(sys.modules, name, None)
        patched.setitem(sys.modules, given.library, None)
        patched.delitem(sys.modules, given.module, raising=False)
        with pytest.raises(MissingExtra) as caught:
            import_module(given.module)
    return str(caught.value)


def test_the_outer_one_says_what_the_user_asked_for() -> None:
    how = re.escape('--x needs y: pip install "eslsync[e]"')
    with pytest.raises(MissingExtra, match=f"^{how}$"):  # noqa: SIM117 - so it is written
        with needs_extra("e", "--x"), needs_extra("e", "inner"):
            raise ModuleNotFoundError(name="y.z")


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(ImportError, match=r"^broken$") as caught, needs_extra("e", "--x"):
        raise ImportError("broken")
    assert not isinstance(caught.value, ModuleNotFoundError)
