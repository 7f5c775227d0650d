"""Functions that are replaced for a while, by name or as they are."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from simulator.calling.replacing import Replaced, replaced


class Doubled:
    """Answers with what the function returns, twice."""

    def __init__(self, *, is_here: bool = True) -> None:
        self._is_here = is_here

    def is_here(self) -> bool:
        return self._is_here

    def answer(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return [function(*args, **kwargs)] * 2

    async def answer_later(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return [await function(*args, **kwargs)] * 2


def made(start: int) -> Callable[..., int]:
    def count(more: int = 1, *, times: int = 1) -> int:
        return start + more * times

    return count


class Base:
    factor = 3

    def scaled(self, number: int) -> int:
        return number * self.factor

    @classmethod
    def named(cls) -> str:
        return cls.__name__

    @staticmethod
    def plain(text: str) -> str:
        return text


class Child(Base):
    pass


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Any:
    place = SimpleNamespace(Base=Base, Child=Child, child=Child(), made=made(5), mock=Mock())
    monkeypatch.setitem(sys.modules, "place", place)
    return place


@pytest.mark.parametrize(
    ("name", "call", "returned"),
    [
        ("place.made", lambda p: p.made(2, times=3), 11),
        ("place.Base.scaled", lambda p: p.child.scaled(2), 6),
        ("place.Child.scaled", lambda p: p.child.scaled(2), 6),
        ("place.child.scaled", lambda p: p.child.scaled(2), 6),
        ("place.Child.named", lambda p: p.Child.named(), "Child"),
        ("place.Base.plain", lambda p: p.child.plain("x"), "x"),
        ("place.mock", lambda p: p.mock.return_value and 1, 1),
    ],
)
def test_a_name_is_replaced_where_it_stands(
    place: Any, name: str, call: Callable[[Any], Any], returned: Any
) -> None:
    before = dict(vars(Child)), dict(vars(Base)), dict(vars(place.child)), dict(vars(place))
    stands = replaced(name)
    assert stands.name == name
    double = Doubled()
    stands.add(double)
    assert call(place) == (returned if "mock" in name else [returned] * 2)
    stands.remove(double)
    assert call(place) == returned
    assert before == (
        dict(vars(Child)), dict(vars(Base)), dict(vars(place.child)), dict(vars(place)),
    )  # fmt: skip


def test_a_mock_can_be_asked_what_it_was_called_with_meanwhile(place: Any) -> None:
    stands, double = replaced("place.mock"), Doubled(is_here=False)
    stands.add(double)
    place.mock(5)
    place.mock.assert_called_once_with(5)
    stands.remove(double)


def test_a_function_itself_is_reached_by_all_who_hold_it() -> None:
    count = made(5)
    held: dict[str, Callable[..., Any]] = {"elsewhere": count}
    signature = inspect.signature(count)
    stands, double = replaced(count), Doubled()
    stands.add(double)
    assert held["elsewhere"](2, times=2) == [9, 9]
    assert inspect.signature(count) == signature
    assert made(1)() == 2  # another one, of the same code
    stands.remove(double)
    assert held["elsewhere"](2, times=2) == 9
    assert vars(count) == {}


def test_the_first_that_is_here_answers_and_the_last_puts_it_back(place: Any) -> None:
    before = place.made
    first, second = Doubled(is_here=False), Doubled()
    assert isinstance(replaced("place.made"), Replaced)
    replaced("place.made").add(first)
    replaced("place.made").add(second)
    assert replaced("place.made") is replaced("place.made")
    assert place.made() == [6, 6]
    stands = replaced("place.made")
    stands.remove(first)
    assert place.made is not before
    stands.remove(second)
    assert place.made is before


def test_what_somebody_else_has_put_there_since_stays(place: Any) -> None:
    stands, double = replaced("place.made"), Doubled()
    stands.add(double)
    place.made = other = made(1)
    stands.remove(double)
    assert place.made is other
