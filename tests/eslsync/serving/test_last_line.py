"""The end of a call is one line of the log: its cause, its duration, how the handler ended."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Hangup, Outbound, Session
from simulator import Call, FreeSwitch
from simulator.calling.faults import Fault


def asks(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ivr/ivr-welcome")
    session.wait("DTMF")


def hangs_up(session: Session) -> None:
    session.channel.answer()
    session.channel.sleep(2.5)
    session.channel.hangup("USER_BUSY")


def fails(session: Session) -> None:
    session.channel.answer()
    raise KeyError("pin 8769")


def loses(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("ivr/ivr-welcome")
    except Hangup:
        pass
    try:
        raise KeyError("pin 8769")
    finally:
        session.channel.playback("bye")


def gives_back(session: Session) -> None:
    session.channel.answer()
    session.exit()


def talks(session: Session) -> None:
    session.channel.set("park_after_bridge", "true")
    session.channel.bridge("user/1000")


def hang_up(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.hangup("CALL_REJECTED")


def transfer(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.transfer("2000")
    call.wait()


def wait(call: Call) -> None:
    call.wait()


def fields(record: logging.LogRecord) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in ("ended", "became", "cause"))


def last_lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [each for each in caplog.records if hasattr(each, "ended")]


@pytest.mark.parametrize(
    ("handler", "script", "told", "sentence"),
    [
        (
            asks,
            hang_up,
            ("hangup", "hung up", "CALL_REJECTED"),
            r"the call ended after 0\.\d s: CALL_REJECTED; it ended the handler",
        ),
        (
            hangs_up,
            wait,
            ("returned", "hung up", "USER_BUSY"),
            r"the call ended after 2\.\d s: USER_BUSY; the handler returned",
        ),
        (
            fails,
            wait,
            ("failed", "given back", None),
            r"the call was given back to the dialplan after 0\.0 s; the handler failed: KeyError",
        ),
        (
            loses,
            hang_up,
            ("failed", "hung up", "CALL_REJECTED"),
            r"the call ended after 0\.\d s: CALL_REJECTED; the handler failed: KeyError",
        ),
        (
            gives_back,
            wait,
            ("returned", "given back", None),
            r"the call was given back to the dialplan after 0\.0 s; the handler returned",
        ),
        (
            asks,
            transfer,
            ("transferred", "taken away", None),
            r"the call was left alone after 0\.\d s; "
            r"somebody else has transferred the channel to 2000",
        ),
    ],
    ids=["hangup", "returned", "failed", "replaced", "exit", "transferred"],
)
def test_the_end_of_a_call_is_one_line(
    handler: Callable[[Session], None],
    script: Callable[[Call], None],
    told: tuple[str, str, str | None],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with FreeSwitch(raises=False, extensions={"2000": [("playback", "hold")]}) as switch:
        call = switch.call(handler)
        script(call)
    [line] = last_lines(caplog)
    assert fields(line) == told
    assert re.fullmatch(sentence, line.getMessage())
    assert line.levelno == logging.INFO
    assert isinstance(line.duration, float)  # type: ignore[attr-defined]
    assert (line.caller, line.destination) == ("1001", "5000")  # type: ignore[attr-defined]
    after = caplog.records[caplog.records.index(line) + 1 :]
    assert not [each for each in after if getattr(each, "uuid", None)]
    assert "8769" not in line.getMessage()


def test_a_lost_connection_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with FreeSwitch(raises=False) as switch:
        call = switch.call(asks, faults=[Fault("drop", 8)])
        call.hangup_after(5.0)
        call.wait()
    [line] = last_lines(caplog)
    assert fields(line) == ("disconnected", "lost", None)
    assert line.levelno == logging.WARNING
    assert line.getMessage().startswith("the call was lost with its connection after")


def test_a_call_that_stop_cuts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with FreeSwitch(raises=False) as switch:
        app = Outbound(asks)
        call = switch.call(app, faults=[Fault("stop", 8)])
        call.wait()
    [line] = last_lines(caplog)
    assert fields(line)[:2] == ("cut", "given back")
    assert "the handler was cut by stop" in line.getMessage()


def test_every_refused_call_is_one_line_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "eslsync")

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.sleep(5)

    with FreeSwitch(raises=False) as switch:
        app = Outbound(handler, max_calls=1)
        calls = [switch.call(app, caller=f"100{n}") for n in range(3)]
        for call in calls:
            call.wait()
    refused = [each for each in caplog.records if hasattr(each, "refused")]
    assert [each.levelno for each in refused] == [logging.WARNING, logging.INFO]
    assert {each.refused for each in refused} == {"full"}
    assert [each.caller for each in refused] == ["1001", "1002"]  # type: ignore[attr-defined]
    assert all("there are max_calls=1" in each.getMessage() for each in refused)
    assert len(last_lines(caplog)) == 1
