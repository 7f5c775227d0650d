"""Docstrings of public names: what they do, what they raise, and the units of times."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest

import eslsync
from eslsync import Channel, Execution, Job, Session
from tests.support.cases import for_each

#: Methods whose parameters or results are times, by the parameter's name.
TIMES = re.compile(r"^(timeout|digit_timeout|ring_timeout|seconds|limit|duration|silence_seconds)$")
#: How a docstring refers to another method for what it raises.
ELSEWHERE = re.compile(r"\b[Ss]ee `|^As `", re.MULTILINE)
#: Methods that neither wait nor send.
WAITS_FOR_NOTHING = {"on", "on_dtmf", "onDTMF", "on_hangup", "flush_digits"}


def members(home: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class, including inherited ones of eslsync."""
    for ancestor in home.__mro__:
        if not ancestor.__module__.startswith("eslsync"):
            continue
        for name, member in vars(ancestor).items():
            plain = inspect.unwrap(getattr(member, "__func__", member))
            if not name.startswith("_") and (
                inspect.isfunction(plain) or isinstance(plain, property)
            ):
                yield name, plain


PUBLIC = {name: getattr(eslsync, name) for name in eslsync.__all__}
MEMBERS = [
    pytest.param(home, name, member, id=f"{home.__name__}.{name}")
    for home in PUBLIC.values()
    if inspect.isclass(home)
    for name, member in members(home)
]
METHODS = {
    f"{home.__name__}.{name}": method
    for home in (Channel, Session, Execution, Job)
    for name, method in members(home)
    if inspect.isfunction(method) and name not in WAITS_FOR_NOTHING
}


def doc_of(member: Any) -> str:
    return inspect.cleandoc(member.__doc__ or "")


@for_each("name", sorted(PUBLIC))
def test_every_public_name_has_a_docstring(name: str) -> None:
    text = doc_of(PUBLIC[name])
    # an Enum, a NamedTuple and a dataclass have one of Python's own where nobody wrote any
    assert text, f"{name} has no docstring"
    assert not text.startswith((f"{name}(", "An enumeration"))
    assert text.splitlines()[0].endswith((".", ";", ":", ")"))


@for_each(("home", "name", "member"), MEMBERS)
def test_every_public_member_has_a_docstring(home: type, name: str, member: Any) -> None:
    docs = [doc_of(vars(base)[name]) for base in home.__mro__ if name in vars(base)]
    assert any(docs), f"{home.__name__}.{name} has no docstring"


@for_each("name", sorted(METHODS))
def test_methods_that_wait_say_what_they_raise(name: str) -> None:
    text = doc_of(METHODS[name])
    assert re.search(r"\braises\b", text, re.IGNORECASE) or ELSEWHERE.search(text), (
        f"what does {name} raise?"
    )


@for_each("name", sorted(METHODS))
def test_docstrings_refer_to_names_that_exist(name: str) -> None:
    text = doc_of(METHODS[name])
    home = {"Channel": Channel, "Session": Session, "Execution": Execution, "Job": Job}[
        name.partition(".")[0]
    ]
    for named in re.findall(r"`(?<!``)([A-Za-z_.]+)`(?!`)", text):
        first, _, rest = named.partition(".")
        there = hasattr(home, named) or hasattr(PUBLIC.get(first, Session), rest or named)
        there = there or named in PUBLIC or hasattr(Channel, named)
        assert there, f"{name} refers to {named}, which is not there"


@for_each("name", sorted(METHODS))
def test_parameters_that_are_times_say_that_they_are_seconds(name: str) -> None:
    parameters = inspect.signature(METHODS[name]).parameters
    text = doc_of(METHODS[name])
    times = [each for each in parameters if TIMES.match(each) and each != "timeout"]
    if times:
        assert re.search(r"second", text) or ELSEWHERE.search(text), f"{name}: {times} in what?"
    if "timeout" in parameters and "``timeout``" in text:
        assert "second" in text or ELSEWHERE.search(text)


def test_the_check_can_fail() -> None:
    def silent(timeout: float) -> None:
        """Do it."""

    assert not ELSEWHERE.search(doc_of(silent))
    assert not issubclass(Execution, Enum)
