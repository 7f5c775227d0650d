"""Imports the package `simulator` that is installed with eslsync, and no other of that name.

The name is common: a project may contain a `simulator.py` or a package `simulator`, and Python
imports whichever comes first on `sys.path`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

__all__ = ["NAME", "InTheWay", "import_simulator", "raise_if_hidden_from"]

NAME = "simulator"
#: Installed beside this package, editable or not.
OURS = Path(__file__).resolve().parents[1] / NAME


class InTheWay(ImportError):
    """Another `simulator` hides eslsync's own; the message says which."""


def import_simulator(module: str) -> ModuleType:
    """Import a module of eslsync's simulator by its name, such as "simulator.scripts.script".

    Raises InTheWay if Python would import another `simulator`, or has already done so.
    """
    try:
        spec = find_spec(NAME)
    except ValueError:  # a module that was put into sys.modules by hand
        spec = None
    if spec is not None or NAME in sys.modules:
        place = place_of(spec) or getattr(sys.modules.get(NAME), "__file__", None)
        if place is None or Path(place).resolve() != OURS:
            raise InTheWay(in_the_way(place or f"sys.modules[{NAME!r}]"))
    if "FreeSwitch" not in getattr(import_module(NAME), "__all__", ()):
        raise InTheWay(
            f"{OURS} is not eslsync's: another distribution was installed over it; install "
            "eslsync into a separate environment"
        )
    return import_module(module)


def raise_if_hidden_from(folder: Path, file: Path | None = None) -> None:
    """Raise InTheWay if ``folder`` has a `simulator` besides ``file``, and eslsync's is imported.

    ``import simulator`` in a file there means that one, and would get eslsync's.
    """
    place = place_of(PathFinder.find_spec(NAME, [str(folder)]))
    excepted = (OURS, None if file is None else file.resolve())
    if place is not None and NAME in sys.modules and place.resolve() not in excepted:
        raise InTheWay(in_the_way(place))


def place_of(spec: ModuleSpec | None) -> Path | None:
    """The file of a module, or the folder of a package."""
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    if folders:
        return Path(folders[0])
    return Path(spec.origin) if spec.origin else None


def in_the_way(place: object) -> str:
    return (
        f"{place} is in the way of eslsync's own package {NAME!r} ({OURS}): rename it, or move it "
        "into a package"
    )
