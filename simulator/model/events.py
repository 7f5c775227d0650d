"""Events as the switch builds and serialises them: the headers, their order and encoding.

An event is about 5 KB in a hundred headers, nearly all of them the same as in the event before.
It is therefore composed of blocks (the caller's profile, the channel's variables ...) that belong
to the objects they describe, and are encoded once for as long as they don't change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import starmap
from operator import attrgetter

from eslsync.protocol import ARRAY, ARRAY_SEPARATOR, Command, Format, quote

__all__ = [
    "Block",
    "Headers",
    "Identity",
    "PrivateCommand",
    "QueuedEvent",
    "SwitchEvent",
    "encoded",
    "local_time",
]

Headers = Sequence[tuple[str, str]]

#: Dates are computed from here: freezegun's own datetime is slow.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

#: Event-Calling-File, -Function and -Line-Number of FreeSWITCH 1.10.12, as recorded.
CALLED_FROM: Mapping[str, tuple[str, str, int]] = {
    "API": ("switch_loadable_module.c", "switch_api_execute", 2954),
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", 1572),
    "CALL_UPDATE": ("switch_channel.c", "switch_channel_flip_cid", 3277),
    "CHANNEL_ANSWER": ("switch_channel.c", "switch_channel_perform_mark_answered", 3846),
    "CHANNEL_BRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1689),
    "CHANNEL_CALLSTATE": ("switch_channel.c", "switch_channel_perform_set_callstate", 301),
    "CHANNEL_CREATE": ("switch_core_state_machine.c", "switch_core_session_run", 626),
    "CHANNEL_DATA": ("mod_event_socket.c", "parse_command", 2021),
    "CHANNEL_DESTROY": ("switch_core_session.c", "switch_core_session_perform_destroy", 1584),
    "CHANNEL_EXECUTE": ("switch_core_session.c", "switch_core_session_exec", 2944),
    "CHANNEL_EXECUTE_COMPLETE": ("switch_core_session.c", "switch_core_session_exec", 2967),
    "CHANNEL_HANGUP": ("switch_channel.c", "switch_channel_perform_hangup", 3445),
    "CHANNEL_HANGUP_COMPLETE": (
        "switch_core_state_machine.c",
        "switch_core_session_reporting_state",
        943,
    ),
    "CHANNEL_HOLD": ("switch_ivr.c", "switch_ivr_hold", 1558),
    "CHANNEL_ORIGINATE": ("switch_core_state_machine.c", "switch_core_session_run", 632),
    "CHANNEL_OUTGOING": ("switch_core_session.c", "switch_core_session_outgoing_channel", 768),
    "CHANNEL_PARK": ("switch_ivr.c", "switch_ivr_park", 1002),
    "CHANNEL_PROGRESS": ("switch_channel.c", "switch_channel_perform_mark_ring_ready_value", 3505),
    "CHANNEL_PROGRESS_MEDIA": (
        "switch_channel.c",
        "switch_channel_perform_mark_pre_answered",
        3560,
    ),
    "CHANNEL_STATE": ("switch_channel.c", "switch_channel_perform_set_running_state", 2408),
    "CHANNEL_UNBRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1879),
    "CHANNEL_UNPARK": ("switch_ivr.c", "switch_ivr_park", 1213),
    "CHANNEL_UUID": ("switch_core_session.c", "switch_core_session_set_uuid", 2051),
    "CODEC": ("switch_core_codec.c", "switch_core_session_set_read_codec", 279),
    "COMMAND": ("switch_ivr_async.c", "switch_ivr_broadcast", 5731),
    "CUSTOM": ("mod_event_socket.c", "parse_command", 2275),
    "DTMF": ("switch_channel.c", "switch_channel_dequeue_dtmf", 677),
    "HEARTBEAT": ("switch_core.c", "send_heartbeat", 95),
    "MEDIA_BUG_START": ("switch_core_media_bug.c", "switch_core_media_bug_add", 1014),
    "MEDIA_BUG_STOP": ("switch_core_media_bug.c", "switch_core_media_bug_destroy", 84),
    "PLAYBACK_START": ("switch_ivr_play_say.c", "switch_ivr_play_file", 1646),
    "PLAYBACK_STOP": ("switch_ivr_play_say.c", "switch_ivr_play_file", 2020),
    "PRIVATE_COMMAND": ("switch_ivr.c", "switch_ivr_parse_next_event", 804),
    "RECORD_START": ("switch_ivr_async.c", "record_callback", 1481),
    "RECORD_STOP": ("switch_ivr_async.c", "send_record_stop_event", 1240),
    "SESSION_HEARTBEAT": ("switch_core_io.c", "switch_core_session_read_frame", 157),
}
UNKNOWN_CALLER = ("switch_event.c", "switch_event_fire_detailed", 0)


#: Values that need no encoding: numbers, uuids, names.
_SAFE = re.compile(r"[\w.,/()*!$'~-]+", re.ASCII)

#: A character that is percent-encoded already.
_ENCODED = re.compile(r"(%[0-9A-F]{2})")


def encoded(value: str) -> str:
    """A value as plain and XML events send it (switch_url_encode_opt without double_encode).

    Nothing is encoded twice: a value with ``%41`` in it arrives with an ``A``.
    """
    if "%" not in value:
        return quote(value)
    pieces = _ENCODED.split(value)
    pieces[::2] = map(quote, pieces[::2])
    return "".join(pieces)


@lru_cache(maxsize=4096)
def plain_line(name: str, value: str) -> bytes:
    """One header line. An empty value is sent as ``_undef_``."""
    if not _SAFE.fullmatch(value):
        value = encoded(value) or "_undef_"
    return f"{name}: {value}\n".encode("utf-8", "surrogateescape")


def elements(value: str) -> list[str]:
    """The elements of an array, ``ARRAY::one|:two``; any other value is its only element."""
    return value[len(ARRAY) :].split(ARRAY_SEPARATOR) if value.startswith(ARRAY) else [value]


def plain_lines(headers: Headers) -> bytes:
    return b"".join(starmap(plain_line, headers))


def line_each(headers: Headers) -> Iterable[bytes]:
    """The lines of headers whose names need no encoding, one by one."""
    if not _SAFE.fullmatch("".join([value for _, value in headers])):
        return starmap(plain_line, headers)
    text = "\n".join(map(": ".join, headers))
    return f"{text}\n".encode().splitlines(keepends=True)


def xml_lines(headers: Headers) -> bytes:
    lines = []
    for name, value in headers:
        for each in elements(value):
            lines.append(f"    <{name}>{encoded(each)}</{name}>\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


_json_string = json.JSONEncoder(ensure_ascii=False).encode


def json_fields(headers: Headers) -> bytes:
    fields = []
    for name, value in headers:
        if value.startswith(ARRAY):
            text = "[" + ",".join(map(_json_string, elements(value))) + "]"
        else:
            text = _json_string(value)
        fields.append(f"{_json_string(name)}:{text}")
    return ",".join(fields).encode("utf-8", "surrogateescape")


_ENCODERS = {"plain": plain_lines, "json": json_fields, "xml": xml_lines}


class Block:
    """Headers that don't change for a while; they are encoded once for each format.

    Where they are given as a function, it is called when somebody first looks at them; then
    ``plain`` is given, too.
    """

    __slots__ = ("_headers", "_others", "_values", "plain", "prefix")

    def __init__(
        self,
        headers: Headers | Callable[[], Headers],
        *,
        plain: bytes | None = None,
        prefix: str = "",
    ) -> None:
        self._headers = headers
        self.prefix = prefix  #: in lower case: every name here begins with it
        if plain is None:
            assert not callable(headers)
            plain = b"".join(starmap(plain_line, headers))
        self.plain = plain  #: as plain events send them
        self._others: dict[Format, bytes] | None = None  # as those of other formats do
        self._values: dict[str, str] | None = None  # by name in lower case

    @property
    def headers(self) -> Headers:
        if callable(self._headers):
            self._headers = self._headers()
        return self._headers

    def encode(self, format: Format) -> bytes:
        if format == "plain":
            return self.plain
        if self._others is None:
            self._others = {}
        data = self._others.get(format)
        if data is None:
            data = self._others[format] = _ENCODERS[format](self.headers)
        return data

    def get(self, name: str) -> str | None:
        """The first value of a header; ``name`` is in lower case."""
        if not name.startswith(self.prefix):
            return None
        if self._values is None:
            self._values = {key.lower(): value for key, value in reversed(self.headers)}
        return self._values.get(name)


_plain_of = attrgetter("plain")

#: A plain event of this length.
PLAIN_PACKET = b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b"

#: How the names of all headers begin that describe a channel (see `Description`), in lower case.
DESCRIBING = (
    "answer-state",
    "call-direction",
    "caller-",
    "channel-",
    "hangup-cause",
    "other-",
    "presence-",
    "unique-id",
    "variable_",
)


@lru_cache(maxsize=64)
def _dates_encoded(second: int) -> bytes:
    """The lines of `_dates`; blanks and colons are all that plain events encode in them."""
    headers = _dates(second)
    lines = [f"{k}: {v.replace(' ', '%20').replace(':', '%3A')}\n" for k, v in headers]
    return "".join(lines).encode()


@lru_cache(maxsize=256)
def _named_encoded(
    name: str, named_first: bool, called_from: tuple[str, str, int] | None
) -> tuple[bytes, bytes]:
    """Event-Name, if it comes first, and Event-Calling-..., as plain events send them."""
    first = plain_line("Event-Name", name) if named_first else b""
    return first, plain_lines(_called_from(called_from or CALLED_FROM.get(name, UNKNOWN_CALLER)))


def _called_from(called_from: tuple[str, str, int]) -> Headers:
    file, function, line = called_from
    return (
        ("Event-Calling-File", file),
        ("Event-Calling-Function", function),
        ("Event-Calling-Line-Number", str(line)),
    )


@lru_cache(maxsize=64)
def _dates(second: int) -> Headers:
    """Event-Date-Local and -GMT; the simulated switch's local time is UTC."""
    moment = EPOCH + timedelta(seconds=second)
    local = moment.isoformat(" ")[:19]
    # (not by strftime, whose names of days and months are those of the process's locale)
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return (
        ("Event-Date-Local", local),
        ("Event-Date-GMT", f"{day}, {local[8:10]} {month} {local[:4]} {local[11:]} GMT"),
    )


def local_time(microseconds: int, format: str | None = None) -> str:
    """A time in microseconds since the epoch, formatted as the switch's local time.

    By default as ``2026-01-05 09:00:00``.
    """
    moment = EPOCH + timedelta(seconds=microseconds // 1_000_000)
    return moment.isoformat(" ")[:19] if format is None else moment.strftime(format)


@dataclass(frozen=True)
class Identity:
    """The switch's own identity, which is in every event."""

    core_uuid: str
    hostname: str = "freeswitch"
    switchname: str = "freeswitch"
    ipv4: str = "127.0.0.1"
    ipv6: str = "::1"
    block: Block = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        headers = (
            ("Core-UUID", self.core_uuid),
            ("FreeSWITCH-Hostname", self.hostname),
            ("FreeSWITCH-Switchname", self.switchname),
            ("FreeSWITCH-IPv4", self.ipv4),
            ("FreeSWITCH-IPv6", self.ipv6),
        )
        object.__setattr__(self, "block", Block(headers))


class SwitchEvent:
    """An event that was fired: its headers in the order of the wire, and its body.

    ``before`` holds the headers that it had before it became an event of this name (a
    PRIVATE_COMMAND begins with the command), ``blocks`` those that describe the channel, ``first``
    and ``own`` those that this event adds before and after them. Event-Name follows ``before``;
    with ``named_first`` false, it is one of the other headers.
    """

    __slots__ = (
        "_packet",
        "before",
        "blocks",
        "body",
        "called_from",
        "first",
        "identity",
        "name",
        "named_first",
        "own",
        "sequence",
        "subclass",
        "time",
        "uuid",
    )

    def __init__(
        self,
        name: str,
        identity: Identity,
        time: int,
        sequence: int,
        own: Headers = (),
        blocks: tuple[Block, ...] = (),
        before: Headers = (),
        body: bytes | None = None,
        subclass: str | None = None,
        called_from: tuple[str, str, int] | None = None,
        named_first: bool = True,
        first: Headers = (),
    ) -> None:
        self.name = name
        self.identity = identity
        self.time = time
        self.sequence = sequence
        self.own = own
        self.blocks = blocks
        self.before = before
        self.body = body
        self.subclass = subclass
        self.called_from = called_from  #: None for the usual place of an event of this name
        self.named_first = named_first
        self.first = first
        #: The channel's uuid, if it is the Unique-ID and all ``blocks`` begin as `DESCRIBING`.
        self.uuid: str | None = None
        self._packet: bytes | None = None  # the plain one, once it is made

    def _dated(self) -> Headers:
        return [
            *_dates(self.time // 1_000_000),
            ("Event-Date-Timestamp", str(self.time)),
            *_called_from(self.called_from or CALLED_FROM.get(self.name, UNKNOWN_CALLER)),
            ("Event-Sequence", str(self.sequence)),
        ]

    def _first(self) -> Headers:
        return (*self.before, ("Event-Name", self.name)) if self.named_first else self.before

    def headers(self) -> Iterator[tuple[str, str]]:
        """Name and value of every header, in the order in which they are sent."""
        yield from self._first()
        yield from self.identity.block.headers
        yield from self._dated()
        yield from self.first
        for block in self.blocks:
            yield from block.headers
        yield from self.own

    def get(self, name: str) -> str | None:
        """The first value of a header; the letter case of ``name`` is ignored
        (switch_event_get_header).
        """
        name = name.lower()
        if name == "unique-id" and self.uuid is not None:
            return self.uuid
        for key, value in self.before:
            if key.lower() == name:
                return value
        if name == "event-name":
            return self.name
        for key, value in self.first:
            if key.lower() == name:
                return value
        for block in self.blocks if self.uuid is None or name.startswith(DESCRIBING) else ():
            if name.startswith(block.prefix):
                found = block.get(name)
                if found is not None:
                    return found
        for key, value in self.own:
            if key.lower() == name:
                return value
        found = self.identity.block.get(name)
        if found is None and name.startswith("event-"):
            found = next((value for key, value in self._dated() if key.lower() == name), None)
        return found

    def packet(self, format: Format) -> bytes:
        """The event as a listener with that format receives it."""
        if format != "plain":
            return _packed(format, self._content(format))
        if self._packet is None:
            first, called_from = _named_encoded(self.name, self.named_first, self.called_from)
            body = self.body
            content = b"".join(
                [
                    *starmap(plain_line, self.before),
                    first,
                    self.identity.block.plain,
                    _dates_encoded(self.time // 1_000_000),
                    b"Event-Date-Timestamp: %d\n%bEvent-Sequence: %d\n"
                    % (self.time, called_from, self.sequence),
                    *starmap(plain_line, self.first),
                    *map(_plain_of, self.blocks),
                    *starmap(plain_line, self.own),
                    b"Content-Length: %d\n\n%b" % (len(body), body) if body else b"\n",
                ]
            )
            self._packet = PLAIN_PACKET % (len(content), content)
        return self._packet

    def _content(self, format: Format) -> bytes:
        encode = _ENCODERS[format]
        pieces = [
            encode(self._first()),
            self.identity.block.encode(format),
            encode(self._dated()),
            encode(self.first),
            *(block.encode(format) for block in self.blocks),
            encode(self.own),
        ]
        return _ENVELOPES[format](pieces, self.body)


class QueuedEvent(SwitchEvent):
    """An event from a channel's queue (switch_core_session_queue_event).

    It was never prepared for delivery: it has only its own headers, and not even its name.
    """

    __slots__ = ()

    def headers(self) -> Iterator[tuple[str, str]]:
        yield from self.before
        for block in self.blocks:
            yield from block.headers
        yield from self.own

    def get(self, name: str) -> str | None:
        name = name.lower()
        return next((value for key, value in self.headers() if key.lower() == name), None)

    def packet(self, format: Format) -> bytes:
        return _packed(format, self._content(format))

    def _content(self, format: Format) -> bytes:
        return _ENVELOPES[format]([_ENCODERS[format](list(self.headers()))], self.body)


def _plain(pieces: list[bytes], body: bytes | None) -> bytes:
    if body:
        pieces.append(b"Content-Length: %d\n\n%b" % (len(body), body))
    else:
        pieces.append(b"\n")
    return b"".join(pieces)


def _json(pieces: list[bytes], body: bytes | None) -> bytes:
    if body is not None:
        # a body is never an array (switch_event.c, switch_event_serialize_json_obj)
        text = _json_string(body.decode("utf-8", "surrogateescape"))
        field = f'"Content-Length":"{len(body)}","_body":{text}'
        pieces.append(field.encode("utf-8", "surrogateescape"))
    return b"{" + b",".join(piece for piece in pieces if piece) + b"}"


def _xml(pieces: list[bytes], body: bytes | None) -> bytes:
    after = b""
    if body:
        text = body.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
        # the end tag is indented after a body that ends in a line break (recording 09g)
        indent = b"  " if text.endswith(b"\n") else b""
        after = b"  <Content-Length>%d</Content-Length>\n  <body>%b%b</body>\n" % (
            len(body),
            text,
            indent,
        )
    return b"<event>\n  <headers>\n%b  </headers>\n%b</event>\n" % (b"".join(pieces), after)


def _packed(format: Format, content: bytes) -> bytes:
    head = f"Content-Length: {len(content)}\nContent-Type: text/event-{format}\n\n"
    return head.encode() + content


_ENVELOPES = {"plain": _plain, "json": _json, "xml": _xml}


class PrivateCommand(Command):
    """A command for a channel. ``origin`` is what PRIVATE_COMMAND lists before its headers."""

    __slots__ = ("origin",)

    def __init__(
        self, line: str, headers: list[tuple[str, str]], body: bytes, origin: Headers
    ) -> None:
        super().__init__(line, headers, body)
        self.origin = origin
