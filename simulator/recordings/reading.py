"""Reads a recording of a real switch: its circumstances, and the messages with their times.

tests/recordings/README.md describes the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from eslsync.exceptions import ProtocolError
from eslsync.protocol import Framer, JsonEvent, Parser, XmlEvent
from eslsync.wire import message as esl
from eslsync.wire.texts import bytes_of, lossless

if TYPE_CHECKING:
    from ..ladders.formats import LadderFormat

__all__ = ["NotARecording", "Recording", "Sent", "described", "sent"]

WRITTEN_BY = "recordings are written by Outbound(record=...) and `eslsync call --record`"


class NotARecording(ValueError):
    """A file is not a recording, or is broken. The message names the line, and what to do."""


@dataclass
class Sent:
    """A message of the switch, with its time, its lane, and its headers in order."""

    time: float  #: seconds since the connection
    #: "answer", "event", "notice", "log", "others" (events of channels and jobs that are not part
    #: of the call), or "early" (events from before the connection)
    lane: str
    kind: str  #: content type
    headers: list[tuple[str, str]]
    body: str
    order: int = 0
    message: esl.Message | None = field(default=None, repr=False)  #: as parsed
    raw: bytes = field(default=b"", repr=False)  #: as sent

    @cached_property
    def name(self) -> str:
        return self.get("Event-Name")

    def get(self, name: str) -> str:
        return self._first.get(name, "")

    @cached_property
    def _first(self) -> dict[str, str]:
        return dict(reversed(self.headers))

    def __str__(self) -> str:
        if self.lane == "event":
            detail = [
                self.get(key)
                for key in ("Application", "DTMF-Digit", "Channel-State", "Playback-File-Path")
            ]
            return " ".join(filter(None, [self.name, *detail]))
        text = self.get("Reply-Text") or self.get("Content-Disposition") or self.body
        return f"{self.kind} {text!r}"


def sent(message: esl.Message, time: float) -> Sent:
    """A parsed message, with its headers decoded."""
    opened = _opened(message, time)
    opened.message = message
    return opened


def _opened(message: esl.Message, time: float) -> Sent:
    if isinstance(message, esl.ConnectReply):
        return Sent(time, "answer", "connect reply", _plain(message.head), "")
    if isinstance(message, JsonEvent):
        flat = _json(message.content)
        body = next((value for key, value in flat if key == "_body"), "")
        return Sent(time, "event", "text/event-json", flat, body)
    if isinstance(message, XmlEvent):
        body = ElementTree.fromstring(message.content).findtext("body") or ""
        return Sent(time, "event", "text/event-xml", _xml(message.content), body)
    if isinstance(message, esl.Event):
        return Sent(
            time, "event", "text/event-plain", _plain(message.head), lossless(message.body_bytes)
        )
    lines = lossless(message.head).split("\n")
    headers = [(key, value) for key, _, value in (line.partition(": ") for line in lines) if key]
    kind = dict(headers).get("Content-Type", "")
    lanes = {"text/disconnect-notice": "notice", "log/data": "log"}
    return Sent(time, lanes.get(kind, "answer"), kind, headers, lossless(message.body_bytes))


def described(message: Sent) -> Sent:
    """The event in a message's body (of `api uuid_dump`, in any format), as a message."""
    body = message.body
    if body.startswith("{"):
        headers = _json(body)
    elif body.startswith("<"):
        headers = _xml(body)
    else:
        headers = _plain(bytes_of(body))
    return Sent(message.time, message.lane, "an event in a body", headers, "", message.order)


def _json(content: str | bytes) -> list[tuple[str, str]]:
    pairs = json.loads(content, object_pairs_hook=list)
    return [(key, value if isinstance(value, str) else "|".join(value)) for key, value in pairs]


def _xml(content: str | bytes) -> list[tuple[str, str]]:
    headers = ElementTree.fromstring(content).iterfind("headers/*")
    return [(each.tag, _unquote(each.text or "")) for each in headers]


def _plain(head: bytes) -> list[tuple[str, str]]:
    return [_header(line) for line in lossless(head).strip("\n").split("\n")]


@lru_cache(maxsize=4096)  # a call's events repeat most of their headers
def _header(line: str) -> tuple[str, str]:
    key, _, value = line.partition(": ")
    return key, _unquote(value)


def _unquote(value: str) -> str:
    return lossless(unquote_to_bytes(bytes_of(value))) if "%" in value else value


@dataclass
class Recording:
    """A recording: its circumstances, the app's commands, and the switch's messages."""

    circumstances: dict[str, Any]  #: the first line
    #: time, bytes (None: the app closed), and the number of the switch's messages before
    app: list[tuple[float, bytes | None, int]]
    switch: list[Sent]
    ended: float
    closed: bool  #: by the switch
    truncated: str | None = None  #: the reason why it is incomplete
    reset: bool = False  #: by the app's side, which had not read everything
    #: What another client of the switch saw of the call, by a connection of its own.
    watched: Recording | None = None

    @classmethod
    def read(cls, path: str | Path) -> Recording:
        """The recording in the file ``path``.

        Raises OSError if it can't be read, and NotARecording if it is not a recording.
        """
        return cls.of(_lines(Path(path)))

    @classmethod
    def of(cls, lines: Iterable[tuple[int, dict[str, Any]]]) -> Recording:
        """The recording that consists of these lines, each with its number.

        Raises NotARecording.
        """
        (_, circumstances), *every = lines
        rest = [(number, line) for number, line in every if line.get("on") != "inbound"]
        watched = [(number, line) for number, line in every if line.get("on") == "inbound"]
        parser, framer = Parser(), Framer(lambda head, body: head + b"\n\n" + body)
        recording = cls(circumstances, [], [], 0.0, False)
        app, messages = recording.app, recording.switch
        for number, line in rest:
            try:
                recording.ended = max(recording.ended, line["t"])
                if "truncated" in line:
                    recording.truncated = line["truncated"]
                elif line["from"] == "app":
                    data = None if line.get("eof") else line["data"].encode("latin-1")
                    recording.reset |= line.get("reset", False)
                    app.append((line["t"], data, len(messages)))
                elif line.get("eof"):
                    recording.closed = True
                else:
                    data = line["data"].encode("latin-1")
                    for each, raw in zip(parser.feed(data), framer.feed(data), strict=True):
                        message = sent(each, line["t"])
                        message.order = len(messages)
                        message.raw = raw
                        messages.append(message)
            except KeyError as error:
                raise NotARecording(f"line {number} has no {error}") from None
            except ProtocolError as error:
                why = f"line {number}: what the switch said is not event socket: {error}"
                raise NotARecording(why) from None
            except (ValueError, TypeError, AttributeError) as error:
                raise NotARecording(f"line {number} is not as written: {error}") from None
        for action in circumstances.get("actions", []):
            if action.get("app_closes"):
                app.append((action["at"], None, len(messages)))
        commands = "".join((data or b"").decode("latin-1") for _, data, _ in app)
        set_apart(messages, commands)
        if watched:
            circumstances = {**circumstances, "mode": "inbound", "actions": ()}
            told = ((number, {**line, "on": "outbound"}) for number, line in watched)
            recording.watched = cls.of([(1, circumstances), *told])
        return recording

    def ladder(self, format: LadderFormat = "text") -> str:
        """The recorded call drawn as a ladder; see `Call.ladder`."""
        from ..ladders.formats import drawn
        from .retelling import retell

        told = {name: str(self.circumstances.get(name, "")) for name in ("name", "about")}
        return drawn(retell(self), format, title=told["name"], about=told["about"])

    def _repr_svg_(self) -> str:
        """The ladder, for notebooks (Jupyter)."""
        return self.ladder("svg")

    @property
    def connect(self) -> Sent | None:
        return next((each for each in self.switch if each.kind == "connect reply"), None)

    @property
    def told(self) -> list[Sent]:
        """What the switch said, to the app and to another client."""
        return self.switch if self.watched is None else self.switch + self.watched.switch

    @property
    def described(self) -> Sent | None:
        """The first message that describes the call's channel."""
        if self.connect is not None or self.watched is None:
            return self.connect
        return next((each for each in self.watched.switch if each.get("Unique-ID")), None)


def _lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The numbers and objects of a file's lines; raises NotARecording."""
    try:
        # Not splitlines(), which takes some bytes of the data for line breaks.
        texts = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError as error:
        why = f"it is not UTF-8 at byte {error.start}; {WRITTEN_BY}"
        raise NotARecording(why) from None
    found: list[tuple[int, dict[str, Any]]] = []
    for number, text in enumerate(texts, 1):
        if not text:
            continue
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict) or (not found and line.get("recording") != 1):
            if not found:
                why = f'line {number} does not begin a recording ("recording": 1); {WRITTEN_BY}'
            elif number >= len(texts) - 1:
                why = f"line {number}, the last, is cut off: whoever wrote it was killed; delete it"
            else:
                why = f"line {number} is no JSON object"
            raise NotARecording(why)
        found.append((number, line))
    if not found:
        raise NotARecording(f"it is empty; {WRITTEN_BY}")
    return found


def _is_another_call(message: Sent, ours: set[str]) -> bool:
    """True for another caller's event that passed the filters, as of its name."""
    return message.get("Call-Direction") == "inbound" and message.get("Unique-ID") not in ours


def set_apart(messages: list[Sent], commands: str) -> None:
    """Put messages that are not part of the call in separate lanes."""
    ours = {message.get("Unique-ID") for message in messages if message.kind == "connect reply"}
    # A call comes in by the B half of a loopback, and goes out by the A half.
    far_halves = {
        message.get("variable_other_loopback_leg_uuid")
        for message in messages
        if message.get("variable_loopback_leg") == "A" or message.get("Unique-ID") in ours
    } - ours
    # The connect reply is numbered like an event.
    replies = [message for message in messages if message.kind == "connect reply"]
    connected = min((int(each.get("Event-Sequence") or 0) for each in replies), default=0)
    replies = [message for message in messages if message.lane == "answer"]
    jobs = {message.get("Job-UUID") for message in replies}
    for message in messages:
        if message.lane != "event":
            continue
        uuid = message.get("Unique-ID")
        if (
            (uuid in far_halves and uuid not in commands)
            or (_is_another_call(message, ours) and uuid not in commands)
            or (message.name == "BACKGROUND_JOB" and message.get("Job-UUID") not in jobs)
            or (message.name == "API" and message.get("API-Command") not in commands)
        ):
            message.lane = "others"
        elif (
            uuid in ours
            and message.name != "CHANNEL_PARK"
            and int(message.get("Event-Sequence") or connected) < connected
        ):
            message.lane = "early"
