"""The exceptions: their texts, their family, and what they carry."""

from __future__ import annotations

import builtins
import pickle

import pytest

import eslsync.exceptions
from eslsync import HangupCause
from eslsync.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)
from eslsync.protocol import CommandReply, Event
from tests.support.cases import for_each

REFUSED = CommandReply(b"Content-Type: command/reply\nReply-Text: -ERR invalid command")


@for_each(
    ("error", "text"),
    [
        (Hangup(HangupCause.NORMAL_CLEARING), "the call ended: NORMAL_CLEARING"),
        (Hangup("SOME_NEW_CAUSE"), "the call ended: SOME_NEW_CAUSE"),
        (Hangup(), "the call ended: no cause given"),
        (Disconnected("the switch closed the connection"), "the switch closed the connection"),
        (TimeoutError("no DTMF within 10 s"), "no DTMF within 10 s"),
        (
            CommandError("bgapi", REFUSED, REFUSED.text),
            "'bgapi' was refused: -ERR invalid command",
        ),
        (
            CommandError("sendmsg\ncall-command: x", REFUSED, REFUSED.text),
            "'sendmsg x' was refused: -ERR invalid command",
        ),
        (CommandError("", REFUSED, "-ERR"), "'' was refused: -ERR"),
        (ProtocolError("a message without a Content-Type"), "a message without a Content-Type"),
        (
            ProtocolError("a message without a Content-Type", b"GET / HTTP/1.1"),
            "a message without a Content-Type: b'GET / HTTP/1.1'",
        ),
    ],
)
def test_an_error_says_what_happened(error: ESLError, text: str) -> None:
    assert str(error) == text


@for_each("name", sorted(eslsync.exceptions.__all__))
def test_every_error_is_one_of_the_family(name: str) -> None:
    assert issubclass(getattr(eslsync.exceptions, name), ESLError)


def test_a_timeout_is_caught_by_the_builtin_name() -> None:
    assert issubclass(TimeoutError, builtins.TimeoutError)
    with pytest.raises(builtins.TimeoutError):
        raise TimeoutError("no DTMF within 10 s")


def test_no_other_error_is_a_timeout() -> None:
    for error in (Hangup, Disconnected, CommandError, ProtocolError):
        assert not issubclass(error, OSError)


def test_a_hangup_tells_the_cause_and_the_event() -> None:
    event = Event(b"Event-Name: CHANNEL_HANGUP_COMPLETE\nHangup-Cause: USER_BUSY\n\n")
    hangup = Hangup(HangupCause.USER_BUSY, event)
    assert hangup.cause is HangupCause.USER_BUSY
    assert hangup.event is event


def test_a_command_error_tells_the_command_and_the_reply() -> None:
    error = CommandError("event plain NO_SUCH", REFUSED, REFUSED.text)
    assert error.command == "event plain NO_SUCH"
    assert error.reply is REFUSED


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_protocol_error_keeps_no_more_than_the_start(kind: type[bytes] | type[bytearray]) -> None:
    error = ProtocolError("too much", kind(b"\xff" * 10_000_000))
    assert error.data == b"\xff" * 200
    assert isinstance(error.data, bytes)
    assert len(str(error)) < 1000


def test_an_error_about_a_long_command_is_short() -> None:
    assert len(str(CommandError("api " + "x" * 100_000, REFUSED, REFUSED.text))) < 500


@pytest.mark.parametrize(
    "error",
    [
        Hangup(HangupCause.USER_BUSY),
        Disconnected("the switch closed the connection"),
        TimeoutError("no DTMF within 10 s"),
        ProtocolError("too much", b"data"),
    ],
)
def test_errors_can_be_pickled(error: ESLError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
