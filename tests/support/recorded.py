"""The conversations in tests/recordings, with a real FreeSWITCH.

The README beside them describes the format, and what each one shows.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from eslsync.protocol import Command, CommandParser, ConnectReply, Event, Message, Parser
from tests.support.places import RECORDINGS

Side = Literal["switch", "app"]


@dataclass(frozen=True)
class Recording:
    """One conversation; ``chunks`` are the bytes as they were read or written, with times."""

    name: str
    circumstances: dict[str, Any]
    chunks: list[tuple[float, Side, bytes]]
    #: when the switch closed its side; None where the recording ends before that
    closed_at: float | None

    @property
    def switch_bytes(self) -> bytes:
        """All that the switch sent."""
        return self.bytes_from("switch")

    @property
    def app_bytes(self) -> bytes:
        """All that the app sent."""
        return self.bytes_from("app")

    def messages(self) -> list[Message]:
        """The switch's messages."""
        return Parser().feed(self.switch_bytes)

    def events(self, name: str | None = None) -> list[Event]:
        """The events of that name, or all of them."""
        return [
            message
            for message in self.messages()
            if isinstance(message, Event)
            and not isinstance(message, ConnectReply)
            and name in (None, message.name)
        ]

    def commands(self) -> list[Command]:
        """The app's commands."""
        return CommandParser().feed(self.app_bytes)

    def bytes_from(self, side: Side) -> bytes:
        return b"".join(self.chunks_from(side))

    def chunks_from(self, side: Side) -> list[bytes]:
        return [data for _, from_, data in self.chunks if from_ == side]

    def __repr__(self) -> str:
        return f"<Recording {self.name}>"


@cache
def names() -> list[str]:
    """The names of all recordings, in order."""
    return sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))


#: What tells one kind of message, or of command, from another; in JSON, which escapes them. (Each
#: begins with a fixed text, for which it is searched four times as fast as for all in one.)
KINDS = [
    re.compile(kind)
    for kind in (
        r"Content-Type: [^\\\"]*",
        r"Event-Name: [^\\\"]*",
        r"Event-Subclass: [^\\\"]*",
        r"Application: [^\\\"]*",
        r"execute-app-name: [^\\\"]*",
        r"\\\"Event-Name\\\": *\\\"[^\\\"]*",
        r"\\\"Application\\\": *\\\"[^\\\"]*",
        r"<Event-Name>[^<]*",
        r"\"app\", \"data\": \"\w+(?: [a-z_]+)?",
    )
]


@cache
def various() -> list[str]:
    """Those that hold a kind of message, of event or of command that none before them holds.

    What is true of these is true of the others, which consist of the same.
    """
    known: set[str] = set()
    found = []
    for name in names():
        text = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8")
        kinds = {found for kind in KINDS for found in kind.findall(text)}
        if not kinds <= known:
            found.append(name)
            known |= kinds
    return found


@cache
def recording(name: str) -> Recording:
    """The recording of that name; its number (``"03a"``) is enough."""
    [found] = [each for each in names() if each == name or each.startswith(name + "_")]
    # not splitlines(), which would also split at other characters in the data
    lines = (RECORDINGS / f"{found}.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")
    circumstances, *entries = map(json.loads, lines)
    if circumstances["recording"] != 1:
        raise ValueError(f"{found} is of version {circumstances['recording']} of the format")
    chunks: list[tuple[float, Side, bytes]] = []
    closed_at = None
    for entry in entries:
        if entry.get("on") == "inbound":
            continue  # another client's connection
        if entry.get("eof"):
            closed_at = entry["t"] if entry["from"] == "switch" else closed_at
        else:
            chunks.append((entry["t"], entry["from"], entry["data"].encode("latin-1")))
    return Recording(found, circumstances, chunks, closed_at)


def recordings() -> list[Recording]:
    """All of them, in order."""
    return [recording(name) for name in names()]
