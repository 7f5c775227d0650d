"""Failures of api commands are told apart from values, and both from nothing."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Channel, CommandError, Session
from eslsync.wire.printed import NOTHING, failed, text_of
from simulator import FreeSwitch
from tests.eslsync.call.test_job import job_done
from tests.support.asking import ask, session_of
from tests.support.cases import for_each
from tests.support.peer import call, response


@for_each(
    ("printed", "command", "text", "fails"),
    [
        (NOTHING, "lua notify.lua", "", False),
        ("", "lua notify.lua", "", False),
        ("+OK\n", "uuid_kill x", "+OK", False),
        ("-ERR No such channel!\n", "uuid_getvar x y", "-ERR No such channel!", True),
        ("-ERR", "regex x", "-ERR", True),
        ("-ERROR\n", "uuid_audio x", "-ERROR", True),
        ("-USAGE: <uuid>\n", "uuid_kill", "-USAGE: <uuid>", True),
        ("-ERR is my name", "uuid_getvar x y", "-ERR is my name", False),
        ("-USAGE of words", "hash select/a/b", "-USAGE of words", False),
        ("-ERR no reply", "GLOBAL_GETVAR x", "-ERR no reply", False),
        ("-OK\n", "vm_fsdb_msg_count x", "-OK", True),
        ("-OK\n{}\n", "mongo_find_one x", "-OK\n{}", False),
        ("!err!", "db select", "!err!", True),
        ("no!err!", "echo x", "no!err!", False),
    ],
)
def test_a_failure_is_known_by_its_text(printed: str, command: str, text: str, fails: bool) -> None:
    assert text_of(printed) == text
    assert failed(printed, command) is fails


def test_a_command_that_prints_nothing_has_succeeded() -> None:
    def question(channel: Channel) -> list[str]:
        session = session_of(channel)
        return [
            session.api("hash select/realm/key"),
            session.send("api hash select/realm/key").text,
            session.bgapi("hash select/realm/key").wait(),
            session.api("eval ${nothing}"),
            session.bgapi("echo").wait(),
        ]

    assert ask(question).value == [""] * 5


def test_a_value_may_begin_like_a_failure() -> None:
    values = ("-ERR No such channel!", "-ERR no reply", "-USAGE: none", "-OK")
    found: list[object] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for value in values:
            channel.set("note", value)
            channel.hash("insert", "realm", "key", value)
            found.append(
                [
                    channel.get_variable("note"),
                    channel.variables["note"],
                    session.getvar("note"),
                    session.send("getvar note").text,
                    *(
                        session.api(command)
                        for command in (f"uuid_getvar {session.uuid} note", "hash select/realm/key")
                        if value != "-OK"
                    ),
                ]
            )
        channel.hangup()

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert found == [[value] * (6 if value != "-OK" else 4) for value in values]


@pytest.mark.parametrize(
    "command", ["md5", "db select", "regex x", "uuid_getvar nobody x", "uuid_kill nobody"]
)
def test_a_failure_is_raised_whoever_runs_the_command(command: str) -> None:
    def question(channel: Channel) -> None:
        session = session_of(channel)
        with pytest.raises(CommandError, match="was refused"):
            session.api(command)
        with pytest.raises(CommandError, match="was refused"):
            session.bgapi(command).wait()

    ask(question)


def test_methods_built_on_the_api_take_no_reply_for_success() -> None:
    """FreeSWITCH may print nothing where it prints +OK today."""

    def handler(session: Session) -> list[Any]:
        channel = session.channel
        return [
            channel.break_(),
            channel.broadcast("a.wav"),
            channel.recv_dtmf("1"),
            channel.get_variable("empty"),
            session.bgapi("lua notify.lua").wait(),
        ]

    with call(handler) as peer:
        peer.handshake()
        for _ in range(4):
            assert peer.hear().line.startswith("api uuid_")
            peer.say(response(NOTHING))
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        job = peer.serve("bgapi lua notify.lua").get("Job-UUID")
        peer.say(job_done(str(job), ""))
    assert peer.returned == [None, None, None, "", ""]
