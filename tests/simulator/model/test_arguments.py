"""Arguments are read as FreeSWITCH reads them, so mistakes show here too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.arguments import atoi, expand, separate, variables_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("   ", [""]),
        ("a b", ["a", "b"]),
        ("  a   b  ", ["a", "b"]),  # blanks collapse, so no argument can be empty ...
        ("a '' b", ["a", "", "b"]),  # ... unless it is quoted
        ("'a b' c", ["a b", "c"]),
        ("a' b'c", ["a bc"]),
        (r"a\ b c", [r"a\ b", "c"]),  # a blank after a backslash does not split; both stay
        (r"a\sb c", ["a b", "c"]),
        (r"a\'b", ["a'b"]),
        (r"^\d+$ x", [r"^\d+$", "x"]),  # a backslash before what is no escape stays
        ("^^|a b|c", ["a b", "c"]),
        ("it's fine", ["it's fine"]),  # a lone quote holds together what follows
    ],
)
def test_words_are_separated_at_blanks(text: str, words: list[str]) -> None:
    assert separate(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b", ["a", "b"]),
        ("a,,b", ["a", "", "b"]),  # other delimiters do not collapse
        ("a, b ,c", ["a", "b", "c"]),
        ("'a,b',c", ["a,b", "c"]),
        (r"a\,b,c", ["a,b", "c"]),
        ("it's,fine", ["it's", "fine"]),  # a lone quote is itself
    ],
)
def test_pieces_are_separated_at_commas(text: str, words: list[str]) -> None:
    assert separate(text, ",") == words


def test_the_last_argument_takes_the_rest() -> None:
    assert separate("a b c d", " ", 3) == ["a", "b", "c d"]
    assert separate("a,b,c,d", ",", 3) == ["a", "b", "c,d"]


@given(st.lists(st.text("abc019#*/.", min_size=1), max_size=8))
def test_plain_words_come_through(words: list[str]) -> None:
    assert separate(" ".join(words)) == words
    assert separate("^^:" + ":".join(words), " ") == words


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for delimiter in " ,|":
        separate(text, delimiter, 4)
    variables_of(text)
    expand(text, lambda name: None)


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


def test_variables_before_a_dial_string_are_read() -> None:
    assert variables_of("{a=1,b='x,y'}[c=2]user/1000") == (
        {"a": "1", "b": "x,y", "c": "2"},
        "user/1000",
    )
    assert variables_of("user/1000") == ({}, "user/1000")
    assert variables_of("{a=1") == ({}, "{a=1")


@pytest.mark.parametrize(
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
    assert expand(text, known.get, lambda name, argument: f"<{argument}>") == expanded
