"""Where a handler stands, as its own thread notes it when it begins to wait."""

from __future__ import annotations

import enum
from pathlib import Path

import pytest

from eslsync import Digits, Session
from eslsync.loading import load_handler
from simulator import explore
from simulator.exploring import whereabouts
from simulator.exploring.boundaries import Turns
from simulator.exploring.whereabouts import shown
from tests.support.cases import for_each
from tests.support.layouts import LAYOUTS
from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]


def asks(session: Session, tries: int) -> str:
    key = session.channel.get_digits("menu", tries=tries)
    return f"{key} of {tries}"


def handler(session: Session) -> None:
    account, forgotten = "42", "x"
    session.channel.set("forgotten", forgotten)
    asks(session, 2)
    session.channel.set("account", account)
    session.channel.hangup()


def test_lines_method_and_variables_of_a_handler_that_waits() -> None:
    first = explore(handler, keys="1").nodes[0].situation
    assert [place.function for place in first.places] == ["handler", "asks"]
    assert str(first.place).startswith("test_whereabouts.py:")
    assert first.method == "get_digits"
    told = " ".join(f"{name}={value}" for name, value in first.variables.items())
    assert "account='42'" in told
    assert "tries=2" in told
    assert "forgotten" not in told


@pytest.mark.parametrize("by_name", [True, False])
def test_an_explored_package_may_be_installed_beside_libraries(
    by_name: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LAYOUTS["a package"].write(tmp_path)
    monkeypatch.setattr(whereabouts, "LIBRARIES", (*whereabouts.LIBRARIES, str(tmp_path)))
    monkeypatch.syspath_prepend(tmp_path)
    app = "my_office.app:handler" if by_name else load_handler("my_office.app")
    found = explore(app, keys="1", workers=1)
    assert [place.function for place in found.nodes[0].situation.places] == ["handler"]
    assert whereabouts.is_own(str(tmp_path / "my_office" / "menus.py"))
    assert not whereabouts.is_own(str(tmp_path / "my_library.py"))


class Colour(enum.Enum):
    RED = 1


class Mine:
    def __init__(self) -> None:
        self.tries = 3


@for_each(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (7, "7"),
        (1000, "many"),
        ("a" * 100, "'" + "a" * 79),
        (Digits("4711"), "'4711'"),
        (Colour.RED, "Colour.RED"),
        ([1, 2], "list of 2"),
        (list(range(99)), "list of many"),
        ((1, "a"), "tuple(1, 'a')"),
        ({"a": 1}, "{'a': 1}"),
        (1.5, None),
        (lambda: None, None),
    ],
)
def test_only_plain_values_tell_situations_apart(value: object, text: str | None) -> None:
    assert shown(value, {__name__}, Turns()) == text


def test_objects_of_the_handlers_own_classes_are_looked_into() -> None:
    assert shown(Mine(), {__name__}, Turns()) == "Mine(tries=3)"
    assert shown(Mine(), set(), Turns()) is None
