"""Text from outside is shown in one line, cut, and without anything that a terminal obeys."""

from __future__ import annotations

import pickle

import pytest

from eslsync import CommandError, ESLError, Event, Hangup, HangupCause, ProtocolError
from eslsync.protocol import Command, CommandReply
from eslsync.wire.arguments import check_name, check_uuid, variable_name, with_variables
from eslsync.wire.commands import check_execute
from eslsync.wire.event_names import parse_event
from eslsync.wire.protocol import quote
from eslsync.wire.shown import in_a_log, in_quotes, printable

#: An escape that clears a screen, a forged line, a reversed order, half of a surrogate pair, a BOM.
HOSTILE = "a\x1b[2J\r\n2026 INFO \u202e b\ud800\ufeff\x00\x9b\u2028c"


def is_tame(text: str) -> bool:
    return text.isprintable() and len(text) < 1000


def event() -> Event:
    names = ("Event-Name", "Application", "Hangup-Cause", "Unique-ID", "DTMF-Digit")
    value = quote(HOSTILE.replace("\ud800", "") + "x" * 5000)
    return Event("".join(f"{name}: {value}\n" for name in names).encode())


def reply(text: str) -> CommandReply:
    return CommandReply(f"Reply-Text: {text}".encode("utf-8", "replace"))


def test_hostile_text_is_tame_when_shown() -> None:
    for text in (HOSTILE, HOSTILE * 1_000, "x" * 10_000_000):
        assert is_tame(in_a_log(text))
        assert is_tame(in_quotes(text))
        assert is_tame(in_quotes([text]))
    assert in_a_log("Jürgen 東京 🙂") == "Jürgen 東京 🙂"
    assert in_quotes("it's") == repr("it's")
    assert printable("a\nb\x1b", also="\n") == "a\nb\\x1b"


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 1_000])
def test_exceptions_and_messages_are_tame(text: str) -> None:
    shown = [
        Hangup(text, event()),
        CommandError(text, reply(text), f"-ERR {text}"),
        CommandError(text, reply(text), f"-ERR {text}", "write it otherwise"),
        ProtocolError("a message without a Content-Type", text.encode("utf-8", "replace")),
        event(),
        reply(text),
        Command(text, [(text, text)], b""),
    ]
    for each in shown:
        assert is_tame(repr(each)), repr(each)
        if isinstance(each, ESLError):
            assert is_tame(str(each)), str(each)


@pytest.mark.parametrize("text", [HOSTILE, "x{" * 1_000_000 + " "])
def test_refused_arguments_are_quoted_tamely(text: str) -> None:
    refusals = (
        lambda: variable_name(f"{text}="),
        lambda: check_name("lot", text, "{"),
        lambda: check_uuid(f"+{text}"),
        lambda: with_variables({}, f"{{{text}"),
        lambda: check_execute(f"{text} x", "y"),
        lambda: parse_event(text),
    )
    for each in refusals:
        with pytest.raises((ValueError, TypeError)) as raised:
            each()
        assert not isinstance(raised.value, UnicodeError)
        assert is_tame(str(raised.value)), str(raised.value)


def test_a_hangup_shows_its_cause() -> None:
    assert repr(Hangup(HangupCause.USER_BUSY)) == f"Hangup({HangupCause.USER_BUSY!r}, None)"
    assert repr(Hangup()) == "Hangup(None, None)"


def test_a_refusal_can_be_sent_to_another_process() -> None:
    error = CommandError("api x", reply("-ERR no"), "-ERR no", "try y")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.command, again.text, again.hint) == (
        str(error),
        "api x",
        "-ERR no",
        "try y",
    )
