"""Redacted conversations of a real switch are still conversations."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Literal

import pytest

from eslsync import ProtocolError
from eslsync.protocol import CommandParser, Parser
from eslsync.serving.redacted import Redacted
from eslsync.wire.redaction import Redactor
from tests.support.recorded import Recording, names, recording

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


@pytest.mark.parametrize("name", names())
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


@pytest.mark.parametrize("name", names())
def test_digits_are_hidden_and_everything_else_is_left(name: str) -> None:
    recorded = recording(name)
    app, switch = redacted(recorded, ["DTMF"])
    assert redacted(recorded, ["DTMF"], seed=1) == (app, switch), "however the bytes are split"
    messages, theirs = Parser().feed(switch), recorded.messages()
    assert [type(each) for each in messages] == [type(each) for each in theirs]
    for one, other in zip(messages, theirs, strict=True):
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
