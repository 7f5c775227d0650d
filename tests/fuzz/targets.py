"""Properties that hold for any bytes. Each function takes some and raises if one does not."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from eslsync.exceptions import ProtocolError
from eslsync.protocol import (
    Command,
    CommandParser,
    ConnectReply,
    Event,
    JsonEvent,
    Message,
    Parser,
    XmlEvent,
)
from tests.support.recorded import names, recording

from . import packets
from .conversation import Log, SwitchClock
from .handlers import look_at
from .in_process import InMemory, play
from .malformed import MUTATIONS, Ending

MAX_HEADERS, MAX_BODY = 2000, 4000

#: Bytes of the longest input.
LONGEST = 32768

#: Separates what is sent at one time from what is sent at the next.
PAUSE = b"\x1e"


def parser(data: bytes) -> None:
    """Pieces of any size parse as the whole does, and no more is kept than the limits allow."""
    same_in_pieces(data, lambda: Parser(max_headers=MAX_HEADERS, max_body=MAX_BODY))


def commands(data: bytes) -> None:
    """As above, for the app's side."""
    same_in_pieces(data, lambda: CommandParser(max_headers=MAX_HEADERS, max_body=MAX_BODY))


def decoding(data: bytes) -> None:
    """Reading a message gives a value or a ProtocolError."""
    for kind in (Event, JsonEvent, XmlEvent, ConnectReply):
        look(kind(data))
    try:
        messages = Parser().feed(data)
    except ProtocolError:
        return
    for message in messages:
        look(message)


def conversation(data: bytes) -> None:
    """A call in which the switch sends this ends as it should."""
    said = Scripted(data)
    with LOG.kept():
        play(said, CLOCK)
    assert not said.defects, "\n".join(said.defects)


# How


CLOCK = SwitchClock()
LOG = Log(CLOCK)


class Scripted(InMemory):
    """A conversation in which the switch sends these bytes, whatever it is sent."""

    def __init__(self, data: bytes) -> None:
        # the same handler for the same bytes: the first says which
        super().__init__(data[0] if data else 0, "none")
        self._pauses = data[1:].split(PAUSE)

    def _next(self, patient: bool) -> bytes | Ending:
        while self._pauses:
            said = self._pauses.pop(0)
            if said:
                return said
        return Ending.END


def same_in_pieces(data: bytes, new: Any) -> None:
    whole = read(new(), [data])
    chance = Random(data)
    assert read(new(), pieces(data, chance, 3)) == whole
    assert read(new(), pieces(data, chance, 100)) == whole


def pieces(data: bytes, chance: Random, most: int) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = chance.randint(1, most)
        yield data[at : at + size]
        at += size


def read(reader: Any, parts: Any) -> tuple[list[Any], str]:
    said: list[Any] = []
    for part in parts:
        try:
            said += [identity(each) for each in reader.feed(part)]
        except ProtocolError:
            pass
        assert len(reader.rest) <= MAX_HEADERS + MAX_BODY + 2
    # How much of the data is shown depends on how much had arrived.
    return said, "" if reader.failure is None else type(reader.failure).__name__


def identity(said: Message | Command) -> tuple[Any, ...]:
    if isinstance(said, Command):
        return said.line, said.headers, said.body
    return type(said), said.head, said.content


def look(message: Message) -> None:
    try:
        look_at(message)
    except ProtocolError:
        pass


# Where it starts from


def corpus(target: str) -> Iterator[bytes]:
    """Some hundred inputs, made from the recordings."""
    if target == "conversation":
        yield from conversations()
        return
    if target == "commands":
        yield from (recording(name).app_bytes[:2000] for name in names())
        return
    for packet in smallest():
        yield packet if target == "parser" else packet.partition(b"\n\n")[2] or packet


def smallest() -> Iterator[bytes]:
    """The smallest recorded packet of each kind, and of each event."""
    found: dict[tuple[type[Message], str], bytes] = {}
    for name in names():
        messages = recording(name).messages()
        for message, packet in zip(
            messages, packets.split(recording(name).switch_bytes), strict=True
        ):
            key = type(message), getattr(message, "name", "")
            found[key] = min(packet, found.get(key, packet), key=len)
    yield from found.values()


def conversations() -> Iterator[bytes]:
    """What switches send to these handlers, spoilt and not."""
    with LOG.kept():
        for seed in range(150):
            kept = Kept(seed, "none" if seed < 40 else list(MUTATIONS)[seed % len(MUTATIONS)])
            play(kept, CLOCK)
            if sum(map(len, kept.said)) < LONGEST:
                yield bytes([seed]) + PAUSE.join(kept.said)


class Kept(InMemory):
    """A conversation that keeps what the switch sends."""

    def __init__(self, seed: int, mutation: str) -> None:
        super().__init__(seed, mutation)
        self.said: list[bytes] = []

    def _next(self, patient: bool) -> bytes | Ending:
        said = super()._next(patient)
        if isinstance(said, bytes):
            self.said.append(said)
        return said
