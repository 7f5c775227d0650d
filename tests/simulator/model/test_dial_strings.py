"""Dial strings are taken apart as FreeSWITCH does."""

from __future__ import annotations

from simulator.model.dial_strings import Phone, read_dial_string
from tests.support.cases import for_each


def names(text: str) -> list[list[list[str]]] | None:
    read = read_dial_string(text)
    if read is None:
        return None
    return [[[phone.name for phone in group] for group in groups] for groups in read]


@for_each(
    ("text", "phones"),
    [
        ("user/1,user/2|user/3", [[["user/1", "user/2"], ["user/3"]]]),
        ("user/1||user/2", [[["user/1"], [], ["user/2"]]]),
        ("user/1|", [[["user/1"]]]),
        ("'user/1'", [[["user/1"]]]),
        ("^^:user/1:user/2", [[["user/1"], ["user/2"]]]),
        ("user/1:_:user/2|user/3", [[["user/1"]], [["user/2"], ["user/3"]]]),
        (":_:user/1", [[], [["user/1"]]]),
        ("{a=1}{b=2} user/1", [[["user/1"]]]),
        (" {a=1}user/1", [[["user/1"]]]),
        # asked of FreeSWITCH 1.10.12, which takes these for names: CHAN_NOT_IMPLEMENTED
        ("{a=1}<b=2>user/1", [[["<b=2>user/1"]]]),
        ("{a=1} {b=2}user/1", [[["{b=2}user/1"]]]),
        ("[a=1]{b=2}user/1", [[["{b=2}user/1"]]]),
        ("user/1|{b=2}user/2", [[["user/1"], ["{b=2}user/2"]]]),
        # and these it refuses as a whole: DESTINATION_OUT_OF_ORDER
        ("{a=1 user/1", None),
        ("<a=1 user/1", None),
        ("[a=1 user/1", None),
        ("{a=1}", None),
        ("{a=1>user/1", None),
    ],
)
def test_phones_are_found_where_freeswitch_finds_them(
    text: str, phones: list[list[list[str]]] | None
) -> None:
    assert names(text) == phones


@for_each(
    ("text", "phone"),
    [
        ('{a={"id": 5}}x', Phone("x", {"a": '{"id": 5}'}, {})),
        ("<a=1>{b=2}[c=3]x", Phone("x", {"a": "1", "b": "2"}, {"c": "3"})),
        ("{a=1,a=2}x", Phone("x", {"a": "2"}, {})),
        ("{a=,b=x=y}x", Phone("x", {"b": "x=y"}, {})),
        (r"{a=1\,2,b='3,4'}x", Phone("x", {"a": "1,2", "b": "3,4"}, {})),
        ("{^^:a=1,2:b=3}x", Phone("x", {"a": "1,2", "b": "3"}, {})),
        ("[a='1,2',b=3]x", Phone("x", {}, {"a": "1", "b": "3"})),  # the first split unquotes
        (r"[a=\'1,2\',b=3]x", Phone("x", {}, {"a": "1,2", "b": "3"})),
        (r"[a=1\,2,b=3]x", Phone("x", {}, {"a": "1,2", "b": "3"})),
        ('[a={"x": [1]}]x', Phone("x", {}, {"a": '{"x": [1]}'})),
        (r"{a=1\n2}x", Phone("x", {"a": "1\n2"}, {})),
        ("{a=b:'_':c}x", Phone("x", {"a": "b:_:c"}, {})),
    ],
)
def test_variables_are_read_as_freeswitch_reads_them(text: str, phone: Phone) -> None:
    # asked of FreeSWITCH 1.10.12, as far as it can be
    assert read_dial_string(text) == [[[phone]]]


def test_what_all_share_wins_except_for_the_call_itself() -> None:
    own = {"a": "own", "origination_caller_id_name": "own"}
    shared = {"a": "shared", "origination_caller_id_name": "shared"}
    told = Phone("x", shared, own).variables
    assert told == {"a": "shared", "origination_caller_id_name": "own"}
