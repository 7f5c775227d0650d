"""The reference: public names have docstrings, which tell parameters, units and errors.

A parameter is told by its method's docstring, by one that it refers to (see `wait`), or once for
all in code of its class's or module's: ``timeout``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from typing import Any

import pytest

from docs.public_names import missing, public, public_names
from tests.support.cases import for_each

#: Words that tell what a number counts or measures.
UNITS = re.compile(
    r"seconds?\b|\d s\b|\bbytes\b|\bnumber\b|\bmost\b|\bcalls\b|\bdigits\b|\btimes\b|\bunits\b"
    r"|\bmilliseconds\b|\bport\b|\bprocesses\b|\bstart at\b|\blength\b|\bdrawn\b|\benergy\b"
    r"|\bactions\b|\bparts\b|\blogger\b|\bcores?\b|\blimit\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\b(int|float)\b")
REFERENCE = re.compile(r"(?:\b[Ss]ee|\bAs|\bas|\bthat of|\bthose of) `([\w.]+)`")
PACKAGES = ("eslsync", "simulator")
NAMES = sorted(public_names())


@dataclass
class Told:
    """A public function, and what is told of it."""

    name: str
    function: Callable[..., object]
    #: Its docstring, and those that it overrides or refers to.
    own: str
    #: The docstrings of its class and its module.
    general: str = ""

    def parameters(self) -> Iterator[inspect.Parameter]:
        for each in inspect.signature(self.function).parameters.values():
            if each.name not in ("self", "cls"):
                yield each

    def tells(self, name: str) -> bool:
        word = rf"(?<![\w.]){re.escape(name)}\b"
        code = re.findall(r"``([^`]+)``", self.general)
        return bool(re.search(word, self.own) or any(re.search(word, each) for each in code))

    def untold(self) -> list[str]:
        """The parameters, units and errors that no docstring tells."""
        text = f"{self.own} {self.general}"
        wrong = [each.name for each in self.parameters() if not self.tells(each.name)]
        sentences = re.split(r"(?<=[.;])\s", " ".join(text.split()))
        for each in self.parameters():
            if NUMBER.search(str(each.annotation)):
                about = [said for said in sentences if re.search(rf"\b{each.name}\b", said)]
                if not any(map(UNITS.search, about)):
                    wrong.append(f"{each.name} in what unit")
        return [*wrong, *(error for error in raised(self.function) if error not in text)]


def raised(function: Callable[..., object]) -> Iterator[str]:
    """The exceptions that the function's own code makes; functions inside it others call."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    nodes = list(ast.iter_child_nodes(definition))
    while nodes:
        node = nodes.pop()
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func).rpartition(".")[2]
            if name[:1].isupper():
                yield name


def functions(dotted: str) -> Iterator[Told]:
    """A public function, or the public methods of a class."""
    value = value_of(dotted)
    module = importlib.import_module(dotted.rpartition(".")[0])
    if inspect.isfunction(value):
        yield Told(dotted, value, docs(value), docs(module))
    elif inspect.isclass(value):
        general = "\n".join(docs(each) for each in [*filter(ours, value.__mro__), module])
        for name in dir(value):
            member = inspect.getattr_static(value, name)
            member = inspect.unwrap(getattr(member, "__func__", member))
            if inspect.isfunction(member) and ours(member) and not overrides(value, name):
                told = Told(f"{dotted}.{name}", member, docs(member, value, name), general)
                if not name.startswith("_") or (name == "__init__" and is_made(told, value)):
                    yield told


def is_made(told: Told, home: type) -> bool:
    """True if users make instances by this constructor: then the class tells a parameter of it."""
    if is_dataclass(home) or issubclass(home, Exception):
        return False  # fields have comments; nobody else raises it
    own = inspect.cleandoc(home.__doc__ or "")
    return any(f"``{each.name}``" in own for each in told.parameters())


def overrides(home: type, name: str) -> bool:
    """True for a method that another library calls: that tells of it."""
    return any(name in vars(each) for each in home.__mro__ if not ours(each) and each is not object)


def ours(value: object) -> bool:
    return str(getattr(value, "__module__", "")).startswith(PACKAGES)


def value_of(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        pytest.skip(f"{error}: an extra is missing")


def docs(value: Any, home: type | None = None, name: str = "") -> str:
    """The docstring, and those that it overrides or refers to."""
    found = [value.__doc__ or ""]
    if home is not None:
        found += [vars(each)[name].__doc__ or "" for each in home.__mro__ if name in vars(each)]
    found += [elsewhere(other, home) for other in REFERENCE.findall(" ".join(found))]
    return "\n".join(map(inspect.cleandoc, found))


def elsewhere(name: str, home: type | None) -> str:
    """The docstring that another one refers to: of a public name, or a method of its class."""
    value: Any = home
    for package in PACKAGES:
        if public(f"{package}.{name}"):
            value = importlib.import_module(package)
    for word in name.split("."):
        value = getattr(value, word, None)
    return str(getattr(value, "__doc__", None) or "")


def test_there_are_public_names_of_both_packages() -> None:
    assert {"eslsync.Outbound", "eslsync.observers.Observer", "simulator.FreeSwitch"} <= {*NAMES}
    assert "simulator.scripts.script.Script" in NAMES  # a guide shows it
    assert "eslsync.logs.Unfailing" not in NAMES  # none does


@for_each("dotted", NAMES)
def test_docstrings_tell_parameters_units_and_errors(dotted: str) -> None:
    value = value_of(dotted)
    if isinstance(value, type) or inspect.isfunction(value):
        assert value.__doc__, f"{dotted} has no docstring"
    untold = {told.name: wrong for told in functions(dotted) if (wrong := told.untold())}
    assert untold == {}


def test_a_name_that_is_on_no_page_is_found() -> None:
    head = b"# Sphinx inventory version 2\n# Project: eslsync\n# Version: 0\n# zlib\n"
    body = b"eslsync.Session py:class 1 reference/python/session/#$ -\n"
    inventory = head + zlib.compress(body)
    assert missing({"eslsync.Session", "eslsync.Event"}, inventory) == ["eslsync.Event"]


def test_what_is_not_told_is_found() -> None:
    def wait(self: object, name: str, timeout: float, seconds: int) -> None:
        """Wait for ``name``, for ``timeout``."""
        raise OSError("late")

    told = Told("wait", wait, wait.__doc__ or "", "``timeout`` is how long")
    assert told.untold() == ["seconds", "timeout in what unit", "seconds in what unit", "OSError"]
