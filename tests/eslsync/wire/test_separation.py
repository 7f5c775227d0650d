"""Arguments are taken apart as FreeSWITCH does it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eslsync.wire.separation import closing, separate, variables_of
from tests.support.cases import for_each


@for_each(
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


@for_each(
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


def test_variables_before_a_dial_string_are_read() -> None:
    assert variables_of("{a=1,b='x,y'}[c=2]user/1000") == (
        {"a": "1", "b": "x,y", "c": "2"},
        "user/1000",
    )
    assert variables_of("user/1000") == ({}, "user/1000")
    assert variables_of("{a=1") == ({}, "{a=1")


def test_a_bracket_is_closed_by_its_own() -> None:
    assert closing("a{b}c}d", 0, "{", "}") == 5
    assert closing("a{b", 0, "{", "}") == -1


@given(st.text(st.characters()))
def test_any_text_can_be_taken_apart(text: str) -> None:
    for delimiter in " ,|":
        separate(text, delimiter, 4)
    variables_of(text)
