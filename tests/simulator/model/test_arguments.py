"""Arguments are read as FreeSWITCH reads them, so mistakes show here too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.model.arguments import atoi, expand
from tests.support.cases import for_each


@given(st.text(st.characters()))
def test_any_text_can_be_read(text: str) -> None:
    expand(text, lambda name, index: None)


def test_atoi_is_that_of_c() -> None:
    assert [atoi(each) for each in ("12", " 7x", "-3", "+4", "x1", "", None)] == [
        12,
        7,
        -3,
        4,
        0,
        0,
        0,
    ]


@for_each(
    ("text", "expanded"),
    [
        ("no dollar", "no dollar"),
        ("${name}!", "Alice!"),
        ("${unset}!", "!"),
        ("${name:1}", "lice"),
        ("${name:1:2}", "li"),
        ("${name:-2}", "ce"),
        ("${${which}}", "Alice"),
        (r"\${name}", "${name}"),
        ("${name", "Alice"),
        ("$${name}!", "Alice!"),
        ("${held}", "Alice"),
        (r"back\\slash", r"back\slash"),
        (r"it\'s ${name}", "its Alice"),
        ("${api(a ${name})}", "<a Alice>"),
    ],
)
def test_variables_and_functions_are_expanded(text: str, expanded: str) -> None:
    known = {"name": "Alice", "which": "name", "held": "${name}"}

    def lookup(name: str, index: int) -> str | None:
        return known.get(name)

    assert expand(text, lookup, lambda name, argument: f"<{argument}>") == expanded
