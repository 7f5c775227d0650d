"""The recorded switch, played to a handler that issues the recorded commands.

What the handler is given is compared with another reading of the recorded bytes, which shares no
code with the library: `said` below.
"""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from eslsync import CommandError, ESLError, Event, Outbound, Session, Transferred
from eslsync.call import connection
from eslsync.protocol import ApiResponse, Command, CommandParser, CommandReply
from tests.support.cases import for_each
from tests.support.recorded import names, recording, various

#: Conversations that no handler can have, because they don't begin with `connect`, or send a
#: command with a length below 0 (40f).
NOT_TO_BE_HAD = ["08d", "13a", "13b", "13c", "13d", "14a", "14b_", "40f"]

HELD = [name for name in names() if not name.startswith(tuple(NOT_TO_BE_HAD))]
#: Those that are read in pieces.
VARIOUS = [name for name in various() if name in HELD]
#: Those that are read byte by byte: one at a time costs as much as a message does.
SHORT = [
    name for name in HELD if name[:2] in ("01", "03") and len(recording(name).switch_bytes) < 65_000
]

#: Seconds after which a conversation counts as stuck, however slow the machine.
PATIENCE = 30.0


class Said(NamedTuple):
    """A message in its plainest form."""

    kind: str
    headers: list[tuple[str, str]]
    body: str
    start: int

    @property
    def is_reply(self) -> bool:
        return self.kind in ("command/reply", "api/response")


def lines(block: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in block.strip("\n").split("\n"):
        name, colon, value = line.partition(": ")
        if colon:
            found.append((name, value))
        else:  # a variable with a line break in it
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found


def decoded(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, unquoted(value)) for name, value in pairs]


@lru_cache(maxsize=10_000)  # events repeat most of their values
def unquoted(value: str) -> str:
    return unquote(value, errors="replace")


def said(data: bytes) -> Iterator[Said]:
    """The messages in the bytes, read independently of the library."""
    at, end = 0, len(data.rstrip(b"\n"))
    while at < end:
        while data[at] == 10:
            at += 1
        start, blank = at, data.index(b"\n\n", at)
        headers = lines(data[start:blank].decode(errors="replace"))
        at = blank + 2 + int(dict(headers).get("Content-Length", 0))
        kind = dict(headers)["Content-Type"]
        content = data[blank + 2 : at].decode(errors="replace")
        if "Event-Name" in dict(headers):
            yield Said(kind, decoded(headers), content, start)
        elif kind == "text/event-plain":
            head, _, body = content.partition("\n\n")
            yield Said(kind, decoded(lines(head)), body, start)
        elif kind == "text/event-json":
            yield Said(kind, *json_event(content), start)
        elif kind == "text/event-xml":
            yield Said(kind, *xml_event(content), start)
        else:
            yield Said(kind, headers, content, start)


def json_event(content: str) -> tuple[list[tuple[str, str]], str]:
    headers = [
        (name, value if isinstance(value, str) else "ARRAY::" + "|:".join(value))
        for name, value in json.loads(content, object_pairs_hook=list)
    ]
    body = dict(headers).get("_body", "")
    return [header for header in headers if header[0] != "_body"], body


def xml_event(content: str) -> tuple[list[tuple[str, str]], str]:
    root = ElementTree.fromstring(content)
    headers: list[tuple[str, str]] = []
    for element in root.iterfind("headers/*"):
        value = unquote(element.text or "")
        if headers and headers[-1][0] == element.tag:  # an array's next value
            before = headers[-1][1].removeprefix("ARRAY::")
            headers[-1] = element.tag, f"ARRAY::{before}|:{value}"
        else:
            headers.append((element.tag, value))
    length = root.findtext("Content-Length")
    if length is None:
        return headers, ""
    return [*headers, ("Content-Length", length)], (root.findtext("body") or "")[: int(length)]


def issue(session: Session, command: Command) -> CommandReply | ApiResponse:
    """Send a command that the recorded app sent; return the switch's answer."""
    verb, _, uuid = command.line.partition(" ")
    names = [name.lower() for name, _ in command.headers]
    once = len(set(names)) == len(names)
    try:
        # A session sends nothing to a channel that others have taken away; recorded apps did.
        with suppress(Transferred):
            if verb == "sendmsg" and names[:1] == ["call-command"] and not command.body and once:
                (_, call_command), *rest = command.headers
                return session.sendmsg(call_command, dict(rest), uuid=uuid or None)
            # `Session.send` refuses a bare sendmsg, and subscribes to the result of a bgapi.
            if not command.headers and not verb.lower().startswith(("sendmsg", "bgapi")):
                return session.send(command.line)
        # Sessions have no method for bodies, for headers of other commands, or for repeated ones.
        headers = [each for each in command.headers if each[0].lower() != "content-length"]
        body = command.body.decode("utf-8", "surrogateescape")
        return session.channel.leg.conversation.commands.exchange(command.line, headers, body=body)
    except CommandError as error:
        return cast("CommandReply | ApiResponse", error.reply)


class Heard:
    """What a handler that sent the recorded commands was given."""

    def __init__(self, answered: list[Command], unanswered: list[Command]) -> None:
        self.replies: list[CommandReply | ApiResponse] = []
        self.events: list[Event] = []
        self.failure: BaseException | None = None
        self._answered = answered
        self._unanswered = unanswered

    def handler(self, session: Session) -> None:
        try:
            self._handle(session)
        except BaseException as error:  # noqa: BLE001 - the test raises it again
            self.failure = error

    def _handle(self, session: Session) -> None:
        # Session.on refuses what has not been subscribed to; the recording does that later.
        session.channel.leg.conversation.callbacks.append(("ALL", self.events.append))
        self.replies.append(session.context)
        for command in self._answered:
            self.replies.append(issue(session, command))
        if session.channel.leg.conversation.subscription.on:
            for _ in session.events():
                pass
        # The call is over; these read what the switch still said, up to its end.
        for command in self._unanswered:
            with pytest.raises(ESLError):
                issue(session, command)


def play(
    switch: socket.socket,
    data: bytes,
    starts: list[int],
    pieces: Callable[[bytes], Iterator[bytes]],
) -> list[Command]:
    """Say what the recorded switch said, but no reply before its command has come.

    ``starts`` are where replies begin.
    """
    parser = CommandParser()
    heard: list[Command] = []
    for number, start in enumerate(starts):
        while len(heard) <= number:
            data_in = switch.recv(65536)
            assert data_in, f"the app ended after {len(heard)} commands"
            heard += parser.feed(data_in)
        end = starts[number + 1] if number + 1 < len(starts) else len(data)
        for piece in pieces(data[start:end]):
            switch.sendall(piece)
    switch.shutdown(socket.SHUT_WR)
    while more := switch.recv(65536):
        parser.feed(more)
    return heard


def converse(name: str, pieces: Callable[[bytes], Iterator[bytes]]) -> None:
    recorded = recording(name)
    messages = list(said(recorded.switch_bytes))
    replies = [message for message in messages if message.is_reply]
    commands = recorded.commands()
    nothing_more = Command("getvar nothing_more", [], b"")
    heard = Heard(commands[1 : len(replies)], [*commands[len(replies) :], nothing_more])
    # Nothing but `connect` is automatic, and everything else is in the recording.
    with Outbound(heard.handler, port=0, events=False, linger=False) as app:
        address = ("127.0.0.1", app.port)
        with socket.create_connection(address, timeout=PATIENCE) as switch:
            switch.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            starts = [reply.start for reply in replies]
            answered = play(switch, recorded.switch_bytes, starts, pieces)
    if heard.failure is not None:
        raise heard.failure
    assert [identity(each) for each in answered] == [
        identity(each) for each in commands[: len(replies)]
    ]
    events = [message for message in messages if "event" in message.kind]
    assert_same(heard.replies, replies, look_up=name in VARIOUS)
    assert_same(heard.events, events, look_up=name in VARIOUS)


def identity(command: Command) -> tuple[str, list[tuple[str, str]], bytes]:
    headers = [each for each in command.headers if each[0].lower() != "content-length"]
    return command.line, headers, command.body


def assert_same(
    given: list[Event] | list[CommandReply | ApiResponse], told: list[Said], *, look_up: bool
) -> None:
    """Compare headers and bodies; ``look_up`` each header by its name, or take them all at once."""
    for message, plain in zip(given, told, strict=True):
        first: dict[str, str] = {}
        for name, value in plain.headers:
            first.setdefault(name, value.rstrip("\n"))
        if look_up or any(":" in name for name in first):  # which only a look-up can tell
            assert {name: message[name].rstrip("\n") for name in first} == first
            assert len(message) == len({name.lower() for name in first})
        else:
            headers = message.among(lambda name: True)
            assert {name: value.rstrip("\n") for name, value in headers.items()} == first
        assert message.body == plain.body


def whole(data: bytes) -> Iterator[bytes]:
    yield data


@pytest.mark.thorough
@for_each("name", [name for name in HELD if name not in VARIOUS])
def test_a_handler_is_given_what_the_recorded_switch_said(name: str) -> None:
    converse(name, whole)


@pytest.mark.parametrize("name", SHORT)
def test_it_is_given_the_same_byte_by_byte(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READ_SIZE", 1)
    monkeypatch.setattr(connection, "LARGE_READ_SIZE", 1)
    converse(name, whole)


@for_each("name", VARIOUS)
def test_it_is_given_the_same_in_random_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded = random.Random(name)
    monkeypatch.setattr(connection, "READ_SIZE", seeded.randint(50, 5000))
    monkeypatch.setattr(connection, "LARGE_READ_SIZE", seeded.randint(50, 5000))

    def pieces(data: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(data):
            size = round(seeded.paretovariate(0.6) * 30)
            yield data[at : at + size]
            at += size

    converse(name, pieces)
