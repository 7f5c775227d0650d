"""Event socket: bytes to messages and back. No socket, no thread, no clock.

Both sides of the wire are here, so that there is one parser to trust: `Parser` reads what
a switch sends, `CommandParser` what an app sends, and the ``encode_*`` functions write.

A message is a block of header lines, a blank line, and as many bytes of body as its
Content-Length says. Everything is framed before anything is decoded: a ``%0A`` in a
variable never becomes a line break that a header could be forged with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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
    JsonEvent,
    LogData,
    Message,
    RudeRejection,
    XmlEvent,
    text,
)

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

#: The connect reply is the one large block of headers (4 KB bare, more with SIP headers and
#: variables of the dialplan's own); a variable may be 100 KB (recording 14f).
MAX_HEADERS = 1024 * 1024
#: FreeSWITCH takes commands of up to 16 MB (mod_event_socket.c, MAX_CONTENT_LENGTH).
MAX_BODY = 16 * 1024 * 1024

M = TypeVar("M")


class Framer(Generic[M]):
    """Cuts a stream into header blocks and bodies; ``make`` turns each pair into a message.

    What came whole before the peer broke the protocol is still given: `feed` returns it and
    keeps the ProtocolError in ``failure``, and raises it from the next call on.
    """

    def __init__(
        self,
        make: Callable[[bytes, bytes], M],
        *,
        max_headers: int = MAX_HEADERS,
        max_body: int = MAX_BODY,
    ) -> None:
        self.failure: ProtocolError | None = None
        self._make = make
        self.max_headers = max_headers
        self.max_body = max_body
        self._buffer = bytearray()
        self._searched = 0  # no blank line ends before here
        self._head: bytes | None = None  # a header block that waits for its body
        self._length = 0  # of that body

    @property
    def pending(self) -> int:
        """Bytes of a message that is not whole yet."""
        return len(self._buffer) + len(self._head or b"")

    def feed(self, data: bytes) -> list[M]:
        """Take what the peer sent; return the messages that are now whole, in order."""
        messages: list[M] = []
        if self.failure is None:
            self._buffer += data
            try:
                while self._next(messages):
                    pass
            except ProtocolError as error:
                self.failure = error
                self._head = None
                self._buffer.clear()
        if self.failure is not None and not messages:
            raise self.failure
        return messages

    def _next(self, messages: list[M]) -> bool:
        if self._head is None and not self._take_head():
            return False
        assert self._head is not None
        if len(self._buffer) < self._length:
            return False
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        head, self._head = self._head, None
        messages.append(self._make(head, body))
        return True

    def _take_head(self) -> bool:
        self._skip_line_breaks()
        found = self._find_blank_line()
        if found is None:
            # The two bytes are a blank line that has begun: as long as it may still come in
            # time, how the bytes were split must make no difference.
            if len(self._buffer) > self.max_headers + 2:
                raise ProtocolError(
                    f"more than {self.max_headers} bytes of headers without a blank line",
                    self._buffer,
                )
            return False
        end, after = found
        if end > self.max_headers:
            raise ProtocolError(f"headers of {end} bytes, over {self.max_headers}", self._buffer)
        self._head = bytes(self._buffer[:end])
        del self._buffer[:after]
        self._searched = 0
        self._length = self._content_length(self._head)
        return True

    def _skip_line_breaks(self) -> None:
        """Blank lines before a message are none of it: a variable that ends in one, say."""
        if self._searched == 0 and (found := _LINE_BREAKS.match(self._buffer)):
            del self._buffer[: found.end()]

    def _find_blank_line(self) -> tuple[int, int] | None:
        found = _BLANK_LINE.search(self._buffer, self._searched)
        if found is None:
            # a blank line is at most three bytes long
            self._searched = max(0, len(self._buffer) - 2)
            return None
        return found.span()

    def _content_length(self, head: bytes) -> int:
        found = _CONTENT_LENGTH.search(head)
        if found is None:
            return 0
        digits = found[1].strip()
        if not digits.isdigit() or len(digits) > 18:
            raise ProtocolError("a Content-Length that is not a number of bytes", found[0])
        length = int(digits)
        if length > self.max_body:
            raise ProtocolError(f"a Content-Length of {length}, over {self.max_body}", head)
        return length


# An app may end its lines with CRLF (recording 08f). A switch never does: what does is a web
# client, say, on the wrong port, and had better be told so than waited for.
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LINE_BREAKS = re.compile(rb"[\r\n]+")
_CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:([^\n]*)", re.IGNORECASE | re.MULTILINE)
_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:[ \t]*([^\s;]*)", re.IGNORECASE | re.MULTILINE)

_KINDS: dict[bytes, Callable[[bytes, bytes], Message]] = {
    b"text/event-plain": lambda head, body: Event(body),
    b"text/event-json": lambda head, body: JsonEvent(body),
    b"text/event-xml": lambda head, body: XmlEvent(body),
    b"command/reply": CommandReply,
    b"api/response": ApiResponse,
    b"text/disconnect-notice": DisconnectNotice,
    b"log/data": LogData,
    b"auth/request": AuthRequest,
    b"text/rude-rejection": RudeRejection,
}


def _message(head: bytes, body: bytes) -> Message:
    if head.startswith(b"Event-Name:"):
        # Only the reply to connect has its headers in the open; Content-Type is near its end.
        return ConnectReply(head)
    found = _CONTENT_TYPE.search(head)
    if found is None:
        raise ProtocolError("a message without a Content-Type", head)
    kind = _KINDS.get(found[1].lower())
    if kind is None:
        raise ProtocolError(f"a Content-Type of {text(found[1][:60])!r}", head)
    return kind(head, body)


class Parser(Framer[Message]):
    """Reads what a switch sends. The same messages come out however the bytes are split."""

    def __init__(self, *, max_headers: int = MAX_HEADERS, max_body: int = MAX_BODY) -> None:
        super().__init__(_message, max_headers=max_headers, max_body=max_body)


class Command:
    """What an app sends: a line (``"sendmsg <uuid>"``), headers, and perhaps a body."""

    __slots__ = ("body", "headers", "line")

    def __init__(self, line: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.line = line
        self.headers = headers
        self.body = body

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a header; the letter case of its name doesn't matter."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def __repr__(self) -> str:
        return f"<Command {self.line!r} {self.headers!r}>"


def _command(head: bytes, body: bytes) -> Command:
    line, *rest = head.replace(b"\r", b"").split(b"\n")
    headers = []
    for each in rest:
        name, colon, value = each.partition(b":")
        if colon:
            headers.append((text(name), text(value.lstrip(b" "))))
    return Command(text(line), headers, body)


class CommandParser(Framer[Command]):
    """Reads what an app sends, as mod_event_socket.c's ``read_packet`` does.

    Line ends may be LF or CRLF (recording 08f), names are of any letter case, a line without
    a colon is passed over, and blank lines before a command don't count.
    """

    def __init__(self, *, max_headers: int = MAX_BODY, max_body: int = MAX_BODY) -> None:
        super().__init__(_command, max_headers=max_headers, max_body=max_body)


#: What FreeSWITCH encodes in an event besides control characters and bytes over "~"
#: (switch_utils.h, SWITCH_URL_UNSAFE); comma, slash, apostrophe and parentheses stay.
_UNSAFE = b'\r\n #%&+:;<=>?@[\\]^`{|}"'
_QUOTED = [
    f"%{byte:02X}" if byte < 32 or byte > 126 or byte in _UNSAFE else chr(byte)
    for byte in range(256)
]


def quote(value: str) -> str:
    """Percent-encode a header value as FreeSWITCH does (switch_url_encode)."""
    return "".join([_QUOTED[byte] for byte in value.encode("utf-8", "surrogateescape")])


def encode_command(line: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """A command as an app sends it.

    Raises ValueError for a line break or NUL in the line or a header: it would smuggle in a
    header or a command of its own. And for what is too large: FreeSWITCH takes longer for headers
    the more there are (a mebibyte, half a second), and no body of over 16 MiB.
    """
    lines = [line]
    for name, value in headers:
        lines.append(f"{name}: {value}")
    for each in lines:
        check_line(each)
        if each.lstrip().lower().startswith("content-length"):
            # the switch would take the commands that follow for a body
            raise ValueError("Content-Length is counted here, it can't be given")
    if not line.strip():
        raise ValueError("a command can't be empty")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    head = "\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
    for what, size, most in (
        ("line and headers", len(head), MAX_HEADERS),
        ("body", len(body), MAX_BODY),
    ):
        if size > most:
            raise ValueError(f"a command's {what} of {size} bytes, over {most}")
    return head + body


def encode_message(headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """A message as a switch sends it. The headers hold its Content-Length, where it has one."""
    lines = [f"{name}: {value}\n" for name, value in headers]
    return "".join([*lines, "\n"]).encode("utf-8", "surrogateescape") + body
