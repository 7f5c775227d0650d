"""Text survives being written and read; text that could not is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eslsync.wire import arguments
from simulator.model.arguments import expand, separate, variables_of

#: Text that a command can hold, mostly made of what means something to FreeSWITCH.
PIECES = ["$", "{", "}", "\\", "'", " ", ",", "=", "^^", "${", "n", "s", "ä", "a", "@@", "%", '"']
TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
TEXT_WITHOUT_BRACES = TEXT.map(lambda text: re.sub("[{}]", "", text))
NAMES = st.text("abc_1", min_size=1, max_size=4)


def no_variable(name: str) -> str:
    return "EXPANDED"


@given(TEXT)
def test_expansion_gives_a_literal_back(text: str) -> None:
    assert expand(arguments.literal(text), no_variable) == text


@given(TEXT)
def test_is_expanded_knows_what_freeswitch_would_expand(text: str) -> None:
    changed = expand(text, no_variable) != text
    assert not changed or arguments.is_expanded(text)
    assert "EXPANDED" not in expand(text, no_variable) or arguments.holds_variables(text)


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_words_are_split_where_they_were_joined(texts: list[str]) -> None:
    assume(not any(text.startswith("^^") for text in texts))
    assert separate(" ".join(map(arguments.word, texts))) == texts


def test_a_word_that_would_change_the_separator_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\^\^"):
        arguments.word("^^:a:b")


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=4))
def test_items_are_split_where_they_were_joined(texts: list[str]) -> None:
    joined = ",".join(arguments.item(text, ",") for text in texts)
    assume(not joined.startswith("^^"))
    assert separate(joined, ",") == texts


@given(st.dictionaries(NAMES, TEXT_WITHOUT_BRACES.filter(bool), max_size=4))
def test_variables_before_a_dial_string_are_read_as_they_were(variables: dict[str, str]) -> None:
    dialled = arguments.variable_block(variables) + "user/1000"
    assert variables_of(dialled) == (variables, "user/1000")


@pytest.mark.parametrize("value", ["a}b", "{", "a:_:b", "ARRAY::one", "a\nb"])
def test_a_value_that_would_end_its_block_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"brackets|can't be|end of a dial string|array|sent"):
        arguments.variable_block({"account": value})


@given(st.dictionaries(NAMES, TEXT, min_size=1, max_size=4))
def test_all_that_one_multiset_sets_is_read_as_it_was(variables: dict[str, str]) -> None:
    read: dict[str, str] = {}
    for argument in arguments.multiset_arguments(variables):
        for pair in separate(argument):
            name, _, value = pair.partition("=")
            read[name] = expand(value, no_variable)  # as `set` does
    assert read == variables


def test_many_variables_are_set_by_as_many_commands_as_it_takes() -> None:
    variables = {f"v{number}": "x" for number in range(600)}
    commands = arguments.multiset_arguments(variables)
    assert [len(separate(command)) for command in commands] == [255, 255, 90]


def test_values_that_leave_no_separator_are_refused() -> None:
    with pytest.raises(ValueError, match="multiset"):
        arguments.multiset_arguments({"all": arguments.SEPARATORS})


@pytest.mark.parametrize("file", ["a.wav", "{loops=3}a.wav", "{a=1}{b={c}}a.wav", "a{b"])
def test_a_file_whose_braces_close_is_played(file: str) -> None:
    assert arguments.check_file(file) == file


@pytest.mark.parametrize("file", ["{a.wav", "{a=1}{b", "{a=1@@10"])
def test_a_file_that_freeswitch_would_search_for_ever_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match="brace"):
        arguments.check_file(file)


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        (arguments.check_uuid, "-bleg"),
        (arguments.check_uuid, ""),
        (arguments.check_uuid, "a b"),
        (arguments.check_digits, "12x"),
        (arguments.variable_name, "not a name"),
        (arguments.variable_name, ""),
        (arguments.check_value, "ARRAY::one"),
        (arguments.check_line, "a\0b"),
        (arguments.check_line, "half \ud800"),
    ],
)
def test_values_that_freeswitch_would_misread_are_refused(
    check: Callable[[str], object], refused: str
) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        check(refused)
