"""Bytes to messages and back, on both sides of the event socket."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from eslsync.call.posted import Posted
from eslsync.exceptions import ProtocolError
from eslsync.protocol import (
    MAX_BODY,
    MAX_HEADERS,
    ApiResponse,
    Command,
    CommandParser,
    CommandReply,
    ConnectReply,
    DisconnectNotice,
    Event,
    Framer,
    JsonEvent,
    LogData,
    Message,
    Parser,
    RudeRejection,
    XmlEvent,
    encode_command,
    encode_message,
    quote,
)
from eslsync.wire.texts import sendable
from eslsync.wire.written_events import WrittenEvent
from tests.support.cases import for_each
from tests.support.recorded import Recording, Side, names, recording, recordings, various

SIDES: list[Side] = ["switch", "app"]
OK = b"Content-Type: command/reply\nReply-Text: +OK\n\n"

both_sides = pytest.mark.parametrize("side", SIDES)


def parser(side: Side) -> Parser | CommandParser:
    return Parser() if side == "switch" else CommandParser()


def read(pieces: Iterable[bytes], side: Side) -> list[tuple[Any, ...]]:
    """Messages in a form that can be compared."""
    reader = parser(side)
    said: list[Message | Command] = []
    for piece in pieces:
        said += reader.feed(piece)
    assert reader.failure is None
    assert not reader.rest
    return [identity(each) for each in said]


def identity(said: Message | Command) -> tuple[Any, ...]:
    if isinstance(said, Command):
        return said.line, said.headers, said.body
    return type(said), said.head, said.content


#: Bytes of a recording that are read one by one: a few messages.
SLOWLY = 4_000


def one_by_one(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in cycle(sizes):
        if at >= len(data):
            return
        yield data[at : at + size]
        at += size


def feed_all(reader: Parser, *pieces: bytes) -> list[Message]:
    return [message for piece in pieces for message in reader.feed(piece)]


# The same messages, however the bytes are split


@pytest.mark.thorough
@both_sides
@for_each("name", various())
def test_a_recording_parses_the_same_byte_by_byte_as_read_and_all_at_once(
    name: str, side: Side
) -> None:
    """Byte by byte only a few messages amid a long one, where recordings differ most."""
    data = recording(name).bytes_from(side)
    at_once = read([data], side)
    assert read(recording(name).chunks_from(side), side) == at_once
    begin = max(0, len(data) - SLOWLY) // 2
    end = begin + SLOWLY
    pieces = [data[:begin], *one_by_one(data[begin:end]), data[end:]]
    assert read(pieces, side) == at_once


#: In these the app gives lengths that are none.
WITHOUT_LENGTHS = ("40e", "40f", "40g")
WHOLE = [name for name in names() if not name.startswith(WITHOUT_LENGTHS)]


@given(
    name=st.sampled_from(WHOLE),
    side=st.sampled_from(SIDES),
    sizes=st.lists(
        st.one_of(st.integers(1, 8), st.integers(1, 300), st.integers(1, 70_000)),
        min_size=1,
        max_size=12,
    ).filter(lambda sizes: sum(sizes) > 50 * len(sizes)),
)
def test_a_recording_parses_the_same_however_its_bytes_are_split(
    name: str, side: Side, sizes: list[int]
) -> None:
    data = recording(name).bytes_from(side)
    assert read(cut(data, sizes), side) == read([data], side)


@pytest.mark.parametrize(
    ("name", "side"),
    [("13b", "switch"), ("13c", "switch"), ("08f", "app"), ("07e", "app"), ("09d", "app")],
)
def test_a_recording_parses_the_same_wherever_it_is_cut_in_two(name: str, side: Side) -> None:
    data = recording(name).bytes_from(side)
    at_once = read([data], side)
    for at in range(len(data)):
        assert read([data[:at], data[at:]], side) == at_once


@pytest.mark.thorough
def test_framing_what_a_switch_sends_loses_no_byte() -> None:
    for name in names():
        data = recording(name).switch_bytes
        pairs = Framer(lambda head, body: (head, body)).feed(data)
        assert b"".join(head + b"\n\n" + body for head, body in pairs) == data, name


@pytest.mark.thorough
def test_reading_and_writing_what_an_app_sends_loses_no_byte() -> None:
    # CRLF is read as LF (08f), and a line without a colon is passed over (08a).
    # The length of a body is written last, and in our own spelling.
    for name in WHOLE:
        lines = recording(name).app_bytes.replace(b"\r\n", b"\n").split(b"\n")
        lines = [line for line in lines if line != b"no colon here"]
        commands = [
            (c.line, [(n, v) for n, v in c.headers if n.lower() != "content-length"], c.body)
            for c in recording(name).commands()
        ]
        written = b"".join(encode_command(*command) for command in commands).split(b"\n")
        both = [sorted(line.lower() for line in each) for each in (written, lines)]
        assert both[0] == both[1], name


def test_the_recordings_hold_every_kind_of_message() -> None:
    kinds = {type(message) for each in recordings() for message in each.messages()}
    # No recorded switch has rejected us by an access list; others are made by this program.
    assert kinds == all_message_types() - {RudeRejection, WrittenEvent, Posted}


def all_message_types(kind: type[Message] = Message) -> set[type[Message]]:
    found = {kind} if kind is not Message else set()
    return found.union(*(all_message_types(each) for each in kind.__subclasses__()))


def test_blank_lines_between_messages_do_not_count() -> None:
    assert len(Parser().feed(b"\n" + OK + b"\n\n\n" + OK + b"\r\n" + OK)) == 3


# How each kind of message is read


@for_each(
    ("content_type", "kind"),
    [
        ("text/event-plain", Event),
        ("text/event-json", JsonEvent),
        ("text/event-xml", XmlEvent),
        ("command/reply", CommandReply),
        ("api/response", ApiResponse),
        ("text/disconnect-notice", DisconnectNotice),
        ("log/data", LogData),
        ("text/rude-rejection", RudeRejection),
    ],
)
def test_the_content_type_says_what_a_message_is(content_type: str, kind: type[Message]) -> None:
    [message] = Parser().feed(encode_message([("Content-Type", content_type)]))
    assert type(message) is kind


@pytest.mark.parametrize(
    "head",
    [
        b"content-type: TEXT/Event-Plain\nCONTENT-LENGTH: 20",
        b"Content-Length:20\nContent-Type:text/event-plain",
        b"Content-Length: 20 \nContent-Type: text/event-plain; charset=utf-8",
        b"Content-Length: 20\r\nContent-Type: text/event-plain\r",
    ],
)
def test_header_names_and_types_may_have_any_case_and_spacing(head: bytes) -> None:
    [event] = Parser().feed(head + b"\n\nEvent-Name: DTMF\n\n\n\n")
    assert isinstance(event, Event)
    assert event.name == "DTMF"


def test_a_connect_reply_is_recognized_by_its_event_name() -> None:
    first, second, *_ = recording("01a").messages()
    assert type(first) is ConnectReply
    assert type(second) is CommandReply


def test_a_connect_may_be_answered_twice() -> None:
    kinds = [type(message) for message in recording("12m").messages()]
    assert kinds.count(ConnectReply) > 1


# Input that is not event socket


BROKEN = [
    pytest.param(b"Reply-Text: +OK\n\n", "a message without a Content-Type", id="no type"),
    pytest.param(
        b"Content-Type: text/html\n\n", "a Content-Type of 'text/html'", id="unknown type"
    ),
    pytest.param(
        b"Content-Type: " + b"x" * 500 + b"\n\n",
        f"a Content-Type of '{'x' * 60}'",
        id="long unknown type",
    ),
    pytest.param(
        b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "a message without a Content-Type: b'GET / HTTP/1.1",
        id="a web client",
    ),
    *(
        pytest.param(
            b"Content-Length: " + length + b"\nContent-Type: api/response\n\n",
            "a Content-Length that is not a number of bytes",
            id=f"length {length.decode()!r}",
        )
        for length in [b"", b"abc", b"-1", b"+5", b"1e3", b"5 5", b"0x10", b"9" * 40]
    ),
    pytest.param(
        b"Content-Type: api/response\nContent-Length: 1001\n\n",
        "a Content-Length of 1001, over 1000",
        id="length over the limit",
    ),
    pytest.param(
        b"Content-Type: command/reply\nReply-Text: " + b"x" * 1000,
        "more than 1000 bytes of headers without a blank line",
        id="headers without an end",
    ),
    pytest.param(
        b"Content-Type: command/reply\nReply-Text: " + b"x" * 1000 + b"\n\n",
        "headers of 1040 bytes, over 1000",
        id="headers over the limit",
    ),
]


@for_each(("data", "message"), BROKEN)
def test_input_that_is_not_event_socket_is_a_protocol_error_that_says_why(
    data: bytes, message: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        Parser(max_headers=1000, max_body=1000).feed(data)
    assert str(caught.value).startswith(message)


@for_each(("data", "message"), BROKEN)
def test_a_protocol_error_shows_only_the_start_of_the_data(data: bytes, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        Parser(max_headers=1000, max_body=1000).feed(data)
    assert 0 < len(caught.value.data) <= 200
    assert caught.value.data in data
    assert len(str(caught.value)) < 1000


@for_each(("data", "message"), BROKEN)
def test_whole_messages_before_an_error_are_returned_first(data: bytes, message: str) -> None:
    reader = Parser(max_headers=1000, max_body=1000)
    assert len(reader.feed(OK + OK + data)) == 2
    assert str(reader.failure).startswith(message)
    with pytest.raises(ProtocolError) as caught:
        reader.feed(b"")
    assert caught.value is reader.failure


@for_each(("data", "message"), BROKEN)
def test_nothing_is_read_or_kept_after_an_error(data: bytes, message: str) -> None:
    reader = Parser(max_headers=1000, max_body=1000)
    for _ in range(3):
        with pytest.raises(ProtocolError):
            feed_all(reader, data, OK)
    assert not reader.rest


@for_each(("data", "message"), BROKEN)
def test_an_error_is_found_however_the_bytes_are_split(data: bytes, message: str) -> None:
    reader = Parser(max_headers=1000, max_body=1000)
    with pytest.raises(ProtocolError):
        feed_all(reader, *one_by_one(data), b"\n\n")


@for_each("separator", [b"\n\n", b"\n\r\n"])
@for_each(("size", "fits"), [(999, True), (1000, True), (1001, False)])
def test_headers_may_be_as_long_as_the_limit_however_they_are_split(
    size: int, fits: bool, separator: bytes
) -> None:
    start = b"Content-Type: command/reply\nReply-Text: "
    data = start + b"x" * (size - len(start)) + separator
    for pieces in ([data], [data[:-1], data[-1:]], list(one_by_one(data))):
        reader = Parser(max_headers=1000)
        try:
            fitted = len(feed_all(reader, *pieces)) == 1
        except ProtocolError:
            fitted = False
        assert fitted is fits


@pytest.mark.parametrize(("size", "fits"), [(0, True), (1000, True), (1001, False)])
def test_a_body_may_be_as_long_as_the_limit(size: int, fits: bool) -> None:
    data = encode_message(
        [("Content-Type", "api/response"), ("Content-Length", str(size))], b"x" * size
    )
    if fits:
        [message] = Parser(max_body=1000).feed(data)
        assert message.content == b"x" * size
    else:
        with pytest.raises(ProtocolError, match="over 1000"):
            Parser(max_body=1000).feed(data)


def test_the_limits_leave_room_for_what_a_switch_sends() -> None:
    long = quote("ü" * (MAX_HEADERS // 8))
    content = f"Event-Name: CUSTOM\nvariable_long: {long}\n\n".encode()
    head = [("Content-Length", str(len(content))), ("Content-Type", "text/event-plain")]
    [event] = Parser().feed(encode_message(head, content))
    assert event["variable_long"] == "ü" * (MAX_HEADERS // 8)
    with pytest.raises(ProtocolError, match="over 16777216"):
        Parser().feed(b"Content-Length: %d\n\n" % (MAX_BODY + 1))
    with pytest.raises(ProtocolError, match="more than 1048576 bytes of headers"):
        Parser().feed(b"x" * (MAX_HEADERS + 3))


def test_pending_counts_the_bytes_of_an_incomplete_message() -> None:
    reader = Parser()
    assert not reader.rest
    reader.feed(OK + OK[:10])
    assert len(reader.rest) == 10
    reader.feed(OK[10:])
    assert not reader.rest
    head = b"Content-Type: api/response\nContent-Length: 5"
    reader.feed(head + b"\n\n123")
    assert len(reader.rest) == len(head) + len(b"\n\n123")
    assert [message.body for message in reader.feed(b"45")] == ["12345"]


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"\n",
            b"\n\n",
            b"\r\n",
            b":",
            b"Content-Type: ",
            b"Content-Length: ",
            b"Event-Name: CHANNEL_DATA",
            b"text/event-plain",
            b"text/event-json",
            b"text/event-xml",
            b"command/reply",
            b"api/response",
            b"log/data",
            b"text/disconnect-notice",
            b"Content-Length: 7\nContent-Type: text/event-json\n\n",
            b"Content-Length: 44\nContent-Type: text/event-xml\n\n",
            b"Content-Length: 20\nContent-Type: text/event-plain\n\n",
            b"<event><headers><a>%41</a></headers></event>",
            b"<event>",
            b"<headers>",
            b"<!DOCTYPE",
            b"<a>",
            b"</a>",
            b'{"a":1}',
            b'{"a":"',
            b'"}',
            b"[",
            b"]",
            b"%",
            b"%0A",
            b"ARRAY::a|:b",
            b"\xff",
            b"5",
        ]
    ),
)


@given(st.lists(PIECES, max_size=30))
@settings(max_examples=300)
def test_any_bytes_are_messages_or_a_protocol_error_and_kept_only_within_the_limits(
    pieces: list[bytes],
) -> None:
    reader = Parser(max_headers=100, max_body=60)
    for piece in pieces:
        try:
            messages = reader.feed(piece)
        except ProtocolError:
            assert reader.failure is not None
            messages = []
        assert len(reader.rest) <= 100 + 60
        for message in messages:
            look_at_everything(message)


def look_at_everything(message: Message) -> None:
    assert len(repr(message)) < 1000
    with contextlib.suppress(ProtocolError):
        headers = dict(message)
        assert len(message) == len(headers)
        for name, value in headers.items():
            assert name in message
            assert message[name] == value
            assert message.get_all(name)
        assert isinstance(message.body, str)
        if isinstance(message, Event):
            assert isinstance(message.name, str)
            assert message.uuid is None or isinstance(message.uuid, str)
            dict(message.variables)
        if isinstance(message, (CommandReply, ApiResponse)):
            assert isinstance(message.text, str)
            assert isinstance(message.ok, bool)


@given(st.lists(PIECES, max_size=30))
def test_any_bytes_are_commands_or_a_protocol_error(pieces: list[bytes]) -> None:
    reader = CommandParser(max_headers=100, max_body=60)
    for piece in pieces:
        try:
            for command in reader.feed(piece):
                assert isinstance(command.line, str)
        except ProtocolError:
            assert reader.failure is not None
        assert len(reader.rest) <= 100 + 60


@given(st.lists(PIECES, max_size=30), st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_any_bytes_parse_the_same_however_they_are_split(
    pieces: list[bytes], sizes: list[int]
) -> None:
    data = b"".join(pieces)

    def said(parts: Iterable[bytes]) -> tuple[list[tuple[Any, ...]], bool]:
        reader = Parser(max_headers=100, max_body=60)
        messages: list[Message] = []
        try:
            for part in parts:
                messages += reader.feed(part)
        except ProtocolError:
            pass
        return [identity(message) for message in messages], reader.failure is not None

    assert said(cut(data, sizes)) == said([data])


# The app's side


def commands(data: bytes) -> list[tuple[Any, ...]]:
    return [identity(command) for command in CommandParser().feed(data)]


def test_parsing_messages_with_crlf_takes_linear_time() -> None:
    """Otherwise a peer that sends many at once would hold up all calls."""

    class Searched(bytes):
        looked_at = 0

        def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
            found = super().find(sub, start, end)
            Searched.looked_at += (len(self) if found < 0 else found) - start
            return found

    data = Searched(b"Content-Type: text/event-plain\r\n\r\n" * 1000)
    assert len(Parser().feed(data)) == 1000
    assert Searched.looked_at <= 2 * len(data)


def test_lines_of_a_command_may_end_in_crlf() -> None:
    said = recording("08f").app_bytes
    assert b"\r\n" in said
    assert commands(said) == commands(said.replace(b"\r\n", b"\n"))
    assert recording("08f").commands()[3].headers == [
        ("call-command", "execute"),
        ("execute-app-name", "answer"),
    ]


def test_a_body_is_read_by_its_length_line_breaks_included() -> None:
    [command] = [each for each in recording("07e").commands() if b"note=" in each.body]
    assert command.body.decode() == "note=body with a\nnewline, 100% & héllo"


def test_an_argument_may_be_very_long() -> None:
    arguments = [each.get("execute-app-arg") or "" for each in recording("14f").commands()]
    assert max(map(len, arguments)) > 100_000


def test_a_commands_header_is_found_in_any_letter_case() -> None:
    [command] = CommandParser().feed(b"SendMsg\nCALL-COMMAND: execute\ncall-command: unicast\n\n")
    assert command.line == "SendMsg"
    assert command.get("Call-Command") == "execute"
    assert command.get("nothing") is None
    assert command.get("nothing", "else") == "else"


@for_each(
    "data",
    [
        b"\n\nconnect\n\n",
        b"\r\n\r\n\r\nconnect\r\n\r\n",
        b"connect\n\n\n\n\n",
        b"connect\nno colon here\n\n",
        b"connect\n\r\n",
    ],
)
def test_blank_lines_and_lines_without_a_colon_do_not_count_in_a_command(data: bytes) -> None:
    assert commands(data) == [("connect", [], b"")]


def test_a_command_has_a_readable_repr() -> None:
    [command] = CommandParser().feed(b"sendmsg\ncall-command: execute\n\n")
    assert repr(command) == "<Command 'sendmsg' [('call-command', 'execute')]>"


@for_each(
    ("line", "headers", "body", "encoded"),
    [
        ("connect", [], b"", b"connect\n\n"),
        (
            "sendmsg",
            [("call-command", "execute"), ("execute-app-name", "answer")],
            b"",
            b"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n",
        ),
        (
            "sendmsg",
            [("content-type", "text/plain")],
            b"two\nlines",
            b"sendmsg\ncontent-type: text/plain\nContent-Length: 9\n\ntwo\nlines",
        ),
        ("api echo h\u00e9", [], b"", b"api echo h\xc3\xa9\n\n"),
        ("api echo \udcff", [], b"", b"api echo \xff\n\n"),
    ],
)
def test_a_command_is_written_as_a_switch_reads_it(
    line: str, headers: list[tuple[str, str]], body: bytes, encoded: bytes
) -> None:
    assert encode_command(line, headers, body) == encoded


@for_each("bad", ["\n", "\r", "\r\n", "\0"])
@for_each("place", ["line", "name", "value"])
def test_line_breaks_and_nul_in_a_command_are_refused_with_advice(place: str, bad: str) -> None:
    text = f"foo=a{bad}Event-Lock: true"
    line, name, value = (text if place == each else "x" for each in ("line", "name", "value"))
    with pytest.raises(ValueError, match=r"can't be sent: '.{1,4}' at index") as caught:
        encode_command(line, [(name, value)])
    assert f"can't be sent: {bad[0]!r} at index " in str(caught.value)
    assert "replace them" in str(caught.value)
    assert "foo" not in str(caught.value)  # it may be a secret


def test_an_error_about_a_long_argument_is_short() -> None:
    with pytest.raises(ValueError, match=r"can't be sent: '.{1,4}' at index") as caught:
        encode_command("sendmsg", [("execute-app-arg", "x" * 100_000 + "\n")])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("line", ["", " ", "\t"])
def test_a_command_without_a_word_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        encode_command(line)


@pytest.mark.parametrize("name", ["Content-Length", "content-LENGTH", " Content-Length "])
def test_a_content_length_of_the_users_own_is_refused(name: str) -> None:
    """The switch would take the next command for the rest of the body."""
    with pytest.raises(ValueError, match="Content-Length is computed"):
        encode_command("sendmsg", [(name, "100")])
    with pytest.raises(ValueError, match="Content-Length is computed"):
        encode_command(f"{name}: 100")


# Text with whatever bytes: UTF-8, and surrogates for the rest.
ANY_TEXT = st.one_of(
    st.text(st.characters()),
    st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.text(alphabet="%25AFaf0+ ,/'\"()[]:|\n\r\t\0é"),
)
ONE_LINE = ANY_TEXT.map(lambda text: "".join(c for c in text if c not in "\r\n\0"))
# A switch skips blanks before a value.
VALUE = ONE_LINE.map(lambda text: text.lstrip(" "))
NAME = st.text(alphabet="abcXYZ019-_", min_size=1, max_size=12)


@given(
    line=ONE_LINE.filter(
        lambda line: line.strip() != "" and not line.lstrip().lower().startswith("content-length")
    ),
    headers=st.lists(st.tuples(NAME, VALUE), max_size=5),
    body=st.binary(max_size=50),
)
@example(line="sendmsg", headers=[("a", ""), ("A", "1")], body=b"\n\nconnect\n\n")
def test_a_command_is_read_as_it_was_written(
    line: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    length = [("Content-Length", str(len(body)))] if body else []
    data = encode_command(line, headers, body)
    assert commands(data + data) == [(line, headers + length, body)] * 2


# The switch's side, written and read


def test_values_are_quoted_as_the_recorded_switch_quotes_them() -> None:
    lines = {line for each in recordings() for line in event_lines(each)}
    assert len(lines) > 5_000
    for line in lines:
        _, _, value = line.partition(b": ")
        # The value as an event gives it, encoded again. What a variable holds encoded, the switch
        # leaves so (switch_url_encode_opt; 34j): a letter in %41 is read as that letter.
        [event] = Parser().feed(plain_event(b"X: " + value + b"\n"))
        letters = re.sub(
            rb"%([46][1-9A-F]|[57][0-9A])", lambda c: bytes.fromhex(c[1].decode()), value
        )
        if "\N{REPLACEMENT CHARACTER}" not in event["X"]:  # bytes that are no text (40a)
            assert quote(event["X"]).encode("ascii") == letters


def event_lines(each: Recording) -> Iterator[bytes]:
    for message in each.messages():
        if isinstance(message, Event):
            yield from filter(None, message.head.split(b"\n"))


def plain_event(lines: bytes, body: bytes = b"") -> bytes:
    content = lines + b"\n" + body
    head = [("Content-Length", str(len(content))), ("Content-Type", "text/event-plain")]
    return encode_message(head, content)


@given(ANY_TEXT)
@example("%")
@example("%25")
@example("%0AContent-Length: 3\n\n")
@example("\udc80\udcff")
def test_quoted_text_is_one_line_and_is_read_as_it_was(text: str) -> None:
    quoted = quote(text)
    assert all(" " < c <= "~" for c in quoted)
    [event] = Parser().feed(plain_event(f"X: {quoted}\n".encode("ascii")))
    assert sendable(event["X"]) == text
    assert list(event) == ["X"]


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(
                "command/reply api/response log/data text/event-json text/disconnect-notice".split()
            ),
            st.lists(st.tuples(NAME.map(lambda name: "X-" + name), VALUE), max_size=4),
            st.binary(max_size=60),
        ),
        max_size=6,
    ),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=9),
)
@example(said=[("log/data", [], b"\n\nContent-Type: api/response\n\n")] * 2, sizes=[1])
def test_a_switchs_messages_are_read_as_written_however_they_are_split(
    said: list[tuple[str, list[tuple[str, str]], bytes]], sizes: list[int]
) -> None:
    data = b"".join(
        encode_message([("Content-Type", kind), *headers, ("Content-Length", str(len(body)))], body)
        for kind, headers, body in said
    )
    messages = feed_all(Parser(), *cut(data, sizes))
    assert len(messages) == len(said)
    for message, (kind, headers, body) in zip(messages, said, strict=True):
        assert message.content == body
        if kind != "text/event-json":  # which has no headers of its own
            assert message["Content-Type"] == kind
            for name, value in reversed(dict(reversed(headers)).items()):
                assert sendable(message[name]) == value


@given(st.dictionaries(NAME, ANY_TEXT, max_size=8))
def test_an_event_is_the_same_in_plain_json_and_xml(headers: dict[str, str]) -> None:
    spellings = [name.lower() for name in headers]
    assume(len(set(spellings)) == len(spellings))
    # An element's name begins with a letter.
    headers = {"variable_" + name: value for name, value in headers.items()}
    assume(not any(value.startswith("ARRAY::") for value in headers.values()))
    plain = "".join(f"{name}: {quote(value)}\n" for name, value in headers.items()) + "\n"
    as_json = json.dumps(headers, ensure_ascii=False)
    elements = "".join(f"<{name}>{xml_text(value)}</{name}>" for name, value in headers.items())
    as_xml = f"<event><headers>{elements}</headers></event>"
    for kind, content in [("plain", plain), ("json", as_json), ("xml", as_xml)]:
        data = content.encode("utf-8", "surrogateescape")
        head = [("Content-Length", str(len(data))), ("Content-Type", f"text/event-{kind}")]
        [event] = Parser().feed(encode_message(head, data))
        assert {name: sendable(event[name]) for name in headers} == headers
        assert list(event) == list(headers)
        assert {name: sendable(value) for name, value in event.items()} == headers


def xml_text(value: str) -> str:
    return quote(value).replace("&", "&amp;").replace("<", "&lt;")
