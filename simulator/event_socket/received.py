"""The commands that an app sends, as the switch reads them."""

from __future__ import annotations

import re

from eslsync import ProtocolError
from eslsync.protocol import ARRAY, MAX_BODY, Framer

from ..model.arguments import atoi
from ..model.events import PrivateCommand
from ..model.variables import as_header
from ..model.versions import BODY_BOUNDS, NEWEST, Version

__all__ = ["Received", "command_reader"]

#: A header with a value: an empty one is dropped (recording 11o).
_HEADER = re.compile(r"^([^:\n]*): *([^ \n][^\n]*)$", re.MULTILINE)
_CONTENT_LENGTH = re.compile(rb"^content-length:([^\n]*)", re.IGNORECASE | re.MULTILINE)


class Received(PrivateCommand):
    """A command from an app; its origin is its bytes."""

    __slots__ = ()

    def __init__(self, head: bytes, body: bytes) -> None:
        line, _, rest = _text(head.replace(b"\r", b"")).lstrip("\n").partition("\n")
        headers: list[tuple[str, str]] = _HEADER.findall(rest)
        if ARRAY in rest:
            headers = [(name, as_header(value)) for name, value in headers if as_header(value)]
        ending = b"\n\r\n" if head.endswith(b"\r") else b"\n\n"
        super().__init__(line, headers, body, (("Command", _text(head + ending)),))


def command_reader(version: Version = NEWEST) -> Framer[Received]:
    """A parser of an app's commands, with the limits of this version (read_packet)."""

    def body_length(head: bytes) -> int:
        at = head.lower().find(b"content-length:")  # faster than the regular expression
        found = _CONTENT_LENGTH.search(head, at) if at >= 0 else None
        length = 0 if found is None else atoi(found[1].decode("latin-1"))
        if length < 0 and version.has(BODY_BOUNDS):
            raise ProtocolError("a Content-Length below 0", head)
        return max(0, length)

    return Framer(Received, length_of=body_length, max_headers=MAX_BODY, max_body=MAX_BODY)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
