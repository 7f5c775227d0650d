"""A channel's variables keep the order of the switch."""

from __future__ import annotations

from simulator.model.variables import OrderedVariables, is_true
from tests.support.cases import for_each


def test_setting_again_moves_a_variable_to_the_end() -> None:
    variables = OrderedVariables()
    for name in ("a", "b", "A"):
        variables.set(name, name)
    assert list(variables) == [("b", "b"), ("A", "A")]
    assert variables.get("a") == "A"
    assert "a" in variables


def test_an_empty_value_unsets() -> None:
    variables = OrderedVariables()
    variables.set("a", "1")
    variables.set("a", "")
    variables.set("b", None)
    assert list(variables) == []
    assert variables.get("a") is None


def test_arrays_grow_in_their_place() -> None:
    variables = OrderedVariables()
    variables.push("list", "1")
    variables.set("other", "x")
    variables.push("list", "2")
    variables.push("list", "0", first=True)
    assert list(variables) == [("list", "ARRAY::0|:1|:2"), ("other", "x")]
    assert variables.element("list", 1) == "1"
    assert variables.element("list", 7) is None
    assert variables.element("list", -1) == variables.get("list")


def test_what_was_set_is_no_array_not_even_of_one() -> None:
    variables = OrderedVariables()
    variables.set("plain", "x")
    variables.push("one", "x")
    variables.set("by_index[0]", "x")
    assert variables.element("plain", 0) is None
    assert variables.element("one", 0) == variables.element("by_index", 0) == "x"
    variables.set("one", "y")
    assert variables.element("one", 0) is None
    assert variables.get("one[0]") is None


def test_a_variable_has_a_name() -> None:
    variables = OrderedVariables()
    variables.set("", "x")
    variables.push("", "x")
    assert not list(variables)


def test_an_element_may_be_set_by_its_index() -> None:
    variables = OrderedVariables()
    variables.set("list[1]", "b")
    assert variables.get("list") == "ARRAY::|:b"
    assert variables.block.headers == (("variable_list", "b"),)
    variables.set("plain", "x")
    variables.set("plain[1]", "y")
    assert variables.get("plain") == "ARRAY::|:y"


def test_an_element_that_is_set_does_not_change_the_text_of_the_array() -> None:
    variables = OrderedVariables()
    variables.set("list", "ARRAY::0|:1")
    variables.set("list[1]", "x")
    assert variables.get("list") == "ARRAY::0|:1"
    assert variables.element("list", 1) == "x"
    variables.push("list", "2")
    assert variables.get("list") == "ARRAY::0|:x|:2"


def test_the_block_follows_every_change() -> None:
    variables = OrderedVariables()
    variables.set("a", "1 %")
    assert variables.block.encode("plain") == b"variable_a: 1%20%25\n"
    variables.set("a", "2")
    assert variables.block.encode("plain") == b"variable_a: 2\n"
    variables.set("a", None)
    assert variables.block.encode("plain") == b""


@for_each("last", ["x", "", "ARRAY::1", "ARRAY::1|:2", "ARRAY::"])
def test_variables_that_are_set_together_are_set_as_one_by_one(last: str) -> None:
    together, one_by_one = OrderedVariables(), OrderedVariables()
    for each in (together, one_by_one):
        for name in ("kept", "B", "gone", "array"):
            each.push(name, "old")
    given = {"new": "1 %", "b": "2", "gone": "", "array": "3", "Last": last}
    together.set_all(given)
    for name, value in given.items():
        one_by_one.set(name, value)
    assert list(together) == list(one_by_one)
    assert together.block.plain == one_by_one.block.plain
    assert together.element("array", 0) is one_by_one.element("array", 0) is None


@for_each("value", ["true", "YES", "on", "1", "t", "enabled", "-1"])
def test_true_values_are_true(value: str) -> None:
    assert is_true(value)


@for_each("value", [None, "", "false", "no", "0", "00", "truth"])
def test_other_values_are_not_true(value: str | None) -> None:
    assert not is_true(value)
