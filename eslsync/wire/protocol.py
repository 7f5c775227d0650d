"""The event socket protocol: bytes to messages and back. No socket, no thread, no clock.

Both sides of the wire share one framing: `Parser` reads what a switch sends, `CommandParser`
what an app sends, and the ``encode_*`` functions write.

A message is a block of header lines, a blank line, and as many bytes of body as its
Content-Length says. Framing precedes decoding, so a ``%0A`` in a variable can't become a line
break and forge a header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Generic, TypeVar

from .arguments import check_line
from .exceptions import ProtocolError
from .message import (
    ApiResponse,
    AuthRequest,
    CommandReply,
    ConnectReply,
    DisconnectNotice,
    Event,
    LogData,
    Message,
    RudeRejection,
)
from .shown import in_quotes
from .texts import lossless
from .written_events import JsonEvent, XmlEvent

__all__ = [
    "MAX_BODY",
    "MAX_HEADERS",
    "Command",
    "CommandParser",
    "Parser",
    "encode_command",
    "encode_message",
    "quote",
]

#: The maximum bytes of headers. Only the reply to connect has many (4 KB, more with SIP headers and
#: the dialplan's variables); one variable may be 100 KB (recording 14f).
MAX_HEADERS = 1024 * 1024
#: The maximum bytes of a body: FreeSWITCH's own limit (mod_event_socket.c, MAX_CONTENT_LENGTH).
MAX_BODY = 16 * 1024 * 1024

#: Headers up to this many bytes are cached, since they recur.
SHORT = 100

M = TypeVar("M")


class Framer(Generic[M]):
    """Cuts a stream into header blocks and bodies; ``make`` turns each pair into a message.

    ``length_of`` reads the length of the body from a header block, by default `body_length`. A
    header block has at most ``max_headers`` bytes, a body ``max_body``.

    When the peer violates the protocol, `feed` returns the messages that were complete before,
    keeps the ProtocolError in ``failure``, and raises it from the next call on.
    """

    def __init__(
        self,
        make: Callable[[bytes, bytes], M],
        *,
        length_of: Callable[[bytes], int] | None = None,
        max_headers: int = MAX_HEADERS,
        max_body: int = MAX_BODY,
    ) -> None:
        self.failure: ProtocolError | None = None
        self.max_headers = max_headers
        self.max_body = max_body
        self._make = make
        self._length_of = length_of or body_length
        self._short = min(SHORT, max_headers)
        #: The beginning of an incomplete message.
        self.rest = bytearray()
        self._searched = 0  # no blank line ends in `rest` before this index
        self._needed = 0  # the length that completes `rest`; 0: unknown

    def feed(self, data: bytes) -> list[M]:
        """Take ``data`` of the peer; return the messages that are now complete, in order."""
        if self.failure is not None:
            raise self.failure
        messages: list[M] = []
        try:
            start = 0
            if self.rest:
                # from a long piece, copy only what the incomplete message lacks, if that is known
                start = max(self._needed - len(self.rest), 0) or len(data)
                self.rest += data[:start]
                if not self._worth_a_look():
                    return messages
                begun = bytes(self.rest)
                self.rest.clear()
                self._searched = self._needed = 0
                self._take(begun, 0, messages)
            self._take(data, start, messages)
        except ProtocolError as error:
            self.failure = error
            self.rest.clear()
            if not messages:
                raise
        return messages

    def _worth_a_look(self) -> bool:
        """True if the incomplete message may be complete now, found out without copying it."""
        rest = self.rest
        if self._needed:
            return len(rest) >= self._needed
        if _BLANK_LINE.search(rest, self._searched) is not None:
            return True
        self._note_search(len(rest), rest)
        return False

    def _note_search(self, size: int, data: bytes | bytearray) -> None:
        """Note that the ``size`` bytes of an incomplete message contain no blank line."""
        # Two more bytes may begin a blank line within the limit: how the bytes were split must
        # make no difference.
        if size > self.max_headers + 2:
            what = f"more than {self.max_headers} bytes of headers without a blank line"
            raise ProtocolError(what, data[-size:])
        self._searched = max(0, size - 2)  # a blank line is at most three bytes long

    def _take(self, data: bytes, start: int, messages: list[M]) -> None:
        """Take the complete messages from ``data``; keep the rest."""
        size, known, most = len(data), self._known, self.max_body
        plain = data.find(b"\r") < 0  # once, since each search may be long
        recurs, reach = plain and self._recurs, self._short + 2
        while start < size:
            end = data.find(b"\n\n", start, start + reach) if recurs else -1
            described = known(data[start:end]) if end > start else None
            body = end + 2
            if described is None:
                if data[start] in b"\r\n":
                    # skip blank lines before a message: a variable's value may end in one
                    start = _LINE_BREAKS.match(data, start).end()  # type: ignore[union-attr]
                    continue
                if plain:
                    end = data.find(b"\n\n", start)
                    body = end + 2
                elif (found := _BLANK_LINE.search(data, start)) is not None:
                    end, body = found.span()
                if end < 0:
                    self._note_search(size - start, data)
                    break
                if end - start > self.max_headers:
                    what = f"headers of {end - start} bytes, over {self.max_headers}"
                    raise ProtocolError(what, data[start:])
                described = self._describe(data[start:end])
            length, make = described
            stop = body + length
            if length > most:
                raise ProtocolError(f"a Content-Length of {length}, over {most}", data[start:end])
            if stop > size:
                self._needed = stop - start
                break
            messages.append(make(data[body:stop]))
            start = stop
        if start < size:
            self.rest += data[start:]

    def _describe(self, head: bytes) -> tuple[int, Callable[[bytes], M]]:
        """The length of the body after these headers, and what makes the message of that."""
        return self._length_of(head), partial(self._make, head)

    #: True if the same short headers recur, so that `_known` is asked first.
    _recurs = False

    def _known(self, head: bytes) -> tuple[int, Callable[[bytes], M]] | None:
        """As `_describe`, cached; None for headers that it can't describe."""
        return None


def body_length(head: bytes) -> int:
    """The number of bytes of the body that follows a block of headers."""
    at = head.lower().find(b"content-length")  # faster than a regular expression
    found = _CONTENT_LENGTH.search(head, at) if at >= 0 else None
    if found is None:
        return 0
    digits = found[1].strip()
    if not digits.isdigit() or len(digits) > 18:
        raise ProtocolError("a Content-Length that is not a number of bytes", found[0])
    return int(digits)


# An app may end its lines with CRLF (recording 08f). A switch never does; a web client on the
# wrong port does, and gets an error instead of a wait for more.
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LINE_BREAKS = re.compile(rb"[\r\n]*")
_CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:([^\n]*)", re.IGNORECASE | re.MULTILINE)
_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:[ \t]*([^\s;]*)", re.IGNORECASE | re.MULTILINE)

#: Makes a message of its body.
Make = Callable[[bytes], Message]

#: Events consist of their body, other messages of headers and a body.
_EVENTS: dict[bytes, Make] = {
    b"text/event-plain": Event,
    b"text/event-json": JsonEvent,
    b"text/event-xml": XmlEvent,
}
_KINDS: dict[bytes, Callable[[bytes, bytes], Message]] = {
    b"command/reply": CommandReply,
    b"api/response": ApiResponse,
    b"text/disconnect-notice": DisconnectNotice,
    b"log/data": LogData,
    b"auth/request": AuthRequest,
    b"text/rude-rejection": RudeRejection,
}


def _no_message(head: bytes, body: bytes) -> Message:
    found = _CONTENT_TYPE.search(head)
    if found is None:
        raise ProtocolError("a message without a Content-Type", head)
    raise ProtocolError(f"a Content-Type of {lossless(found[1][:60])!r}", head)


def _find_out(head: bytes) -> tuple[int, Make]:
    """The length of the body after a switch's headers, and the function that makes the message."""
    if head.startswith(b"Event-Name:"):
        # Only the reply to connect has an event's headers outside of a body, and it has no body.
        # It is long, so other letter cases of Content-Length are not searched for.
        length = 0 if head.find(b"\nContent-Length:") < 0 else body_length(head)
        return length, lambda body: ConnectReply(head)
    length = body_length(head)
    found = _CONTENT_TYPE.search(head)
    kind = b"" if found is None else found[1].lower()
    return length, _EVENTS.get(kind) or partial(_KINDS.get(kind, _no_message), head)


def _find_out_quickly(head: bytes) -> tuple[int, Make] | None:
    """As `_find_out`; None for headers that begin with a blank line."""
    return None if head.startswith(b"\n") else _find_out(head)


class Parser(Framer[Message]):
    """Reads what a switch sends. How the bytes are split makes no difference."""

    def __init__(self, *, max_headers: int = MAX_HEADERS, max_body: int = MAX_BODY) -> None:
        super().__init__(_no_message, max_headers=max_headers, max_body=max_body)

    def _describe(self, head: bytes) -> tuple[int, Make]:
        return _find_out(head)

    _recurs = True  # and long headers are not worth the memory
    _known = staticmethod(lru_cache(maxsize=4096)(_find_out_quickly))


class Command:
    """A command of an app: a line (``"sendmsg <uuid>"``), headers, and perhaps a body."""

    __slots__ = ("_first", "body", "headers", "line")

    def __init__(self, line: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.line = line
        self.headers = headers
        self.body = body
        self._first: dict[str, str] | None = None  # by lower-case name

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of the header ``name``, in any letter case; else ``default``."""
        first = self._first
        if first is None:
            first = self._first = {key.lower(): value for key, value in reversed(self.headers)}
        return first.get(name.lower(), default)

    def __repr__(self) -> str:
        return f"<Command {in_quotes(self.line)} {in_quotes(self.headers)}>"


def _command(head: bytes, body: bytes) -> Command:
    line, *rest = head.replace(b"\r", b"").split(b"\n")
    headers = []
    for each in rest:
        name, colon, value = each.partition(b":")
        if colon:
            headers.append((lossless(name), lossless(value.lstrip(b" "))))
    return Command(lossless(line), headers, body)


class CommandParser(Framer[Command]):
    """Reads what an app sends, as mod_event_socket.c's ``read_packet`` does.

    Lines may end in LF or CRLF (recording 08f), names match in any letter case, and lines
    without a colon and blank lines before a command are skipped. A command has at most
    ``max_headers`` bytes of headers, and ``max_body`` of a body.
    """

    def __init__(self, *, max_headers: int = MAX_BODY, max_body: int = MAX_BODY) -> None:
        super().__init__(_command, max_headers=max_headers, max_body=max_body)


#: The bytes that FreeSWITCH encodes in an event besides control characters and bytes above "~"
#: (switch_utils.h, SWITCH_URL_UNSAFE); comma, slash, apostrophe and parentheses are not among them.
_UNSAFE = b'\r\n #%&+:;<=>?@[\\]^`{|}"'
#: All bytes: `str.translate` raises and catches an exception for each that a dict doesn't have.
_QUOTED = [
    f"%{byte:02X}" if byte < 32 or byte > 126 or byte in _UNSAFE else chr(byte)
    for byte in range(256)
]


def quote(value: str) -> str:
    """Percent-encode a header value as FreeSWITCH does (switch_url_encode)."""
    return value.encode("utf-8", "surrogateescape").decode("latin-1").translate(_QUOTED)


def encode_command(line: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """Encode a command as an app sends it.

    Raises ValueError for a line break or NUL in the line or a header, which could inject another
    header or command; for headers over 1 MiB (which take FreeSWITCH half a second); and for a
    body over 16 MiB (which it refuses).
    """
    lines = [line, *map(": ".join, headers)]
    written = "\n".join(lines)
    if (
        written.count("\n") >= len(lines)
        or "\r" in written
        or "\0" in written
        or not written.isascii()
        or "content-length" in written.lower()
    ):
        _check_lines(lines)  # one by one: slower, and rarely finds anything
    if not line.strip():
        raise ValueError("a command can't be empty; write one, such as 'api status'")
    if body:
        written += f"\nContent-Length: {len(body)}"
    head = f"{written}\n\n".encode("utf-8", "surrogateescape")
    if len(head) > MAX_HEADERS:
        raise ValueError(f"a command's line and headers take {len(head)} bytes, over {MAX_HEADERS}")
    if len(body) > MAX_BODY:
        raise ValueError(f"a command's body takes {len(body)} bytes, over {MAX_BODY}")
    return head + body


def _check_lines(lines: Iterable[str]) -> None:
    for each in lines:
        check_line(each)
        if each.lstrip().lower().startswith("content-length"):
            # the switch would read the commands that follow as a body
            raise ValueError("Content-Length is computed; leave it out")


def encode_message(headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """Encode a message as a switch sends it; ``headers`` include the length of ``body``."""
    lines = [f"{name}: {value}\n" for name, value in headers]
    return "".join([*lines, "\n"]).encode("utf-8", "surrogateescape") + body
