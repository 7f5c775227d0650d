"""Commands as other libraries write them are refused with what to write here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import eslsync.channel  # noqa: F401 - declares the applications
from eslsync import Session
from eslsync.wire.commands import check_api, check_call_command, check_command, check_execute
from simulator import FreeSwitch
from tests.support.cases import for_each


@for_each(
    ("command", "said"),
    [
        (
            "sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: x.wav",
            "write channel.execute('playback', argument), or give the headers apart: "
            "session.send('sendmsg', headers={'call-command': ...})",
        ),
        (
            "SendMsg\r\nCall-Command: execute\r\nExecute-App-Name: answer\r\n\r\n",
            "channel.execute('answer', argument)",
        ),
        (
            "sendmsg 1234\ncall-command: execute\nexecute-app-name: answer\n\n",
            "session.leg(uuid).execute('answer', argument)",
        ),
        ("sendevent NOTIFY\nprofile: internal\n\nbody", "session.sendevent(name, headers, body)"),
        ("api status\n\n", "leave out the line breaks around 'api'"),
        ("\nlinger 10", "leave out the line breaks around 'linger'"),
        ("linger 10\nmyevents\n\n", "send 2 commands by as many calls"),
        ("bgapi status\nJob-UUID: 1\n\n", "session.send('bgapi' ..., headers={...})"),
        ("sendmsg", "channel.execute(application, argument)"),
        ("sendmsg 1234", "channel.execute(application, argument)"),
    ],
)
def test_a_command_in_one_text_is_refused_with_the_way(command: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as raised:
        check_command(command, None)
    assert said in str(raised.value)
    assert "x.wav" not in str(raised.value)  # it may be secret


@for_each(
    ("check", "said"),
    [
        (lambda: check_command(b"linger", None), "text, such as 'linger 10'"),
        (lambda: check_command(["api", "status"], None), "text, such as"),
        (lambda: check_command("api", "status"), "headers are a mapping"),
        (lambda: check_api(["status"]), "text, such as 'status'"),
        (lambda: check_execute("playback", ["a.wav"]), "execute('playback', 'a.wav')"),
        (lambda: check_execute(["playback"], "a.wav"), "execute('playback', 'a.wav')"),
    ],
)
def test_what_is_no_text_is_refused(check: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError) as raised:
        check()
    assert said in str(raised.value)


@for_each(
    ("check", "said"),
    [
        (lambda: check_api("status\n\n"), "leave out the line breaks"),
        (lambda: check_api("api status"), "leave out 'api'"),
        (lambda: check_api("bgapi status"), "leave out 'bgapi'"),
        (lambda: check_call_command("playback"), "channel.execute('playback', argument)"),
        (
            lambda: check_call_command("f728b4fa-4248-4e3a-8a5d-2f346baa9455"),
            "sendmsg(call_command, headers, uuid=",
        ),
        (lambda: check_execute("playback a.wav", ""), "execute('playback', ...)"),
        (lambda: check_execute("playback::a.wav", ""), "execute('playback', ...)"),
    ],
)
def test_the_shapes_of_other_libraries_are_refused(check: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as raised:
        check()
    assert said in str(raised.value)


@pytest.mark.parametrize("command", ["linger 10", "sendmsgs x", "api echo a: b", "exit"])
def test_a_command_of_one_line_is_sent(command: str) -> None:
    check_command(command, {"call-command": "nomedia"} if "sendmsg" in command else None)
    check_call_command("hangup")


def test_a_session_says_where_an_application_is() -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        loose: Any = session
        for name in ("playback", "subscribe"):
            with pytest.raises(AttributeError) as raised:
                getattr(loose, name)
            said.append(str(raised.value))
        loose.tenant = "mine"
        assert loose.tenant == "mine"
        assert not hasattr(loose, "nonsense")

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert said == [
        "a Session has no 'playback': write session.channel.playback",
        "a Session has no 'subscribe'",
    ]
