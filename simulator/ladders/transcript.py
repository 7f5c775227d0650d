"""The transcript of a call, line by line, the same on every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from eslsync.exceptions import ProtocolError
from eslsync.protocol import (
    ApiResponse,
    Command,
    CommandParser,
    CommandReply,
    ConnectReply,
    DisconnectNotice,
    Event,
    Message,
    Parser,
)
from eslsync.wire.shown import printable
from eslsync.wire.texts import bytes_of, lossless, readable

__all__ = ["Entry", "LookUp", "Party", "Transcript"]

Party = Literal["caller", "switch", "app"]

#: Headers that identify the subject of an event, in the order shown.
TELLING = (
    "Event-Subclass",
    "Application",
    "Application-Data",
    "Application-Response",
    "Playback-File-Path",
    "Playback-Status",
    "DTMF-Digit",
    "Channel-Call-State",
    "Hangup-Cause",
    "Job-UUID",
)
#: Headers of every event that are only shown in one.
ONLY_IN = {"Channel-Call-State": "CHANNEL_CALLSTATE"}


#: The name of the caller's own leg.
CALLER = "caller"


class LookUp(str):
    """A call of a function that is outside of the call, in words: "crm.lookup takes 0.8 s"."""

    __slots__ = ()


@dataclass(frozen=True)
class Entry:
    """One entry: ``sender`` did or said ``text`` to ``receiver``, or to itself."""

    time: float  #: seconds since the call began
    sender: Party
    receiver: Party
    text: str
    #: What makes it a step of the call: a message on the control connection, or a look-up.
    message: Message | Command | LookUp | None = None
    #: The names of legs, by their uuid.
    legs: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def leg(self) -> str | None:
        """The name of its leg; None for the caller's own."""
        message, uuid = self.message, ""
        if isinstance(message, Event):
            uuid = message.get("Unique-ID", "")
        elif isinstance(message, Command):
            uuid = message.line.partition(" ")[2].strip()
        name = self.legs.get(uuid)
        return None if name == CALLER else name

    def __str__(self) -> str:
        to = "" if self.receiver == self.sender else f" → {self.receiver}"
        return f"{self.time:9.3f}  {f'{self.sender:>6}{to}':<15}  {printable(self.text)}"


class Transcript:
    """The entries of a call, in order; ``str()`` of it is one line an entry."""

    def __init__(self, began: int) -> None:
        self._began = began
        #: the names of legs, by their uuid; those of other legs are their dial strings
        self.legs: dict[str, str] = {}
        self._log: list[tuple[int, Party, Party, str | bytes]] = []

    def note(self, now: int, sender: Party, receiver: Party, what: str | bytes) -> None:
        """Add an entry; bytes went over the control connection."""
        self._log.append((now, sender, receiver, what))

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return len(self._log) - 1

    def amend(self, number: int, what: str) -> None:
        """Have an entry say something else."""
        now, sender, receiver, _ = self._log[number]
        self._log[number] = now, sender, receiver, what

    def so_far(self) -> Transcript:
        """A copy, which does not change any more."""
        copy = Transcript(self._began)
        copy.legs = dict(self.legs)
        copy._log = list(self._log)
        return copy

    @property
    def entries(self) -> list[Entry]:
        said: dict[Party, Parser | CommandParser] = {"switch": Parser(), "app": CommandParser()}
        entries: list[Entry] = []
        for now, sender, receiver, what in self._log:
            time = (now - self._began) / 1_000_000
            if isinstance(what, str):
                shown = readable(bytes_of(what))
                step = what if isinstance(what, LookUp) else None
                entries.append(Entry(time, sender, receiver, shown, step, self.legs))
            else:
                try:
                    messages = said[sender].feed(what)
                except ProtocolError as error:
                    entries.append(Entry(time, sender, receiver, f"not event socket: {error}"))
                    continue
                for message in messages:
                    text = describe(message)
                    entries.append(Entry(time, sender, receiver, text, message, self.legs))
        return entries

    def __str__(self) -> str:
        return "\n".join(str(entry) for entry in self.entries)

    def _repr_svg_(self) -> str:
        """The ladder, for notebooks (Jupyter)."""
        from .svg import svg

        return svg(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Transcript) and self.entries_raw == other.entries_raw

    __hash__ = None  # type: ignore[assignment]

    @property
    def entries_raw(self) -> list[tuple[int, Party, Party, str | bytes]]:
        """The entries as they were noted, times in microseconds since the epoch."""
        return list(self._log)


def describe(message: Message | Command | LookUp) -> str:
    """A command, message or look-up in one line."""
    if isinstance(message, LookUp):
        return str(message)
    if isinstance(message, Command):
        return readable(bytes_of(describe_command(message)))
    if isinstance(message, ConnectReply):
        return f"{message.text} {message.get('Channel-Name', '')}"
    if isinstance(message, CommandReply):
        return message.text.replace("\n", " ")
    if isinstance(message, Event):
        name = message.name
        told = (
            message[key] for key in TELLING if key in message and ONLY_IN.get(key, name) == name
        )
        return " ".join([name, *told]).replace("\n", " ")
    if isinstance(message, ApiResponse):
        return f"api/response {message.text[:60]!r}"
    if isinstance(message, DisconnectNotice):
        return "disconnect notice: lingers" if message.lingers else "disconnect notice"
    return type(message).__name__


def describe_command(command: Command) -> str:
    if not command.line.lower().startswith("sendmsg"):
        return command.line
    to = command.line[len("sendmsg") :].strip()
    parts = [command.get("call-command") or "sendmsg"]
    argument = command.get("execute-app-arg") or " ".join(lossless(command.body).split())
    parts += filter(None, (command.get("execute-app-name"), argument))
    parts += filter(None, (command.get("hangup-cause"), to and f"(on {to})"))
    return " ".join(parts)
