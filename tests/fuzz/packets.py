"""The packets of the recorded switches, of which malformed conversations are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from eslsync.protocol import (
    ConnectReply,
    DisconnectNotice,
    Event,
    Framer,
    JsonEvent,
    Parser,
    XmlEvent,
    encode_message,
)
from tests.support.peer import as_event, event
from tests.support.recorded import names, recording


class Said(NamedTuple):
    """What one recorded switch sent, except replies."""

    context: bytes  # the reply to `connect`
    uuid: str
    events: list[bytes]  # until the call hung up
    tail: list[bytes]  # from there on


#: Headers that the library and the handlers read; every made-up event has them all.
COMPLETED = {
    "Event-Name": "CHANNEL_EXECUTE_COMPLETE",
    "Channel-State": "CS_EXECUTE",
    "Channel-Call-State": "ACTIVE",
    "Answer-State": "answered",
    "Application-Response": "FILE PLAYED",
    "Caller-Channel-Bridged-Time": "1690000000000000",
    "Event-Date-Timestamp": "1690000001000000",
    "variable_eslsync_digits": "12",
    "variable_playback_ms": "1000",
    "variable_record_ms": "1000",
    "variable_read_result": "success",
    "variable_playback_terminator_used": "#",
    "variable_playback_terminators": "*",
    "variable_originate_disposition": "SUCCESS",
    "variable_bridge_hangup_cause": "NORMAL_CLEARING",
    "variable_last_bridge_to": "00000000-0000-4000-8000-000000000001",
    "variable_mduration": "1000",
    "variable_billmsec": "1000",
}


def split(data: bytes) -> list[bytes]:
    """The packets in the bytes, unchanged."""
    return Framer(lambda head, body: head + b"\n\n" + body).feed(data)


@cache
def said(name: str) -> Said | None:
    """What the switch of that recording sent; None if it never answered `connect`."""
    packets = split(recording(name).switch_bytes)
    messages = recording(name).messages()
    if not packets or not isinstance(messages[0], ConnectReply):
        return None
    events: list[bytes] = []
    tail: list[bytes] = []
    for message, packet in zip(messages[1:], packets[1:], strict=True):
        told = isinstance(message, DisconnectNotice)
        if isinstance(message, Event) and not isinstance(message, ConnectReply):
            told = True
            if message.name == "CHANNEL_HANGUP":
                tail = tail or [packet]
                continue
        if told:
            (tail or events).append(packet)
    return Said(packets[0], messages[0]["Unique-ID"], events, tail)


@cache
def calls() -> list[str]:
    """The recordings in which `connect` was answered."""
    return [name for name in names() if said(name) is not None]


@cache
def of_kind(kind: type[Event]) -> list[bytes]:
    """Every recorded event of that class, such as JsonEvent."""
    return [
        packet
        for name in names()
        for message, packet in zip(
            recording(name).messages(), split(recording(name).switch_bytes), strict=True
        )
        if type(message) is kind and len(packet) < 50_000
    ]


def as_json(packet: bytes) -> bytes:
    """The same event, as JSON."""
    [message] = Parser().feed(packet)
    content = json.dumps(dict(message), ensure_ascii=False).encode("utf-8", "surrogateescape")
    head = [("Content-Length", str(len(content))), ("Content-Type", "text/event-json")]
    return encode_message(head, content)


def told(headers: Mapping[str, str]) -> bytes:
    """An event with every header that is read, and these."""
    return event({**COMPLETED, **headers})


def with_content(packet: bytes, content: bytes) -> bytes:
    """The packet with another body, and its right length."""
    kind = b"xml" if b"event-xml" in packet else b"json" if b"event-json" in packet else b"plain"
    if kind == b"plain":
        return as_event(content)
    head = [("Content-Length", str(len(content))), ("Content-Type", f"text/event-{kind.decode()}")]
    return encode_message(head, content)


JSON, XML = JsonEvent, XmlEvent
