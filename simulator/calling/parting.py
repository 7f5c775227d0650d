"""How a call and its app parted: what the control connection of another program showed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eslsync.protocol import Command

from ..clockwork.link import Link
from ..event_socket.listener import Control
from ..ladders.transcript import describe
from ..model.channel import Channel

if TYPE_CHECKING:
    from .line import Line

__all__ = ["GIVEN_BACK", "Parting", "PartingKind", "Wire", "did_nothing", "parting", "quoted"]

PartingKind = Literal[
    "gave back",
    "closed",
    "left",
    "did nothing",
    "hung up",
    "turned away",
    "dropped",
    "reset",
    "cut short",
    "never connected",
    "never read",
    "still open",
]
#: The kinds that are the orderly end of a program's part in a call.
ORDERLY: tuple[PartingKind, ...] = ("gave back", "closed", "hung up")
#: The kinds after which the dialplan continues, if the call is up.
GIVEN_BACK: tuple[PartingKind, ...] = ("gave back", "closed", "left", "did nothing")

#: Commands with which an app hangs up.
HANGS_UP = re.compile(r"hangup\b|execute (hangup|respond|redirect|deflect)\b|.*\buuid_kill\b")
#: Commands that do nothing with a call: they ask for events, for data, or for the end. (With the
#: last one, the library gives a call back.)
DOES_NOTHING = re.compile(
    r"(connect|linger|nolinger|myevents|event|nixevent|noevents|filter|divert_events|log|nolog|"
    r"getvar|resume|exit|\.\.\.|execute set eslsync_gave_back=true)(?![\w-])",
    re.IGNORECASE,
)
#: The command after which the dialplan goes on at the end of the connection, whatever still runs
#: (recording 12q): an app that sends it gives the call back.
GIVES_BACK = re.compile(r"resume(?![\w-])", re.IGNORECASE)
#: Maximum characters shown of an unfinished command.
SHOWN = 60
#: Bytes kept of what a program said first.
FIRST = 256


@dataclass(frozen=True)
class Parting:
    """How a call and its app parted.

    ``kind`` is one of these:

    - ``gave back``: the app ended with ``exit`` and the call up, and the dialplan continued;
    - ``closed``: the same without ``exit``: it closed its side and read on to the end;
    - ``left``: the same while an application still ran on the channel, and without ``resume``,
      which is also what a killed program behind a proxy looks like;
    - ``did nothing``: whether it gave the call back or the caller left first, the app had sent no
      command that does anything with a call;
    - ``hung up``: the call ended first; ``by`` says who hung up: "the caller", "the app", "the far
      end", or "the switch";
    - ``turned away``: the app's first words were to hang up;
    - ``dropped``: the app closed with the call up, without ``exit``, and read no further, which is
      also what a killed program looks like;
    - ``reset``: the connection was reset with the call up;
    - ``cut short``: it ended in the middle of a command;
    - ``never connected``: the app never sent ``connect``;
    - ``never read``: it ended with messages that the app had not read;
    - ``still open``: the app did not close it after the hangup.

    Of a handler, only ``gave back``, ``hung up`` and, by the fault ``kill``, ``dropped`` are seen.
    ``str()`` of it is a sentence.
    """

    kind: PartingKind
    by: str = ""
    detail: str = ""

    @property
    def orderly(self) -> bool:
        """True if the app ended its part in the call as FreeSWITCH expects it to."""
        return self.kind in ORDERLY

    def __str__(self) -> str:
        words: dict[PartingKind, str] = {
            "gave back": "the app gave the call back",
            "closed": "the app gave the call back, closing the connection without exit",
            "left": "the app closed the connection without exit",
            "did nothing": "the app did nothing with the call",
            "hung up": f"{self.by} hung up",
            "turned away": "the app turned the call away",
            "dropped": "the app dropped the call: it closed the connection without exit and read "
            "no further, as a killed program does",
            "reset": "the app reset the connection with the call up",
            "cut short": "the app closed the connection in the middle of a command",
            "never connected": "the app never sent connect",
            "never read": "the app closed the connection and had not read everything",
            "still open": "the app has not closed the connection after the hangup",
        }
        return words[self.kind] + self.detail

    @property
    def rung(self) -> str | None:
        """The line for a ladder, from the app's side; None if it says nothing new."""
        rungs: dict[PartingKind, str] = {
            "gave back": "gives the call back",
            "closed": "gives the call back",
            "left": "closes without exit",
            "did nothing": "has done nothing",
            "dropped": "drops the call",
            "reset": "resets the connection",
            "cut short": "closes in the middle of a command",
            "never connected": "closes without connect",
            "never read": "closes with messages unread",
            "still open": "closes nothing after the hangup",
        }
        return rungs.get(self.kind)


class Wire:
    """What the switch has seen of the connection to another program."""

    def __init__(
        self,
        link: Link,
        channel: Channel,
        close: Callable[[], None],
        executing: Sequence[str] = (),
    ) -> None:
        self.link = link
        self.ran = ""  #: the application that ran on the channel when the program closed
        self._executing = executing
        self.first = b""  #: what the program said first
        self.up = True  #: False if the call was hung up when the first of both sides closed
        self.rest = b""  #: the program's last command, if it is not complete
        self.control: Control | None = None
        self._channel = channel
        self._close = close
        self._closing = False

    @property
    def connected(self) -> bool:
        """True once the program has sent ``connect``."""
        return self.control is not None and self.control.connected

    def said(self, data: bytes) -> None:
        """Note bytes from the program."""
        self.first += data[: FIRST - len(self.first)]

    def close(self) -> None:
        """Close the switch's side."""
        self._begin_to_close()
        self._close()

    def ends(self) -> None:
        """Note that the program has closed its side, or reset the connection."""
        self._begin_to_close()
        self.ran = next((each for each in self._executing if each != "socket"), "")
        self.rest = b"" if self.control is None else self.control.unfinished

    def _begin_to_close(self) -> None:
        if not self._closing:
            self._closing, self.up = True, self._channel.up


def parting(line: Line) -> Parting | None:
    """How a call and its last app parted; None if they have not, or have never met."""
    wire = line.wire
    if wire is None:
        if not line.links or not line.ended:
            return None
        ended = line.channel.hung_up_at
        if line.killed_at is not None and (ended is None or ended > line.killed_at):
            return Parting("dropped")
        return Parting("gave back") if line.given_back else _hung_up(line, _commands(line))
    link = wire.link
    if not link.gone:
        if not line.hung_up:
            return None
        unread = f", and {link.unread} bytes wait for it to read" if link.unread else ""
        if not wire.connected:
            return Parting("still open", detail=", and has never sent connect")
        return Parting("still open", detail=unread)
    if not wire.connected:
        how = f"; it sent {quoted(wire.first)}" if wire.first else ""
        return Parting("never connected", detail=how)
    if wire.rest:
        return Parting("cut short", detail=f", after {quoted(wire.rest)}")
    commands = _commands(line)
    if did_nothing(line) and not link.reset and not link.unread:
        return _idle(line, wire, commands)
    if not wire.up or (commands and HANGS_UP.match(commands[-1])):
        return _hung_up(line, commands, ", and the app reset the connection" if link.reset else "")
    if commands and commands[-1].startswith(("exit", "...")):
        return Parting("gave back")
    if link.unread:
        return Parting("never read", detail=f": {link.unread} bytes")
    if link.reset_at_once:
        return Parting("reset")
    if link.reset:
        return Parting("dropped")
    if wire.ran and not any(GIVES_BACK.match(each) for each in commands):
        return Parting(
            "left", detail=f" while {wire.ran} ran, as a killed program behind a proxy does"
        )
    return Parting("closed")


def did_nothing(line: Line) -> bool:
    """True if the app has sent no command that does anything with a call."""
    return all(DOES_NOTHING.match(each) for each in _commands(line))


def _idle(line: Line, wire: Wire, commands: Sequence[str]) -> Parting:
    """How they parted if the app did nothing with the call."""
    if not wire.up:
        how = ", and the caller hung up" if line.caller_left else ""
    elif commands[-1].startswith(("exit", "...")):
        how = ", and gave it back"
    else:
        how = ", and closed the connection"
    sent = ", ".join(dict.fromkeys(each.partition(" ")[0] for each in commands))
    return Parting("did nothing", detail=f"{how}: it sent {sent}")


def _commands(line: Line) -> list[str]:
    """What the app sent, as the transcript has it."""
    entries = line.transcript.entries
    return [describe(e.message) for e in entries if isinstance(e.message, Command)]


def _hung_up(line: Line, commands: Sequence[str], detail: str = "") -> Parting:
    """Who hung up."""
    if line.caller_left:
        return Parting("hung up", "the caller", detail)
    if any(HANGS_UP.match(each) for each in commands):
        cause = f" with {line.channel.hangup_cause}"
        if not line.answered and all(c == "connect" or HANGS_UP.match(c) for c in commands):
            return Parting("turned away", "the app", cause)
        return Parting("hung up", "the app", detail)
    who = "the far end" if "bridge" in line.hung_up_in else "the switch"
    return Parting("hung up", who, detail)


def quoted(data: bytes) -> str:
    """What a program sent, for an error."""
    text = data.decode("utf-8", "replace")
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
