"""Events that a switch writes as JSON or XML, on request; they contain what plain ones do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from .arguments import as_array
from .exceptions import ProtocolError
from .message import Event, Message, number, unquote
from .texts import bytes_of, lossless, readable

if TYPE_CHECKING:
    from xml.etree import ElementTree

__all__ = ["BEGINNINGS", "JsonEvent", "XmlEvent"]

#: The beginnings of an event that answers a command: plain, JSON, XML.
BEGINNINGS = ("Event-Name: ", '{"Event-Name":', "<event>")


class WrittenEvent(Event):
    """An event that must be parsed as a whole to find anything in it."""

    __slots__ = ()

    #: The prefix of every variable's name.
    before_variable: ClassVar[bytes]

    @property
    def head(self) -> bytes:
        return b""

    @property
    def content(self) -> bytes:
        return self.raw

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.quick_name = None  # no line of it is like a plain event's

    def is_about(self, uuid: str) -> bool:
        return self.uuid == uuid

    @property
    def has_variables(self) -> bool:
        return self.before_variable + b"variable_" in self.raw

    get = Message.get  # type: ignore[assignment]  # the same types, in other words
    __getitem__ = Message.__getitem__
    __contains__ = Message.__contains__


class JsonEvent(WrittenEvent):
    """The same event, sent as text/event-json: raw values, the body in ``_body``."""

    __slots__ = ()

    before_variable = b'"'

    def _fields(self) -> tuple[tuple[str, Any], ...]:
        import json  # not needed to import eslsync

        try:
            # FreeSWITCH copies bytes that are not UTF-8 into its JSON as they are, and a name
            # may stand there twice (Hangup-Cause does).
            fields = json.loads(lossless(self.content), object_pairs_hook=tuple)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"an event is not JSON ({error})", self.content) from None
        if not isinstance(fields, tuple):
            raise ProtocolError("an event's JSON is not an object", self.content)
        escaped = b"\\u" in self.content
        for name, value in fields:
            if isinstance(value, str) and not escaped:
                continue
            is_array = isinstance(value, list) and name != "_body"
            for element in value if is_array else (value,):
                if not isinstance(element, str):
                    raise ProtocolError("an event's JSON holds more than text", self.content)
                if not _is_text(element):
                    raise ProtocolError("an event's JSON holds half a surrogate pair", self.content)
        return fields

    def _pairs(self, wanted: Callable[[str], bool] | None = None) -> Iterator[tuple[str, str]]:
        for name, value in self._fields():
            if not name.isascii():
                name = name.encode("utf-8", "replace").decode()
            if wanted is not None and not wanted(name):
                continue
            if isinstance(value, list):
                yield name, as_array(value)
            elif name != "_body":
                yield name, value

    @property
    def body_bytes(self) -> bytes:
        return next((bytes_of(value) for name, value in self._fields() if name == "_body"), b"")


class XmlEvent(WrittenEvent):
    """The same event, sent as text/event-xml: percent-encoded values, a ``<body>``."""

    __slots__ = ()

    before_variable = b"<"

    def _root(self) -> ElementTree.Element:
        from xml.etree import ElementTree  # not needed to import eslsync

        if b"<!DOCTYPE" in self.content:
            # A switch sends none, and the entities declared in one could fill any memory.
            raise ProtocolError("an event's XML declares a document type", self.content)
        try:
            # As Latin-1, a byte a character, since the body may be anything: see _bytes_in.
            return ElementTree.fromstring(self.content.decode("latin-1"))
        except ElementTree.ParseError as error:
            raise ProtocolError(f"an event is not XML ({error})", self.content) from None

    def _pairs(self, wanted: Callable[[str], bool] | None = None) -> Iterator[tuple[str, str]]:
        root = self._root()
        # An array is an element repeated at once; other headers repeat at a distance.
        for name, run in groupby(root.iterfind("headers/*"), lambda header: header.tag):
            key = readable(_bytes_in(name))
            if wanted is not None and not wanted(key):
                continue
            values = [unquote(_bytes_in(each.text)) for each in run]
            yield key, values[0] if len(values) == 1 else as_array(values)
        length = root.findtext("Content-Length")
        if length is not None and (wanted is None or wanted("Content-Length")):
            yield "Content-Length", length

    @property
    def body_bytes(self) -> bytes:
        root = self._root()
        # The switch indents its closing tag; those blanks are not part of the body.
        return _bytes_in(root.findtext("body"))[: number(root.findtext("Content-Length") or "")]


def _bytes_in(text: str | None) -> bytes:
    """The bytes of text that was read as Latin-1; a larger character stood there by number."""
    return "".join(
        each if each < "\u0100" else each.encode().decode("latin-1") for each in text or ""
    ).encode("latin-1")


def _is_text(value: str) -> bool:
    """True if it can be sent again: bytes that are not UTF-8 can, ``\\ud800`` can't."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
