"""Messages of a switch: raw bytes, decoded on demand.

An average event is 5 KB in 117 headers, of which a handler reads two or three. A message
therefore keeps its bytes and searches them for a header by name; it makes a dictionary of all
headers only when a search can't answer (other letter case, iteration).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar, overload

from .arguments import elements
from .enums import AnswerState, CallState, ChannelState, DTMFSource, HangupCause
from .exceptions import ProtocolError
from .keys import Keys
from .printed import failed, text_of
from .shown import in_a_log
from .texts import bytes_of, lossless, readable, without_line_end

__all__ = [
    "NOT_FOUND",
    "ApiResponse",
    "AuthRequest",
    "CommandReply",
    "ConnectReply",
    "DisconnectNotice",
    "Event",
    "Format",
    "LogData",
    "Message",
    "Reply",
    "RudeRejection",
    "Variables",
]

#: The formats in which a switch writes events.
Format = Literal["plain", "json", "xml"]

#: The refusal of a command that the socket may not use, and getvar's of a variable that is not set.
NOT_FOUND = "-ERR command not found"

T = TypeVar("T")

PERCENT = ord("%")  # bytes search for a number ten times as fast


def number(digits: str) -> int | None:
    """Read a number as a switch writes it; None for any other text, or if it is too large."""
    return int(digits) if digits.isdecimal() and len(digits) < 19 else None


def unquote(value: bytes) -> str:
    """Decode a percent-encoded value, once, as text that keeps its bytes."""
    return lossless(_unquote_to_bytes(value)) if PERCENT in value else lossless(value)


def unquoted(value: bytes) -> str:
    """Decode a percent-encoded value, once, as text for user code."""
    if PERCENT not in value:
        return readable(value)
    # Most values recur in event after event; long ones are not worth the memory.
    return _unquoted_again(value) if len(value) < 200 else _unquoted(value)


def _unquote_to_bytes(value: bytes) -> bytes:
    from urllib.parse import unquote_to_bytes  # not needed to import eslsync

    return unquote_to_bytes(value)


def _unquoted(value: bytes) -> str:
    return readable(_unquote_to_bytes(value))


_unquoted_again = lru_cache(maxsize=4096)(_unquoted)


@lru_cache(maxsize=1024)
def _labels(name: str) -> tuple[bytes, bytes, int]:
    """The bytes before a header's value in the first line and in others; the latter's size."""
    label = b"\n%b: " % name.encode("utf-8", "surrogatepass")
    return label[1:], label, len(label)


@lru_cache(maxsize=1024)
def _about(uuid: str) -> bytes:
    """The line that says which channel an event is about."""
    return b"\nUnique-ID: %b\n" % uuid.encode("utf-8", "surrogatepass")


#: The bytes of an event in which its name is looked for. FreeSWITCH writes that first (behind the
#: subclass of a custom event); its own id, name and addresses follow, the same in all its events.
FRONT = 128
#: How an event begins that tells of a command for a channel, with each of which one comes
#: (mod_event_socket.c, read_packet; recording 12m). Its name follows what the command says.
OF_A_COMMAND = (b"Command: sendmsg%0A", b"Command: sendmsg%20")


@lru_cache(maxsize=1024)
def _name_in(front: bytes) -> str | None:
    """The event's name by its first bytes; None if they don't tell it."""
    if front.startswith(OF_A_COMMAND):
        return "PRIVATE_COMMAND"
    front, found, _ = front.partition(b"\nCore-UUID: ")
    if not found:
        return None
    if front.startswith(b"Event-Subclass: "):
        front = front.partition(b"\n")[2]
    label, _, name = front.partition(b"Event-Name: ")
    return None if label or not name or b"\n" in name else readable(name)


class Message(Mapping[str, str]):
    """A read-only mapping of a message's headers, and its ``body``.

    Names match in any letter case; two headers that differ only in that are each found by
    their own spelling. A repeated header has its first value, as in FreeSWITCH's own
    ``switch_event_get_header``; `get_all` returns all. Bytes that are not UTF-8 read as U+FFFD;
    `get_bytes` returns them. ``name`` is a header's everywhere.
    """

    __slots__ = ("_content", "_head", "_headers")

    #: True if the values in ``head`` are percent-encoded, as those of events are.
    encoded = False

    def __init__(self, head: bytes, content: bytes = b"") -> None:
        self._head = head
        self._content = content
        # spelling by lower-case name, and value by spelling
        self._headers: tuple[dict[str, str], dict[str, str]] | None = None

    @property
    def head(self) -> bytes:
        """The lines of the headers."""
        return self._head

    @property
    def content(self) -> bytes:
        """The body as sent, which of an event in JSON or XML is the event."""
        return self._content

    @property
    def body(self) -> str:
        """The body, as text."""
        return readable(self.body_bytes)

    @property
    def body_bytes(self) -> bytes:
        """The body."""
        return self.content

    def get_bytes(self, name: str) -> bytes | None:
        """A header's value as bytes, for values that are not UTF-8; None if it is missing."""
        found = [(key, value) for key, value in self._pairs() if key.lower() == name.lower()]
        exact = [value for key, value in found if key == name] or [value for _, value in found]
        return bytes_of(exact[0]) if exact else None

    def get_all(self, name: str) -> list[str]:
        """Every value of a header: of each repetition, and each element of an array.

        FreeSWITCH sends an array variable (see the application ``push``) as one value,
        ``ARRAY::one|:two``, which is what the mapping itself contains.
        """
        values = [value for key, value in self._pairs() if key.lower() == name.lower()]
        return [readable(bytes_of(each)) for value in values for each in elements(value)]

    def among(self, wanted: Callable[[str], bool]) -> dict[str, str]:
        """The headers whose names are ``wanted``, by their spelling; no others are decoded."""
        found: dict[str, str] = {}
        for name, value in self._pairs(wanted):
            found.setdefault(name, readable(bytes_of(value)))
        return found

    def _pairs(self, wanted: Callable[[str], bool] | None = None) -> Iterator[tuple[str, str]]:
        """The name and value of every header, or of those ``wanted``, in order and repeated.

        Values keep their bytes.
        """
        decode = unquote if self.encoded else lossless
        name, value = "", b""
        for line in self.head.split(b"\n"):
            before, colon, after = line.partition(b":")
            if colon:
                if name and (wanted is None or wanted(name)):
                    yield name, decode(value)
                name, value = readable(before), after.removeprefix(b" ")
                if not self.encoded:
                    value = value.removesuffix(b"\r")
            elif name and line and not self.encoded:
                # getvar's reply contains the raw value, with its line breaks (recording 07e)
                value += b"\n" + line
        if name and (wanted is None or wanted(name)):
            yield name, decode(value)

    def _all(self) -> tuple[dict[str, str], dict[str, str]]:
        if self._headers is None:
            names: dict[str, str] = {}
            values: dict[str, str] = {}
            for name, value in self._pairs():
                if not value.isascii():
                    value = readable(bytes_of(value))
                names.setdefault(name.lower(), name)
                values.setdefault(name, value)
            self._headers = names, values
        return self._headers

    def __getitem__(self, name: str) -> str:
        names, values = self._all()
        spelling = name if name in values else names.get(name.lower())
        if spelling is None:
            raise KeyError(name)
        return values[spelling]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all()[0].values())

    def __len__(self) -> int:
        return len(self._all()[0])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self.content)} bytes>"


class Variables(Mapping[str, str]):
    """The ``variable_*`` headers of an event by their bare names, in any letter case."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        self._event = event

    def __getitem__(self, name: str) -> str:
        try:
            return self._event["variable_" + name]
        except KeyError:
            raise KeyError(name) from None

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...

    def get(self, name: str, /, default: Any = None) -> Any:
        """The value, or ``default``; without raising inside, which costs more than the search."""
        return self._event.get(f"variable_{name}", default)

    def get_bytes(self, name: str) -> bytes | None:
        """A variable's value as bytes, for values that are not UTF-8; None if it is missing."""
        return self._event.get_bytes("variable_" + name)

    def __iter__(self) -> Iterator[str]:
        return (name[9:] for name in self._event if name.lower().startswith("variable_"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<variables of {self._event!r}>"


class Event(Message):
    """An event of the switch (text/event-plain)."""

    # _sure: how far `raw` is known to be headers.
    # _uuid: `uuid`; False until somebody has asked (an unset slot would raise an exception).
    __slots__ = ("_sure", "_uuid", "collected", "quick_name", "raw", "serial", "shown")

    encoded = True

    #: What was posted (`Session.post`); None for an event of the switch.
    value: Any = None
    #: `name` without a property's cost, for hot loops. None if it is not where FreeSWITCH writes
    #: it, until the first use of `name`.
    quick_name: str | None
    #: The bytes of the event.
    raw: bytes
    #: The event's place in the order of arrival on its call's connection, from 1 on; 0 before
    #: the session has seen it.
    serial: int
    #: True for a digit (DTMF) that a running play_and_get_digits or read collects, and for one that
    #: nobody pressed, as the handler has queued it (`Channel.queue_dtmf`).
    collected: bool
    #: True for a digit of a call that hides none: its `repr` has the key. Otherwise not set.
    shown: bool

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._sure = 0
        self._uuid: str | Literal[False] | None = False
        self._headers = None
        self.serial = 0
        self.collected = False
        # Decodes nothing else: the reader's thread makes events.
        self.quick_name = _name_in(raw[:FRONT])

    # An event with its own Content-Length has a body after its headers; the body may contain
    # blank lines and need not end in a line break (recording 09d).

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\n\n")[0]

    @property
    def content(self) -> bytes:
        return self.raw.partition(b"\n\n")[2]

    @property
    def name(self) -> str:
        """Event-Name: ``"CHANNEL_ANSWER"``, ``"DTMF"``, ``"CUSTOM"`` ..."""
        name = self.quick_name
        if name is None:
            name = self.quick_name = self.get("Event-Name", "")
        return name

    @property
    def uuid(self) -> str | None:
        """Unique-ID: the channel that the event is about; None for an event about none."""
        uuid = self._uuid
        if uuid is False:
            uuid = self._uuid = self.get("Unique-ID")
        return uuid

    def is_about(self, uuid: str) -> bool:
        """True if `uuid` is this one; nothing is decoded to find out."""
        known = self._uuid
        if known is not False:
            return known == uuid
        at = self.raw.find(_about(uuid))
        if at > self._sure:
            if self.raw.find(b"\n\n", self._sure, at + 1) < 0:
                self._sure = at
            else:
                at = -1
        # FreeSWITCH writes that line; otherwise it is looked up.
        return at >= 0 or self.uuid == uuid

    def late_header(self, name: str) -> str:
        """A header that is expected near the end, and searched from there; empty if missing.

        For an application's completion and the reply to ``connect``, which have no body that
        the search could find it in.
        """
        _, label, size = _labels(name)
        start = self.raw.rfind(label) + size
        if start < size:
            return self.get(name, "")
        end = self.raw.find(b"\n", start)
        return unquoted(self.raw[start:end] if end >= 0 else self.raw[start:])

    @property
    def variables(self) -> Variables:
        """The channel variables that came with the event, by bare name."""
        return Variables(self)

    @property
    def has_variables(self) -> bool:
        """True if channel variables came with the event."""
        at = self.raw.find(b"\nvariable_")
        if at > self._sure:
            if self.raw.find(b"\n\n", self._sure, at + 1) >= 0:
                return False
            self._sure = at
        return at >= 0

    # Headers as FreeSWITCH's own types: None for a missing header, text for an unknown value.

    @property
    def channel_state(self) -> ChannelState | str | None:
        """Channel-State."""
        return ChannelState.known(self.get("Channel-State"))

    @property
    def call_state(self) -> CallState | str | None:
        """Channel-Call-State."""
        return CallState.known(self.get("Channel-Call-State"))

    @property
    def answer_state(self) -> AnswerState | str | None:
        """Answer-State."""
        return AnswerState.known(self.get("Answer-State"))

    @property
    def hangup_cause(self) -> HangupCause | str | None:
        """Hangup-Cause: why the channel hung up."""
        return HangupCause.known(self.get("Hangup-Cause"))

    @property
    def digit(self) -> str | None:
        """DTMF-Digit: the key that was pressed, as a string whose `repr` doesn't show it."""
        digit = self.get("DTMF-Digit")
        return None if digit is None else Keys(digit, hidden=not getattr(self, "shown", False))

    @property
    def dtmf_source(self) -> DTMFSource | str | None:
        """DTMF-Source: where the digit came from."""
        return DTMFSource.known(self.get("DTMF-Source"))

    @property
    def duration(self) -> float | None:
        """Seconds that the call lasted; on CHANNEL_HANGUP_COMPLETE (variable mduration)."""
        return self._seconds("mduration")

    @property
    def billsec(self) -> float | None:
        """Seconds from the answer on; on CHANNEL_HANGUP_COMPLETE (variable billmsec)."""
        return self._seconds("billmsec")

    def _seconds(self, milliseconds: str) -> float | None:
        value = number(self.variables.get(milliseconds, ""))
        return None if value is None else value / 1000

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...

    def get(self, name: str, /, default: Any = None) -> Any:
        # Most lookups find the header, under the name it was sent by.
        raw, (first, label, size) = self.raw, _labels(name)
        if raw.startswith(first):
            start = size - 1
        else:
            start = raw.find(label)
            if start > self._sure:
                # Make sure that it is not in the body. This search costs most, so it begins where
                # the last one ended; most headers that are looked up are near the front.
                if raw.find(b"\n\n", self._sure, start + 1) >= 0:
                    start = -1
                else:
                    self._sure = start
            if start < 0:
                return self._get_otherwise(name, default)
            start += size
        end = raw.find(b"\n", start)
        value = raw[start:end] if end >= 0 else raw[start:]
        return unquoted(value) if PERCENT in value else readable(value)

    def _get_otherwise(self, name: str, default: Any) -> Any:
        """A header that was not found as spelled: find it in another letter case, if at all."""
        if self._headers is None and self.raw.isascii():
            first, label, _ = _labels(name.lower())
            lower = self.raw.lower()
            if label[:-1] not in lower and not lower.startswith(first[:-1]):
                return default
        try:
            return super().__getitem__(name)
        except KeyError:
            return default

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __repr__(self) -> str:
        keys = ["Event-Name", "Application", "Hangup-Cause", "Unique-ID"]
        if getattr(self, "shown", False):
            keys.insert(1, "DTMF-Digit")
        try:
            parts = [in_a_log(self[key][:60]) for key in keys if key in self]
        except ProtocolError as error:
            return f"<Event: {in_a_log(str(error.args[0]))}>"
        return f"<{' '.join(['Event', *parts])}>"


class CommandReply(Message):
    """command/reply: the answer to a command other than ``api``."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """Reply-Text: ``"+OK ..."``, ``"-ERR ..."``, or what ``getvar`` found."""
        return without_line_end(self.get("Reply-Text", ""))

    @property
    def ok(self) -> bool:
        """True unless the command was refused. For ``sendmsg`` that only means queued."""
        return self._head.find(b"-ERR") < 0 or not self.text.startswith("-ERR")

    def refuses(self, line: str) -> bool:
        """True if it refuses the command ``line``; getvar's may be a value that looks like that."""
        return not self.ok and (line[:7].lower() != "getvar " or self.text == NOT_FOUND)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {in_short(self.text)}>"


class ConnectReply(CommandReply, Event):
    """The answer to ``connect``: the channel's data, percent-encoded, without Content-Length."""

    __slots__ = ()

    def __init__(self, raw: bytes) -> None:
        Event.__init__(self, raw)
        self._sure = len(raw)  # it has no body

    #: A refusal contains no channel's data, and so is not a ConnectReply.
    ok = True

    head = Event.head
    content = Event.content


class ApiResponse(Message):
    """api/response: what an ``api`` command printed, in ``body``."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """What it printed, without the line break that some commands end it with (09a)."""
        return text_of(self.body)

    @property
    def ok(self) -> bool:
        """True unless the command failed, as far as that can be said without the command."""
        return not failed(self.body)

    def refuses(self, line: str) -> bool:
        """True if it tells that the ``api`` command in ``line`` failed."""
        return failed(self.body, line.partition(" ")[2])

    def __repr__(self) -> str:
        return f"<ApiResponse {in_short(self.text)}>"


#: The reply to a command.
Reply = CommandReply | ApiResponse


def in_short(text: str) -> str:
    """An answer without what it tells, which may be a PIN: "+OK", or "24 characters"."""
    verdict = text.partition(" ")[0]
    return verdict if verdict in ("+OK", "-ERR", "-USAGE:") else f"{len(text)} characters"


class DisconnectNotice(Message):
    """text/disconnect-notice: the call has ended, or the connection is about to."""

    __slots__ = ()

    @property
    def lingers(self) -> bool:
        """True if the switch keeps the connection open for messages still to come."""
        return (b"\n%b\n" % self.head.lower()).find(b"\ncontent-disposition: linger\n") >= 0


class LogData(Message):
    """log/data: a line of FreeSWITCH's log, after the command ``log LEVEL``."""

    __slots__ = ()


class AuthRequest(Message):
    """auth/request: the first message on an inbound socket."""

    __slots__ = ()


class RudeRejection(Message):
    """text/rude-rejection: an access list of the switch refused the connection."""

    __slots__ = ()
