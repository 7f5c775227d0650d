"""Text survives being written and read; text that could not is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eslsync.wire import arguments
from eslsync.wire.separation import separate
from simulator.model.arguments import expand
from simulator.model.dial_strings import Phone, read_dial_string
from tests.support.cases import for_each

#: Text that a command can hold, mostly made of what means something to FreeSWITCH.
PIECES = [*"${}\\' ,=ns\xe4a%\"<>[]|:_", "^^", "${", "@@", ":_:"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
NAMES = st.text("abc_1", min_size=1, max_size=4)


def no_variable(name: str, index: int) -> str:
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


#: Dial strings of every form, and the variables of their own that each phone has.
DIAL_STRINGS: dict[str, list[dict[str, str]]] = {
    "user/1000": [{}],
    "  user/1000": [{}],
    "{x=1}user/1000": [{"x": "1"}],
    "{x=1}{y=2} user/1000": [{"x": "1", "y": "2"}],
    "<x=1>user/1000": [{"x": "1"}],
    "<x=1>{y=2}[z=3]user/1000": [{"x": "1", "y": "2", "z": "3"}],
    "{^^:x=1:y=a,b}user/1000": [{"x": "1", "y": "a,b"}],
    "[x=1]user/1000,[x={2},y=a\\\\,b]user/1001|[^^:x=3:y=a,b]user/1002": [
        {"x": "1"},
        {"x": "{2}", "y": "a,b"},
        {"x": "3", "y": "a,b"},
    ],
    "user/1000:_:{x=1}user/1001|user/1002": [{}, {"x": "1"}, {"x": "1"}],
    "<x=1>user/1000:_:<y=2>{z=3}user/1001": [{"x": "1"}, {"x": "1", "y": "2", "z": "3"}],
}


@given(
    st.dictionaries(st.text("abc_", min_size=1, max_size=4), TEXT.filter(bool), max_size=4),
    st.sampled_from(sorted(DIAL_STRINGS)),
)
def test_every_phone_gets_the_variables_put_into_its_dial_string(
    variables: dict[str, str], dial_string: str
) -> None:
    try:
        written = arguments.with_variables(variables, dial_string)
    except ValueError:
        pieces = "".join(variables.values())
        assert arguments.holds_variables(pieces) or set("{}<>") & set(pieces)
        return
    read = read_dial_string(written)
    assert read is not None
    phones = [phone for groups in read for group in groups for phone in group]
    told = [{k: v for k, v in p.variables.items() if k != "ignore_early_media"} for p in phones]
    assert told == [{**variables, **own} for own in DIAL_STRINGS[dial_string]]
    assert phones[0].name == "user/1000"


@for_each(
    ("value", "written"),
    [
        ("it's, a = b", "{v=it\\\\\\'s\\,\\\\sa\\\\s\\\\=\\\\sb}user/1"),
        ('{"id": 5}', '{v={"id":\\\\s5}}user/1'),
        ("a { b", "<v=a\\\\s{\\\\sb>user/1"),
        ("a:_:b", "{v=a:'_':b}user/1"),
        ("a\r\nb", "{v=a\\\\r\\\\nb}user/1"),
    ],
)
def test_a_value_is_written_so_that_it_ends_nothing(value: str, written: str) -> None:
    # asked of FreeSWITCH 1.10.12: a leg called so has this very value
    assert arguments.with_variables({"v": value}, "user/1") == written
    assert read_dial_string(written) == [[[Phone("user/1", {"v": value}, {})]]]


@for_each(
    ("variables", "said"),
    [
        ({"v": "{<"}, "channel.export"),
        ({"v": "}{ ><"}, "channel.export"),
        ({"v": "x${uuid}"}, "would not set"),
        ({"v": "ARRAY::one"}, "array"),
        ({"v": "a\0b"}, "NUL"),
        ({"sip_h_X-Tenant": "a\r\nFrom: b"}, "line breaks"),
    ],
)
def test_a_variable_that_no_leg_could_get_is_refused(variables: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments.with_variables(variables, "user/1000")


def test_a_callers_name_is_no_variable_of_the_leg() -> None:
    named = {"origination_caller_id_name": "${uuid}"}
    assert arguments.with_variables(named, "user/1000").startswith("{origination_caller_id_name=")


@for_each(
    "dial_string",
    [
        "",
        "  ",
        "{x=1}",
        "<x=1> ",
        "user/1000:_:",
        "{x=1 user/1000",
        "<x=1 user/1000",
        "[x=1 user/1000",
        "{x=1}<y=2>user/1000",
        "{x=1} {y=2}user/1000",
        "[x=1]{y=2}user/1000",
        "user/1000|{x=1}user/1001",
        "user/1000, {x=1}user/1001",
        "user/1000:_:{x=1}<y=2>user/1001",
    ],
)
def test_a_dial_string_that_freeswitch_would_refuse_is_refused(dial_string: str) -> None:
    with pytest.raises(ValueError, match=r"dial string|phone's name"):
        arguments.with_variables({}, dial_string)


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
    ("check", "refused", "said"),
    [
        (arguments.check_uuid, "-bleg", "FreeSWITCH takes '-' at the start for an option"),
        (arguments.check_uuid, "", "it is empty"),
        (arguments.check_uuid, "a b^ c", "leave out ' ' and '^'"),
        (arguments.check_digits, "12x", "not 'x'"),
        (arguments.variable_name, "not a name", "use letters, digits, and _ . : - alone"),
        (arguments.variable_name, "", "use letters, digits, and _ . : - alone"),
        (arguments.check_value, "ARRAY::one", "write two elements or more, as ARRAY::one|:two"),
        (arguments.check_line, "a\0b", "replace them, as by a blank"),
        (arguments.check_line, "half \ud800", "join or replace such"),
        (arguments.word, "^^a", "begin it otherwise"),
        (lambda name: arguments.check_header(name, "x"), "a b", "use printable ASCII"),
        (lambda text: arguments.with_variables({}, text), "{a=b}", "write an endpoint behind"),
        (lambda text: arguments.with_variables({}, text), "{a=b", "close each block"),
    ],
)
def test_what_freeswitch_would_misread_is_refused_and_the_error_says_what_to_write(
    check: Callable[[str], object], refused: str, said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check(refused)
