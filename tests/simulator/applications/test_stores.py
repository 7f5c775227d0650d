"""Values that calls leave for each other: recording 28a; mod_hash.c and mod_db.c."""

from __future__ import annotations

import pytest

from tests.support.cases import for_each
from tests.support.model_call import ModelCall


def answers(*commands: str) -> list[str]:
    """What a switch answers to these api commands, one after the other."""
    call = ModelCall().answered()
    for command in commands:
        call.send(f"api {command}")
    return [each.body for each in call.sent if each.lane == "answer"][-len(commands) :]


@for_each(
    ("command", "answer"),
    [
        ("hash insert/r/k/v", "+OK\n"),
        ("hash insert_ifempty/r/a/v", "-ERR key already exists\n"),
        ("hash insert_ifempty/r/b/v", "+OK\n"),
        ("hash select/r/a", "one"),
        ("hash select/r/b", "-ERR no reply\n"),
        ("hash delete/r/a", "+OK\n"),
        ("hash delete/r/b", "-ERR Not found\n"),
        ("hash delete_ifmatch/r/a/two", "-ERR Doesn't match\n"),
        ("hash delete_ifmatch/r/a/one", "+OK\n"),
        ("db insert/r/k/v", "+OK"),
        ("db select/r/a", "two"),
        ("db select/r/b", "-ERR no reply\n"),
        ("db exists/r/a", "true"),
        ("db exists/r/b", "false"),
        ("db count", "1"),
        ("db count/r", "1"),
        ("db list", "r"),
        ("db list/r", "a"),
        ("db delete/r/b", "+OK"),
        ("db nothing/r", "!err!"),
    ],
)
def test_what_the_commands_answer(command: str, answer: str) -> None:
    assert answers("hash insert/r/a/one", "db insert/r/a/two", command)[-1] == answer


@pytest.mark.parametrize("argument", ["", "insert/r/k", "select/r", "nothing/r/k"])
def test_a_wrong_command_is_told_the_usage(argument: str) -> None:
    assert answers(f"hash {argument}")[0].startswith("-ERR Usage: hash insert|insert_ifempty|")


def test_the_applications_store_for_the_commands() -> None:
    call = ModelCall().answered()
    for application in ("hash", "db"):
        call.execute(application, f"insert/realm/key/by {application}")
        call.wait(0.1)
    call.execute("db", "select/realm/key")  # does nothing
    call.wait(0.1)
    call.send("api hash select/realm/key")
    call.send("api db select/realm/key")
    assert [each.body for each in call.sent if each.lane == "answer"][-2:] == ["by hash", "by db"]
    call.execute("db", "delete/realm/key")
    call.wait(0.1)
    call.send("api db exists/realm/key")
    assert [each.body for each in call.sent if each.lane == "answer"][-1] == "false"


def test_a_group_is_called_by_its_dial_strings() -> None:
    """As a real switch answered."""
    told = answers(
        "group insert:g:loopback/1",
        "group insert:g:loopback/2",
        "group insert:g:loopback/1",
        "group call:g",
        "group call:g:order",
        "group call:g:multi",
        "group delete:g:loopback/2",
        "group call:g",
        "group delete:g:*",
        "group call:g",
        "group insert:g",
        "group",
    )
    assert told == [
        "+OK",
        "+OK",
        "+OK",
        "loopback/2,loopback/1",
        "loopback/2|loopback/1",
        "loopback/2:_:loopback/1",
        "+OK",
        "loopback/1",
        "+OK",
        "-ERR no reply\n",
        "!err!",
        "!err!",
    ]


def test_a_group_is_filled_by_an_application() -> None:
    call = ModelCall().answered()
    for data in ("insert:g:user/1", "insert:g:user/2", "delete:g:user/1", "insert:g"):
        call.execute("group", data)
    call.wait(0.5)
    assert call.send("api group call:g") == "user/2"
