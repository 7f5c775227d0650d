"""The commands that an app sends, as the switch reads them."""

from __future__ import annotations

from eslsync.protocol import MAX_BODY, Framer

from ..model.events import PrivateCommand
from ..model.variables import as_header

__all__ = ["Received", "command_reader"]


class Received(PrivateCommand):
    """A command from an app; its origin is its bytes."""

    __slots__ = ()

    def __init__(self, head: bytes, body: bytes) -> None:
        line, *rest = head.replace(b"\r", b"").lstrip(b"\n").split(b"\n")
        headers = []
        for each in rest:
            name, colon, data = each.partition(b":")
            value = as_header(_text(data.lstrip(b" ")))
            if colon and value:  # an empty header is dropped (recording 11o)
                headers.append((_text(name), value))
        ending = b"\n\r\n" if head.endswith(b"\r") else b"\n\n"
        super().__init__(_text(line), headers, body, (("Command", _text(head + ending)),))


def command_reader() -> Framer[Received]:
    """A parser of an app's commands, with the switch's own limits."""
    return Framer(Received, max_headers=MAX_BODY, max_body=MAX_BODY)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
