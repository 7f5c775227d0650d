"""Faults on purpose: what can go wrong between a switch and an app, at a named step of a call.

A step is a message on the control connection, either way: its number (the app's ``connect`` is
1), or words it contains, as the transcript shows it ("execute playback", "PLAYBACK_STOP").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from eslsync.protocol import CommandParser, Framer, Parser

from .link import Exchange, Link, Listener
from .threads import SECOND
from .transcript import describe

__all__ = ["APP_ONLY", "EVENT_ONLY", "KINDS", "Fault", "Tap"]

Kind = Literal["hangup", "drop", "refuse", "delay", "split", "coalesce", "repeat", "lose"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Only a command can be refused, and only an event repeated or lost.
APP_ONLY = frozenset({"refuse"})
EVENT_ONLY = frozenset({"repeat", "lose"})

#: How long (microseconds) a message waits for the next one, to arrive with it in one piece.
COALESCE = 20_000
REFUSAL = b"Content-Type: command/reply\nReply-Text: -ERR refused on purpose\n\n"


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong once, at a step.

    ``kind``: the caller hangs up (``hangup``); the connection breaks instead of carrying the
    message (``drop``); the switch answers -ERR instead of obeying (``refuse``); the message
    comes ``seconds`` late, and what follows it too (``delay``), byte by byte (``split``), or
    together with the next (``coalesce``); an event comes twice (``repeat``) or never (``lose``).
    """

    kind: Kind
    step: int | str
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(KINDS)}, not {self.kind!r}")

    def is_at(self, number: int, text: Callable[[], str]) -> bool:
        return self.step == number if isinstance(self.step, int) else self.step in text()

    def __str__(self) -> str:
        return f"{self.kind} at step {self.step}"


def said(parser: Parser | CommandParser, data: bytes) -> str:
    """A message in a line, as the transcript shows it."""
    [message] = parser.feed(data)
    return describe(message)


def _whole(head: bytes, body: bytes) -> bytes:
    return head + b"\n\n" + body


class Tap:
    """Stands between a link and the switch's side of it, and lets faults happen."""

    def __init__(
        self, world: Exchange, link: Link, faults: Sequence[Fault], hang_up: Callable[[], None]
    ) -> None:
        self.listener: Listener | None = None
        self._world = world
        self._link = link
        self._faults = list(faults)
        self._hang_up = hang_up
        self._number = 0
        self._dropped = False
        self._from_app = Framer(_whole)
        self._from_switch = Framer(_whole)
        # messages that are held back, each way; what follows one queues behind it
        self._late_to_app: deque[Callable[[], None]] = deque()
        self._late_to_switch: deque[Callable[[], None]] = deque()

    # the switch's side writes

    def write(self, data: bytes) -> None:
        for message in self._from_switch.feed(data):
            fault = self._step(lambda message=message: said(Parser(), message), self._late_to_app)  # type: ignore[misc]
            if fault == "drop":
                self._drop()
            if self._dropped or fault == "lose":
                continue
            if fault == "split":
                self._link.split = True
            copies = 2 if fault == "repeat" else 1
            self._pass(
                self._late_to_app,
                lambda message=message, copies=copies: self._link.write(message * copies),  # type: ignore[misc]
            )

    def close(self) -> None:
        self._pass(self._late_to_app, self._link.close)

    # the link brings what the app sent

    def received(self, data: bytes) -> None:
        for message in self._from_app.feed(data):
            fault = self._step(
                lambda message=message: said(CommandParser(), message),  # type: ignore[misc]
                self._late_to_switch,
            )
            if fault == "drop":
                self._drop()
            if self._dropped:
                return
            if fault == "refuse":
                self._pass(self._late_to_app, lambda: self._link.write(REFUSAL))
                continue
            pieces = [message]
            if fault == "split":
                pieces = [message[i : i + 1] for i in range(len(message))]
            self._pass(self._late_to_switch, lambda pieces=pieces: self._hand_over(pieces))  # type: ignore[misc]

    def closed(self, *, reads: bool = False) -> None:
        if not self._dropped:
            self._pass(self._late_to_switch, lambda: self._listener.closed(reads=reads))

    # inside

    @property
    def _listener(self) -> Listener:
        assert self.listener is not None
        return self.listener

    def _hand_over(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._listener.received(piece)

    def _step(self, text: Callable[[], str], late: deque[Callable[[], None]]) -> Kind | None:
        """Count a message; what is to go wrong with it, if anything.

        ``text()`` is what it says, and ``late`` its way.
        """
        self._number += 1
        for fault in self._faults:
            if not fault.is_at(self._number, text):
                continue
            self._faults.remove(fault)
            if fault.kind == "hangup":
                self._world.at(self._world.now, self._hang_up)
            elif fault.kind in ("delay", "coalesce"):
                wait = COALESCE if fault.kind == "coalesce" else round(fault.seconds * SECOND)
                late.append(lambda: None)
                self._world.at(self._world.now + wait, lambda: self._release(late))
            return fault.kind
        return None

    def _pass(self, late: deque[Callable[[], None]], action: Callable[[], None]) -> None:
        """Do it now, or after what is held back in this direction."""
        if late:
            late.append(action)
        else:
            action()

    def _release(self, late: deque[Callable[[], None]]) -> None:
        while late:
            late.popleft()()

    def _drop(self) -> None:
        """The connection is gone, for both sides at once."""
        self._dropped = True
        self._link.close()
        self._world.at(self._world.now, self._listener.closed)
