"""Redacted conversations of a real switch are still conversations."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

import pytest

from eslsync import ProtocolError
from eslsync.protocol import CommandParser, Parser
from eslsync.serving.redacted import Redacted
from eslsync.wire.message import unquote
from eslsync.wire.protocol import encode_message, quote
from eslsync.wire.redaction import Redactor
from tests.support.cases import for_each
from tests.support.recorded import Recording, recording, various

Side = Literal["app", "switch"]


def pieces(recorded: Recording, seed: int | None) -> Iterator[tuple[Side, bytes]]:
    """The recorded bytes of both sides, as recorded or in pieces of that size."""
    seeded = random.Random(seed)
    for _, side, data in recorded.chunks:
        while data:
            size = len(data) if seed is None else seeded.randint(1, 2000)
            yield side, data[:size]
            data = data[size:]


def redacted(
    recorded: Recording, hidden: list[str], seed: int | None = None
) -> tuple[bytes, bytes]:
    """The redacted bytes of the app, and of the switch."""
    less = Redacted(Redactor(hidden))
    said: dict[Side, list[bytes]] = {"app": [], "switch": []}
    for side, data in pieces(recorded, seed):
        said[side].append(less.app(data) if side == "app" else less.switch(data))
    return b"".join(said["app"]), b"".join(said["switch"])


@pytest.mark.thorough
@for_each("name", various())
def test_without_anything_to_hide_nothing_is_changed(name: str) -> None:
    recorded = recording(name)
    app, switch = redacted(recorded, ["nothing_of_that_name"])
    theirs = Parser().feed(recorded.switch_bytes)
    assert [(each.head, each.content) for each in Parser().feed(switch)] == [
        (each.head, each.content) for each in theirs
    ]
    assert [(each.line, each.headers, each.body) for each in CommandParser().feed(app)] == [
        (each.line, each.headers, each.body) for each in recorded.commands()
    ]


@pytest.mark.thorough
@for_each("name", various())
def test_digits_are_hidden_and_everything_else_is_left(name: str) -> None:
    recorded = recording(name)
    app, switch = redacted(recorded, ["DTMF"])
    assert redacted(recorded, ["DTMF"], seed=1) == (app, switch), "however the bytes are split"
    messages, theirs = Parser().feed(switch), recorded.messages()
    assert [type(each) for each in messages] == [type(each) for each in theirs]
    for one, other in zip(messages, theirs, strict=True):
        if (one.head, one.content) == (other.head, other.content):
            assert b"DTMF-Digit" not in one.head + one.content
            continue
        assert list(one) == list(other)
        assert one.get("DTMF-Digit", "***") == "***"
        assert one.get("Event-Name") == other.get("Event-Name")
    assert [each.line.split()[:1] for each in CommandParser().feed(app)] == [
        each.line.split()[:1] for each in recorded.commands()
    ]
    for digits in re.findall(rb"uuid_(?:send|recv)_dtmf \S+ (\S+)", app):
        raise AssertionError(digits)


def test_bytes_that_no_switch_sends_are_not_passed_on() -> None:
    less = Redacted(Redactor(["pin"]))
    assert less.switch(b"Content-Type: ") == b""
    with pytest.raises(ProtocolError):
        less.switch(b"x\nsecret: 1234\nContent-Length: many\n\n1234")


# What a conversation has told is hidden in the rest of it

CODE = "73519"


def spoken(format: str, name: str, *headers: tuple[str, str], body: str = "") -> bytes:
    """An event as a switch writes it."""
    fields = [("Event-Name", name), ("Unique-ID", "0-1-2"), *headers]
    if format == "json":
        more = {"_body": body, "Content-Length": str(len(body))} if body else {}
        content = json.dumps({**dict(fields), **more})
    elif format == "xml":
        told = "".join(f"<{each}>{escape(quote(value))}</{each}>" for each, value in fields)
        if body:
            body = f"<Content-Length>{len(body)}</Content-Length><body>{escape(body)}</body>"
        content = f"<event><headers>{told}</headers>{body}</event>"
    else:
        head = "".join(f"{each}: {quote(value)}\n" for each, value in fields)
        content = f"{head}Content-Length: {len(body)}\n\n{body}" if body else f"{head}\n"
    return encode_message(
        [("Content-Length", str(len(content.encode()))), ("Content-Type", f"text/event-{format}")],
        content.encode(),
    )


def answer(text: str) -> bytes:
    head = [("Content-Type", "api/response"), ("Content-Length", str(len(text.encode())))]
    return encode_message(head, text.encode())


@for_each("format", ["plain", "json", "xml"])
@for_each("told", ["collected", "keys", "sent", "answered"])
def test_a_value_once_told_is_hidden_in_the_rest(format: str, told: str) -> None:
    less = Redacted(Redactor(["DTMF", "pin"]))
    said = []
    if told == "collected":
        said += [
            spoken(
                format,
                "CHANNEL_EXECUTE_COMPLETE",
                ("variable_Code", CODE),
                ("Application", "READ"),
                ("Application-Data", "4 4 'please enter.wav' Code 5000 #"),
            )
        ]
    elif told == "keys":
        said += [spoken(format, "DTMF", ("DTMF-Digit", digit)) for digit in CODE]
    elif told == "sent":
        assert CODE.encode() not in less.app(f"api uuid_setvar 0-1-2 pin {CODE}\n\n".encode())
        said.append(answer("+OK\n"))
    else:
        less.app(b"api uuid_getvar 0-1-2 pin\n\n")
        said.append(answer(CODE))
    shown = b"".join(less.switch(each) for each in said)
    asked = less.app(f"api db select/account/{CODE}\n\n".encode())
    said = [
        answer(f"-ERR nobody has {CODE}\n"),
        spoken(format, "CHANNEL_ANSWER", ("variable_copy", CODE), ("Caller-Callee-ID-Name", CODE)),
        spoken(format, "MESSAGE", ("type", "text/plain"), body=f"the answer is {CODE}, he says"),
        spoken(format, "CUSTOM", ("Event-Subclass", "x::y"), ("Data", f"<a b={CODE}&c>")),
    ]
    shown += b"".join(less.switch(each) for each in said)
    assert CODE.encode() not in asked + shown
    assert CODE not in unquote(shown)
    # which is still a conversation
    [*_, refusal, variables, text, custom] = Parser().feed(shown)
    assert refusal.body == "-ERR nobody has ***\n"
    assert (variables["variable_copy"], variables["Caller-Callee-ID-Name"]) == ("***", "***")
    assert text.body == "the answer is ***, he says"
    assert custom["Data"] == "<a b=***&c>"


@for_each("format", ["plain", "json", "xml"])
@for_each("names", [["DTMF"], ["DTMF", "detect_speech_result"]])
def test_what_a_recognizer_has_understood_is_hidden_by_the_variables_name(
    format: str, names: list[str]
) -> None:
    result = '{"grammar": "pins", "text": "one two three four"}'
    less = Redacted(Redactor(names))
    kind = ("Speech-Type", "detected-speech")
    shown = less.switch(spoken(format, "DETECTED_SPEECH", kind, body=result))
    [event] = Parser().feed(shown)
    assert event["Speech-Type"] == "detected-speech"
    assert event.body == (result if names == ["DTMF"] else "***")
