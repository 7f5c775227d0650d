"""Injected faults: failures between a switch and an app, at a named step of a call.

A step is a message on the control connection, in either direction, or a look-up: a call of a
function that is outside of the call (`FreeSwitch.outside`). It is named by its number (the app's
``connect`` is 1), or by some of its words in the transcript ("execute playback", "PLAYBACK_STOP",
"crm.lookup").
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, get_args

from eslsync.protocol import Command, CommandParser, CommandReply, Event, Framer, Message, Parser

from ..clockwork.link import Exchange, Link, Listener
from ..clockwork.threads import SECOND
from ..ladders.transcript import LookUp, describe

__all__ = ["KINDS", "OF_LOOK_UPS", "Fault", "FaultKind", "Step", "Tap", "can_befall", "why_missed"]

FaultKind = Literal[
    "hangup", "drop", "refuse", "stop", "kill", "delay", "split", "coalesce", "repeat", "lose",
    "slow", "fail", "hang",
]  # fmt: skip
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
#: What a fault may happen at.
Step = Message | Command | LookUp

#: Kinds that happen to a look-up only, and those that may happen during one, too.
OF_LOOK_UPS = ("slow", "fail", "hang")
DURING_LOOK_UPS = (*OF_LOOK_UPS, "hangup", "drop", "stop", "kill")
#: Seconds by which a message is late, and which a slow look-up takes: longer than anybody who asks
#: lets a caller wait.
DELAY, SLOW = 1.0, 30.0

#: Kinds that break the connection instead of carrying the message.
BREAKS = ("drop", "kill")
#: Microseconds that a message waits for the next one, to arrive in one piece with it.
COALESCE = 20_000
#: A split message arrives as 256 single bytes, then pieces of 64 bytes, and 16 single bytes.
SINGLY, PIECE, LAST = 256, 64, 16
#: Maximum characters of a message in the list of a call's messages.
SHOWN = 90
REFUSAL = b"Content-Type: command/reply\nReply-Text: -ERR refused on purpose\n\n"


@dataclass(frozen=True)
class Fault:
    """A failure that happens once, at a step.

    ``kind`` is one of these:

    - ``hangup``: the caller hangs up;
    - ``drop``: the connection breaks instead of carrying the message;
    - ``refuse``: the switch answers -ERR instead of obeying;
    - ``stop``: a deploy stops the app's server, with ``Outbound.stop(timeout=0)``;
    - ``kill``: the app's process dies, and with it the connections of all its calls;
    - ``delay``: the message, and those after it, arrive ``seconds`` late (default: 1);
    - ``split``, ``coalesce``: the message arrives in many pieces, or together with the next;
    - ``repeat``, ``lose``: the event arrives twice, or never;
    - ``slow``: the look-up takes ``seconds`` (default: 30);
    - ``fail``: the look-up raises what its library raises if nobody is there;
    - ``hang``: the look-up never returns.

    Only commands can be refused, only events repeated or lost, and only look-ups (calls of a
    function given to `FreeSwitch.outside`) are slow, fail or hang. A call fails if one of its
    faults has not happened by the end, unless that fault is ``optional``. Raises ValueError for
    any other kind, and for a step that no message can have.
    """

    kind: FaultKind
    step: int | str
    seconds: float | None = None
    optional: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(KINDS)}; not {self.kind!r}")
        if not self.step or (isinstance(self.step, int) and self.step < 0):
            raise ValueError(f"a fault's step is a number from 1, or words; not {self.step!r}")

    @property
    def lasts(self) -> float:
        """The seconds that it lasts: those given, or those of its kind."""
        usual = SLOW if self.kind == "slow" else DELAY
        return usual if self.seconds is None else self.seconds

    def is_at(self, number: int, message: Callable[[], Step]) -> bool:
        """True if the fault happens at this message or look-up, with this number."""
        if isinstance(self.step, int):
            return self.step == number and can_befall(self.kind, message())
        return self.step in describe(message()) and can_befall(self.kind, message())

    def __str__(self) -> str:
        return f"{self.kind} at step {self.step}"


def can_befall(kind: FaultKind, message: object) -> bool:
    """True if this kind of fault can happen to the message or look-up; see `Fault`."""
    if isinstance(message, LookUp):
        return kind in DURING_LOOK_UPS
    if kind in OF_LOOK_UPS:
        return False
    if kind == "refuse":
        return isinstance(message, Command)
    is_event = isinstance(message, Event) and not isinstance(message, CommandReply)
    return is_event or kind not in ("repeat", "lose")


def why_missed(fault: Fault, messages: Sequence[Step]) -> str:
    """Why the fault did not happen in a call with these messages, and what its steps were."""
    said = [describe(message) for message in messages]
    whom = {"refuse": "a command", "repeat": "an event", "lose": "an event"}.get(fault.kind, "")
    if fault.kind in OF_LOOK_UPS:
        whom = "a call of a function given to switch.outside"
    if isinstance(fault.step, int) and fault.step > len(said):
        why = f"the call had only {len(said)} messages"
    elif isinstance(fault.step, int):
        what = said[fault.step - 1]
        why = f"message {fault.step} is {what!r}, " + (
            f"not {whom}" if whom else "with its own fault"
        )
    elif any(fault.step in each for each in said):
        why = f"no {'' if whom else 'other '}message with {fault.step!r}" + (
            f" is {whom}" if whom else ""
        )
    else:
        why = f"none of the {len(said)} messages contains {fault.step!r}"
        words = {word for each in said for word in each.split()}
        close = difflib.get_close_matches(fault.step, sorted(words), n=1)
        why += f" (did you mean {close[0]!r}?)" if close else ""
    steps = [f"{number:>5}  {text[:SHOWN]}" for number, text in enumerate(said, 1)]
    return "\n".join([f"the fault {fault} did not happen: {why}. The messages were:", *steps])


def in_pieces(message: bytes) -> list[bytes]:
    """A message in pieces: single bytes in its head and at its end, which parsers depend on."""
    size = len(message)
    cuts = [
        *range(min(size, SINGLY)),
        *range(SINGLY, size - LAST, PIECE),
        *range(max(SINGLY, size - LAST), size),
        size,
    ]
    return [message[start:end] for start, end in pairwise(cuts)]


def _whole(head: bytes, body: bytes) -> bytes:
    return head + b"\n\n" + body


class _Direction:
    """One direction of a connection, and the messages held back in it."""

    def __init__(self) -> None:
        self.until = 0  # messages before this moment are held back
        self.held: deque[tuple[int, Callable[[], None]]] = deque()


class Tap:
    """Injects faults between a link and the switch's side of it.

    ``elsewhere`` has the actions for the kinds of fault that leave the message alone. ``after`` is
    the tap of the same call's last connection, whose count and faults go on.
    """

    def __init__(
        self,
        world: Exchange,
        link: Link,
        faults: Sequence[Fault],
        elsewhere: Mapping[FaultKind, Callable[[], None]],
        *,
        after: Tap | None = None,
    ) -> None:
        self.listener: Listener | None = None
        #: The faults that have happened, and those that have not.
        self.happened: list[Fault] = [] if after is None else after.happened
        self.missed: list[Fault] = list(faults) if after is None else after.missed
        self._world = world
        self._link = link
        self._elsewhere = elsewhere
        self._number: int = 0 if after is None else after._number
        self._dropped = False
        self._from_app = Framer(_whole)
        self._from_switch = Framer(_whole)
        self._to_app = _Direction()
        self._to_switch = _Direction()

    # From the switch's side

    def write(self, data: bytes) -> None:
        for message in self._from_switch.feed(data):
            if self._dropped:
                return
            kind = self._step(Parser(), message, self._to_app)
            if kind in BREAKS:
                self._drop()
                return
            if kind == "lose":
                continue
            self._pass(
                self._to_app,
                lambda message=message, kind=kind: self._send(message, kind),  # type: ignore[misc]
            )

    def close(self) -> None:
        self._pass(self._to_app, self._link.close)

    # From the app, beside the link

    def looks_up(self, what: LookUp) -> Fault | None:
        """Count a look-up; return the fault at it that its answer shows, if any."""
        if self._dropped:
            return None
        fault = self._count(lambda: what)
        if fault is not None and fault.kind in BREAKS:
            self._drop()
        return fault

    # From the app, by the link

    def received(self, data: bytes) -> None:
        for message in self._from_app.feed(data):
            if self._dropped:
                return
            kind = self._step(CommandParser(), message, self._to_switch)
            if kind in BREAKS:
                self._drop()
                return
            if kind == "refuse":
                self._pass(self._to_app, lambda: self._link.write(REFUSAL))
                continue
            pieces = in_pieces(message) if kind == "split" else [message]
            self._pass(self._to_switch, lambda pieces=pieces: self._hand_over(pieces))  # type: ignore[misc]

    def closed(self, *, reads: bool = False) -> None:
        if not self._dropped:
            self._pass(self._to_switch, lambda: self._listener.closed(reads=reads))

    # Inside

    @property
    def _listener(self) -> Listener:
        assert self.listener is not None
        return self.listener

    def _send(self, message: bytes, kind: FaultKind | None) -> None:
        if kind != "split":
            self._link.write(message * 2 if kind == "repeat" else message)
            return
        for piece in in_pieces(message):
            self._link.write(piece)
            self._link.flush()

    def _hand_over(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._listener.received(piece)

    def _step(
        self, parser: Parser | CommandParser, data: bytes, direction: _Direction
    ) -> FaultKind | None:
        """Count a message; return the kind of fault at it, if any."""
        fault = self._count(lambda: parser.feed(data)[0])
        if fault is None:
            return None
        if fault.kind in ("delay", "coalesce"):
            wait = COALESCE if fault.kind == "coalesce" else round(fault.lasts * SECOND)
            self._hold(direction, self._world.now + wait)
        return fault.kind

    def _count(self, step: Callable[[], Step]) -> Fault | None:
        """Count a step; return the fault at it, if any, which has begun if it is elsewhere."""
        self._number += 1
        for fault in self.missed:
            if not fault.is_at(self._number, step):
                continue
            self.missed.remove(fault)
            self.happened.append(fault)
            if fault.kind == "kill":
                self._elsewhere["kill"]()  # before a handler learns of it
            elif fault.kind in self._elsewhere:
                self._world.at(self._world.now, self._elsewhere[fault.kind])
            return fault
        return None

    def _hold(self, direction: _Direction, until: int) -> None:
        direction.until = max(direction.until, until)
        self._world.at(until, lambda: self._release(direction))

    def _pass(self, direction: _Direction, action: Callable[[], None]) -> None:
        """Run the action now, or after the messages held back in this direction."""
        if direction.held or self._world.now < direction.until:
            direction.held.append((direction.until, action))
        else:
            action()

    def _release(self, direction: _Direction) -> None:
        while direction.held and direction.held[0][0] <= self._world.now:
            _, action = direction.held.popleft()
            action()

    def _drop(self) -> None:
        """Break the connection for both sides at once, losing messages in flight."""
        self._dropped = True
        self._to_app.held.clear()
        self._to_switch.held.clear()
        self._link.close()
        self._world.at(self._world.now, self._listener.closed)
