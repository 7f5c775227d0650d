"""Import the file or module in which a user's app is, as Python would.

A file of a package (a folder with an ``__init__.py``) is imported as the module that it is, so that
its relative imports work, and any other file like a script.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from .own_simulator import InTheWay, raise_if_hidden_from
from .serving.outbound import Outbound, on_listen
from .stacks import users_frames, users_traceback

__all__ = [
    "LoadError",
    "cut_short",
    "file_at",
    "indented",
    "is_file",
    "load",
    "no_server",
    "package_of",
    "submodules",
]

#: The folder in which projects keep their packages, if not beside it.
SRC = "src"
#: Added to a module's name that is taken.
ANOTHER = " (a handler's file)"


class LoadError(Exception):
    """An app can't be loaded; the message addresses its author."""


class _Listens(BaseException):
    """An app starts its server while it is imported."""


def load(where: str | Path) -> ModuleType:
    """Import a file or a module, but not as __main__. Raises LoadError.

    For a file, `sys.path` gets its folder first, as for ``python FILE``; for one in a package, it
    gets the folder above the package first, and the file's own last. For a module's name, it gets
    the current folder first, and ``src`` in it last if Python finds the package only there.
    """
    known = set(sys.modules)
    with no_server():
        spec = spec_of_file(Path(where)) if is_file(where) else spec_of_module(str(where))
        if spec.name in sys.modules and spec.name not in known:
            return sys.modules[spec.name]  # its package has imported it just now
        return run(spec, where)
    raise LoadError(
        f"{where}: importing its package starts a server: write that below "
        'if __name__ == "__main__"'
    )


def is_file(where: str | Path, base: str | Path = "") -> bool:
    """True for a path, perhaps relative to ``base``; False for the name of a module."""
    text = os.fspath(where)
    dotted = all(part.isidentifier() for part in text.split("."))
    return not dotted or text.endswith(".py") or os.path.exists(os.path.join(base, text))


@contextmanager
def no_server() -> Iterator[None]:
    """End the block where it would start an Outbound."""

    def end(outbound: Outbound) -> None:
        raise _Listens

    on_listen.append(end)
    try:
        yield
    except _Listens:
        pass
    finally:
        on_listen.remove(end)


def run(spec: ModuleSpec, where: str | Path) -> ModuleType:
    """Execute a module, to the end or to where it starts a server."""
    name, origin = spec.name, spec.origin
    if spec.loader is None or origin is None:
        there = cut_short(submodules(spec.submodule_search_locations or ()))
        raise LoadError(f"{where} is a folder without __init__.py; name a module in it: {there}")
    if name in sys.modules:
        inside = spec.submodule_search_locations
        other = importlib.util.spec_from_file_location(
            name + ANOTHER, origin, submodule_search_locations=inside
        )
        if other is None or other.loader is None:
            return sys.modules[name]  # not from a file
        spec = other
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with told(where, origin), no_server():
        spec.loader.exec_module(module)
    parent, _, last = name.rpartition(".")
    if parent in sys.modules and spec.name == name:
        setattr(sys.modules[parent], last, module)
    return module


@contextmanager
def told(where: str | Path, file: str | None = None) -> Iterator[None]:
    """Turn an exception of the user's code into a LoadError that shows it."""
    try:
        yield
    except LoadError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, SyntaxError) or not ran(error):
            said = "".join(traceback.format_exception_only(error))
            raise LoadError(f"{where} can't be imported:\n\n{indented(said)}") from error
        shown = indented(users_traceback(error, file or ""))
        if isinstance(error, ImportError) and "no known parent package" in str(error):
            shown += (
                "\n\nRelative imports need a package: add an __init__.py to its folder, or name "
                f"it as a module, such as PACKAGE.{Path(where).stem}, from the folder above"
            )
        raise LoadError(f"{where} can't be imported:\n\n{shown}") from error


def ran(error: BaseException) -> bool:
    """True if any code of the user's ran: a file with NUL, for one, is not even compiled."""
    frames = users_frames(traceback.extract_tb(error.__traceback__))
    return any(not each.filename.startswith("<frozen") for each in frames)


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())


# Files


def file_at(path: Path) -> Path:
    """The file that a path names: of a package's folder its ``__init__.py``. Raises LoadError."""
    if (path / "__init__.py").exists():
        path = path / "__init__.py"
    if not path.exists():
        raise LoadError(f"there is no file {path}")
    if path.is_dir():
        raise LoadError(f"{path} is a folder; name the file in it that has the handler")
    return path


def spec_of_file(path: Path) -> ModuleSpec:
    path = file_at(path)
    folder, (root, name) = path.resolve().parent, package_of(path)
    put_on_path(root, path)
    if not is_in_its_package(path, name):
        name, root = path.stem.replace(".", "_"), folder
        put_on_path(root, path)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # for neighbours; not first, where they could hide modules
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise LoadError(f"{path} is not a Python file: its name should end in .py")
    return spec


def package_of(path: Path) -> tuple[Path, str]:
    """The folder that has to be on `sys.path` for a file, and the file's name as a module."""
    file = path.resolve()
    folder, names = file.parent, [] if file.stem == "__init__" else [file.stem.replace(".", "_")]
    while (folder / "__init__.py").exists() and folder.name.isidentifier():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names or ["__init__"])


def is_in_its_package(path: Path, name: str) -> bool:
    """Import the package of a file; False if another one of that name is imported already."""
    package = name.rpartition(".")[0]
    if not package:
        return True
    with told(path):
        __import__(package)
    folder = path.resolve().parent
    places = getattr(sys.modules[package], "__path__", ())
    if path.stem == "__init__":
        folder = folder.parent
    return any(Path(each).resolve() == folder for each in places)


def put_on_path(folder: Path, file: Path | None = None) -> None:
    """Put a folder first on `sys.path`, unless it is there."""
    try:
        raise_if_hidden_from(folder, file)
    except InTheWay as error:
        raise LoadError(str(error)) from None
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


# Modules


def spec_of_module(name: str) -> ModuleSpec:
    here = Path.cwd()
    put_on_path(here)
    package, _, last = name.rpartition(".")
    with told(name):
        try:
            if not package:
                look_in_src(name, here / SRC)
            else:
                spec_of_module(package)  # says so if it isn't there
                __import__(package)
                if not hasattr(sys.modules[package], "__path__"):
                    raise LoadError(
                        f"{package} is a module without others in it; for a name in it write "
                        f"{package}:{last}"
                    )
            spec = importlib.util.find_spec(name)
        except ValueError:  # in sys.modules without a spec, such as __main__
            spec = None
    if spec is not None:
        return spec
    if package:
        there = cut_short(submodules(sys.modules[package].__path__))
        raise LoadError(
            f"there is no module {last!r} in {package}, which has {there}; for a name in it write "
            f"{package}:{last}"
        )
    there = cut_short(submodules([str(here), str(here / SRC)]))
    raise LoadError(
        f"there is neither a file nor a module {name!r}; in {here} there are the modules {there}"
    )


def look_in_src(name: str, src: Path) -> None:
    """Put ``src`` on `sys.path` if a top-level module is only there."""
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.origin is not None:
        return
    beside = PathFinder.find_spec(name, [str(src)])
    # a folder without __init__.py counts only where there is nothing else
    if beside is not None and (spec is None or beside.origin is not None):
        sys.path.append(str(src))


def submodules(folders: Iterable[str]) -> list[str]:
    """The names of the modules in these folders."""
    return sorted({each.name for each in pkgutil.iter_modules(folders)})


def cut_short(names: list[str]) -> str:
    shown = names if len(names) <= 12 else [*names[:11], f"{len(names) - 11} more"]
    return ", ".join(shown) if shown else "none"
